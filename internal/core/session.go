package core

import "time"

// Session is somebody signed in with a browser. Only the SHA-256 of its secret is stored.
type Session struct {
	RowID     int64
	UserID    int64
	TeamID    int64 // the team that is worked for
	Hash      string
	Pending   bool   // the password was right, the second factor has not been given yet
	Address   string // where it began
	Agent     string // what the browser calls itself
	CreatedAt time.Time
	SeenAt    time.Time
	ExpiresAt time.Time
	User      User // with the present role in the team; empty when the user has left it
}

// SecondFactor is what a person has to give besides the password: a code that changes
// every half a minute (RFC 6238), or one of the recovery codes.
type SecondFactor struct {
	UserID      int64
	Secret      Secret    // of the codes, base32
	ConfirmedAt time.Time // zero: not asked for yet
	LastStep    int64     // half minute of the last code that was taken; none is taken twice
	Recovery    []string  // hex SHA-256 of the codes that are left
}

// Active says whether the second factor is asked for.
func (f SecondFactor) Active() bool { return !f.ConfirmedAt.IsZero() }
