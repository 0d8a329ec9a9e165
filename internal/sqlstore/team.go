package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/taffrail/taffrail/internal/core"
)

const teamColumns = `id, name, description, personal_team, allow_host_access, created_at, updated_at`

func scanTeam(r row) (core.Team, error) {
	var t core.Team
	err := r.Scan(&t.RowID, &t.Name, &t.Description, &t.Personal, &t.AllowHostAccess, stamp{&t.CreatedAt}, stamp{&t.UpdatedAt})
	return t, err
}

// GetTeam reads a team.
func (db *DB) GetTeam(ctx context.Context, team int64) (core.Team, error) {
	return getOne(ctx, db, "Team", scanTeam, `SELECT `+teamColumns+` FROM teams WHERE id = $1`, team)
}

// UpdateTeam writes name, description and the leave to use the host.
func (db *DB) UpdateTeam(ctx context.Context, t core.Team) error {
	return db.inTx(ctx, "update team", func(s *session) error {
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		return must(ctx, s, "Team", `UPDATE teams SET name = $1, description = $2, allow_host_access = $3, updated_at = $4 WHERE id = $5`,
			t.Name, t.Description, t.AllowHostAccess, now, t.RowID)
	})
}

// ListMembers returns the users of a team with their roles in it.
func (db *DB) ListMembers(ctx context.Context, team int64) ([]core.User, error) {
	return getList(ctx, db, "team members", db.scanUser,
		`SELECT u.id, u.uuid, u.name, u.email, u.password, m.role, u.created_at, u.updated_at
		FROM team_user m JOIN users u ON u.id = m.user_id WHERE m.team_id = $1 ORDER BY u.id`, team)
}

func (db *DB) scanUser(r row) (core.User, error) {
	var (
		u      core.User
		uuid   core.ID
		sealed []byte
	)
	err := r.Scan(&u.RowID, &uuid, &u.Name, &u.Email, &sealed, &u.Role, stamp{&u.CreatedAt}, stamp{&u.UpdatedAt})
	if err != nil {
		return u, err
	}
	// A user may be in several teams, so the password is sealed for none of them.
	u.Password, err = db.unseal(0, "users", uuid, "password", sealed)
	return u, err
}

// EnsureRoot returns the root team and its first user, and makes them when the instance
// has none.
func (db *DB) EnsureRoot(ctx context.Context) (core.Team, core.User, error) {
	var team core.Team
	err := db.inTx(ctx, "make the root team", func(s *session) error {
		// Whoever inserts the row first makes the team; others wait for that here.
		if _, err := s.exec(ctx, `INSERT INTO instance (key) VALUES ('root_team') ON CONFLICT (key) DO NOTHING`); err != nil {
			return err
		}
		var err error
		team, err = one(ctx, s, scanTeam, `SELECT `+teamColumns+` FROM teams ORDER BY id LIMIT 1`)
		if errors.Is(err, sql.ErrNoRows) {
			team, err = db.createRoot(ctx, s)
		}
		return err
	})
	if err != nil {
		return core.Team{}, core.User{}, err
	}
	members, err := db.ListMembers(ctx, team.RowID)
	if err != nil || len(members) == 0 {
		return core.Team{}, core.User{}, errors.Join(err, errors.New("the root team has no user"))
	}
	return team, members[0], nil
}

func (db *DB) createRoot(ctx context.Context, s *session) (core.Team, error) {
	now, err := db.engine.now(ctx, s)
	if err != nil {
		return core.Team{}, err
	}
	team, err := one(ctx, s, scanTeam,
		`INSERT INTO teams (name, description, personal_team, created_at, updated_at)
		VALUES ('Root Team', 'The first team of this instance.', TRUE, $1, $2) RETURNING `+teamColumns, now, now)
	if err != nil {
		return team, err
	}
	user, err := one(ctx, s, scanValue[int64],
		`INSERT INTO users (uuid, name, email, created_at, updated_at) VALUES ($1, 'root', 'root@localhost', $2, $3) RETURNING id`,
		string(core.NewID()), now, now)
	if err != nil {
		return team, err
	}
	_, err = s.exec(ctx, `INSERT INTO team_user (team_id, user_id, role) VALUES ($1, $2, $3)`, team.RowID, user, string(core.RoleOwner))
	return team, err
}
