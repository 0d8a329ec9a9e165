package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/taffrail/taffrail/internal/core"
)

const userColumns = `u.id, u.uuid, u.name, u.email, u.password, m.role, u.created_at, u.updated_at`

// FindUser finds a person by e-mail address, whatever its case, or by row id when email
// is empty, with the role in the first team the person is in, and that team.
func (db *DB) FindUser(ctx context.Context, email string, id int64) (core.User, int64, error) {
	var team int64
	u, err := getOne(ctx, db, "User", func(r row) (core.User, error) {
		return db.scanUser(alsoScan{r, []any{&team}})
	}, `SELECT `+userColumns+`, m.team_id FROM users u JOIN team_user m ON m.user_id = u.id
		WHERE (lower(u.email) = $1 OR u.id = $2) ORDER BY m.team_id LIMIT 1`, strings.ToLower(email), id)
	return u, team, err
}

// alsoScan scans further columns behind those that are asked for.
type alsoScan struct {
	row
	more []any
}

// Scan implements row.
func (a alsoScan) Scan(dest ...any) error { return a.row.Scan(append(dest, a.more...)...) }

// ClaimUser gives a user who has no password yet a name, an address and a password.
// CodeConflict when the user has one by now, or somebody else has the address.
func (db *DB) ClaimUser(ctx context.Context, u core.User) error {
	return db.inTx(ctx, "set up the first user", func(s *session) error {
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		uuid, err := userID(ctx, s, u.RowID)
		if err != nil {
			return err
		}
		sealed, err := db.seal(0, "users", uuid, "password", u.Password)
		if err != nil {
			return err
		}
		n, err := s.exec(ctx, `UPDATE users SET name = $1, email = $2, password = $3, updated_at = $4 WHERE id = $5 AND password IS NULL`,
			u.Name, u.Email, sealed, now, u.RowID)
		switch {
		case isTaken(err):
			return core.Errorf(core.CodeConflict, "Somebody else has the e-mail address %s.", u.Email)
		case err == nil && n == 0:
			return core.Errorf(core.CodeConflict, "The set-up was done already. Sign in with the account that was made then.")
		}
		return err
	})
}

func userID(ctx context.Context, s *session, user int64) (core.ID, error) {
	id, err := one(ctx, s, scanValue[core.ID], `SELECT uuid FROM users WHERE id = $1`, user)
	return id, missing("User", err)
}

// SetPassword stores a new password hash and ends all sessions of the user but keep.
func (db *DB) SetPassword(ctx context.Context, user int64, hash core.Secret, keep int64) error {
	return db.inTx(ctx, "set password", func(s *session) error {
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		uuid, err := userID(ctx, s, user)
		if err != nil {
			return err
		}
		sealed, err := db.seal(0, "users", uuid, "password", hash)
		if err != nil {
			return err
		}
		if err := must(ctx, s, "User", `UPDATE users SET password = $1, updated_at = $2 WHERE id = $3`, sealed, now, user); err != nil {
			return err
		}
		_, err = s.exec(ctx, `DELETE FROM sessions WHERE user_id = $1 AND id <> $2`, user, keep)
		return err
	})
}

// GetFactor reads the second factor of a user.
func (db *DB) GetFactor(ctx context.Context, user int64) (core.SecondFactor, error) {
	return getOne(ctx, db, "Second factor", db.scanFactor, selectFactor, user)
}

const selectFactor = `SELECT f.user_id, f.secret, f.confirmed_at, f.last_step, f.recovery, u.uuid
	FROM second_factors f JOIN users u ON u.id = f.user_id WHERE f.user_id = $1`

func (db *DB) scanFactor(r row) (core.SecondFactor, error) {
	var (
		f      core.SecondFactor
		sealed []byte
		uuid   core.ID
	)
	err := r.Scan(&f.UserID, &sealed, stamp{&f.ConfirmedAt}, &f.LastStep, fromJSON[[]string]{&f.Recovery}, &uuid)
	if err != nil {
		return f, err
	}
	f.Secret, err = db.unseal(0, "second_factors", uuid, "secret", sealed)
	return f, err
}

