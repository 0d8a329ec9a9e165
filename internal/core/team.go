package core

import "time"

// Team owns everything else. Nothing is ever read or written without naming one.
type Team struct {
	RowID       int64
	Name        string
	Description string
	Personal    bool
	// AllowHostAccess lets the team's compose files use the host: privileged
	// containers, the Docker socket, host namespaces, binds outside the resource's
	// folder. Off by default.
	AllowHostAccess bool
	CreatedAt       time.Time
	UpdatedAt       time.Time
}

// Role is what a user may do in a team.
type Role string

// The roles. Members read; admins and owners change things and see secrets.
const (
	RoleOwner  Role = "owner"
	RoleAdmin  Role = "admin"
	RoleMember Role = "member"
)

// User is a person.
type User struct {
	RowID     int64
	Name      string
	Email     string
	Password  Secret // argon2id PHC string; empty when no password was set
	Role      Role   // in the team it was read for
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Token is an API token. Only the SHA-256 of its secret part is stored.
type Token struct {
	RowID      int64
	TeamID     int64
	UserID     int64
	Name       string
	Hash       string // hex SHA-256 of the part after "<id>|"
	Abilities  []string
	Role       Role      // of its user in its team, as of now
	ExpiresAt  time.Time // zero: never
	LastUsedAt time.Time
	CreatedAt  time.Time
}

// Project groups environments.
type Project struct {
	RowID        int64
	UUID         ID
	TeamID       int64
	Name         string
	Description  string
	Environments []Environment // filled where it says so
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// Environment holds resources.
type Environment struct {
	RowID       int64
	UUID        ID
	ProjectID   int64
	Name        string
	Description string
	CreatedAt   time.Time
	UpdatedAt   time.Time
}
