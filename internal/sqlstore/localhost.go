package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/taffrail/taffrail/internal/core"
)

// EnsureLocalhost returns the server that is the controller's own machine. When the
// team has none, it makes one, named localhost, and a project "default" with an
// environment "production", so that something can be deployed at once.
func (db *DB) EnsureLocalhost(ctx context.Context, team int64) (core.Server, error) {
	var local core.Server
	err := db.inTx(ctx, "register this machine", func(s *session) error {
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		// The lock of the team's row lets only one controller make them.
		if err := must(ctx, s, "Team", `UPDATE teams SET updated_at = $1 WHERE id = $2`, now, team); err != nil {
			return err
		}
		local, err = one(ctx, s, scanServer,
			`SELECT `+serverColumns+` FROM servers WHERE team_id = $1 AND private_key_id IS NULL AND ip = $2 ORDER BY id LIMIT 1`, team, core.LocalhostIP)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		local, err = createServer(ctx, s, now, core.Server{TeamID: team, Name: "localhost", IP: core.LocalhostIP,
			Description: "The machine that Taffrail itself runs on."})
		if err != nil {
			return err
		}
		return ensureDefaultProject(ctx, s, now, team)
	})
	return local, err
}

func ensureDefaultProject(ctx context.Context, s *session, now, team int64) error {
	there, err := exists(ctx, s, `SELECT 1 FROM projects WHERE team_id = $1 AND name = 'default'`, team)
	if err != nil || there {
		return err
	}
	_, err = createProject(ctx, s, now, core.Project{TeamID: team, Name: "default", Description: "The first project."})
	return err
}