// PutFactor stores f in the place of before; CodeConflict when what is stored is another
// one by now.
func (db *DB) PutFactor(ctx context.Context, before, f core.SecondFactor) error {
	return db.inTx(ctx, "store second factor", func(s *session) error {
		uuid, err := userID(ctx, s, f.UserID)
		if err != nil {
			return err
		}
		sealed, err := db.seal(0, "second_factors", uuid, "secret", f.Secret)
		if err != nil {
			return err
		}
		if before.Secret.Empty() {
			n, err := s.exec(ctx, `INSERT INTO second_factors (user_id, secret, confirmed_at, last_step, recovery)
				VALUES ($1, $2, $3, $4, $5) ON CONFLICT (user_id) DO NOTHING`, f.UserID, sealed, micro(f.ConfirmedAt), f.LastStep, toJSON(f.Recovery))
			return changedElsewhere(n, err)
		}
		confirmed := int64(0)
		if before.Active() {
			confirmed = before.ConfirmedAt.UnixMicro()
		}
		n, err := s.exec(ctx, `UPDATE second_factors SET secret = $1, confirmed_at = $2, last_step = $3, recovery = $4
			WHERE user_id = $5 AND last_step = $6 AND recovery = $7 AND COALESCE(confirmed_at, 0) = $8`,
			sealed, micro(f.ConfirmedAt), f.LastStep, toJSON(f.Recovery), f.UserID, before.LastStep, toJSON(before.Recovery), confirmed)
		return changedElsewhere(n, err)
	})
}

func changedElsewhere(n int64, err error) error {
	if err == nil && n == 0 {
		return core.Errorf(core.CodeConflict, "The second factor was changed at the same moment. Load the page again.")
	}
	return err
}

// DeleteFactor takes the second factor of a user away.
func (db *DB) DeleteFactor(ctx context.Context, user int64) error {
	return db.inTx(ctx, "delete second factor", func(s *session) error {
		_, err := s.exec(ctx, `DELETE FROM second_factors WHERE user_id = $1`, user)
		return err
	})
}

// selectSession reads the present role of the user with a session: none when the user
// has left the team.
const selectSession = `SELECT s.id, s.user_id, s.team_id, s.hash, s.pending, s.address, s.agent, s.created_at, s.seen_at, s.expires_at,
	u.name, u.email, COALESCE(m.role, '') FROM sessions s JOIN users u ON u.id = s.user_id
	LEFT JOIN team_user m ON m.team_id = s.team_id AND m.user_id = s.user_id `

func scanSession(r row) (core.Session, error) {
	var s core.Session
	err := r.Scan(&s.RowID, &s.UserID, &s.TeamID, &s.Hash, &s.Pending, &s.Address, &s.Agent,
		stamp{&s.CreatedAt}, stamp{&s.SeenAt}, stamp{&s.ExpiresAt}, &s.User.Name, &s.User.Email, &s.User.Role)
	s.User.RowID = s.UserID
	return s, err
}

// CreateSession stores a session, and clears those away that have ended.
func (db *DB) CreateSession(ctx context.Context, in core.Session) (core.Session, error) {
	var made core.Session
	err := db.inTx(ctx, "create session", func(s *session) error {
		if _, err := s.exec(ctx, `DELETE FROM sessions WHERE expires_at < $1`, in.CreatedAt.UnixMicro()); err != nil {
			return err
		}
		id, err := one(ctx, s, scanValue[int64], `INSERT INTO sessions (user_id, team_id, hash, pending, address, agent, created_at, seen_at, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id`,
			in.UserID, in.TeamID, in.Hash, in.Pending, clean(in.Address), clean(in.Agent), micro(in.CreatedAt), micro(in.SeenAt), micro(in.ExpiresAt))
		if isReferenced(err) || errors.Is(err, sql.ErrNoRows) {
			return core.NotFound("User")
		}
		if err != nil {
			return err
		}
		made, err = one(ctx, s, scanSession, selectSession+`WHERE s.id = $1`, id)
		return err
	})
	return made, err
}

// GetSession finds a session by the hash of its secret.
func (db *DB) GetSession(ctx context.Context, hash string) (core.Session, error) {
	return getOne(ctx, db, "Session", scanSession, selectSession+`WHERE s.hash = $1`, hash)
}
