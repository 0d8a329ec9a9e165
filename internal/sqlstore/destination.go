package sqlstore

import (
	"context"

	"github.com/taffrail/taffrail/internal/core"
)

// teamsDestination narrows to the destinations of a team's servers.
const teamsDestination = `server_id IN (SELECT id FROM servers WHERE team_id = `

// ListTeamDestinations returns the destinations of all servers of a team.
func (db *DB) ListTeamDestinations(ctx context.Context, team int64) ([]core.Destination, error) {
	return getList(ctx, db, "destinations", scanDestination,
		`SELECT `+destinationColumns+` FROM destinations d WHERE d.`+teamsDestination+`$1) ORDER BY d.id`, team)
}

// CreateDestination stores a destination of a server. CodeConflict when the server has
// one with this network.
func (db *DB) CreateDestination(ctx context.Context, team int64, d core.Destination) (core.Destination, error) {
	var made core.Destination
	err := db.inTx(ctx, "create destination", func(s *session) error {
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		if there, err := exists(ctx, s, `SELECT 1 FROM servers WHERE id = $1 AND team_id = $2`, d.ServerID, team); err != nil || !there {
			return errorOr(err, core.NotFound("Server"))
		}
		made, err = one(ctx, s, scanDestination,
			`INSERT INTO destinations (uuid, server_id, name, network, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6)
			RETURNING id, uuid, server_id, name, network, created_at, updated_at`,
			string(orNew(d.UUID)), d.ServerID, d.Name, d.Network, now, now)
		if isTaken(err) {
			return &core.Error{Op: "create destination", Code: core.CodeConflict, Err: err, Msg: "A destination with this network already exists on the server."}
		}
		return err
	})
	return made, err
}

// UpdateDestination writes the name of the destination with d's uuid: its network is what
// running containers are on.
func (db *DB) UpdateDestination(ctx context.Context, team int64, d core.Destination) error {
	return db.inTx(ctx, "update destination", func(s *session) error {
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		return must(ctx, s, "Destination", `UPDATE destinations SET name = $1, updated_at = $2 WHERE uuid = $3 AND `+teamsDestination+`$4)`,
			d.Name, now, string(d.UUID), team)
	})
}

// DeleteDestination removes a destination. CodeBadRequest while resources are on it.
func (db *DB) DeleteDestination(ctx context.Context, team int64, id core.ID) error {
	return db.inTx(ctx, "delete destination", func(s *session) error {
		row, err := one(ctx, s, scanValue[int64], `SELECT id FROM destinations WHERE uuid = $1 AND `+teamsDestination+`$2)`, string(id), team)
		if err != nil {
			return missing("Destination", err)
		}
		if err := letGo(ctx, s, "destination_id", `SELECT id FROM destinations WHERE id = $1`, row); err != nil {
			return err
		}
		further, err := exists(ctx, s, `SELECT 1 FROM application_destinations WHERE destination_id = $1
			AND application_id IN (SELECT id FROM applications WHERE deleted_at IS NULL) LIMIT 1`, row)
		if err == nil && further {
			return core.Errorf(core.CodeBadRequest, "Destination has resources, so it cannot be deleted.")
		}
		if err == nil {
			_, err = s.exec(ctx, `DELETE FROM application_destinations WHERE destination_id = $1`, row)
		}
		if err != nil {
			return err
		}
		return inUse("Destination", must(ctx, s, "Destination", `DELETE FROM destinations WHERE id = $1`, row))
	})
}

// errorOr is err, or what is said when there is none.
func errorOr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}
