package sqlstore

import (
	"context"

	"github.com/taffrail/taffrail/internal/core"
)

const serverColumns = `id, uuid, team_id, name, description, ip, port, username, private_key_id, host_key, proxy_type,
	concurrent_builds, deployment_queue_limit, dynamic_timeout, connection_timeout, is_build_server, remote_dir,
	is_reachable, is_usable, os, arch, docker_version, compose_version, disk_free, disk_total, validation_logs, validated_at,
	created_at, updated_at`

func scanServer(r row) (core.Server, error) {
	var v core.Server
	set, found := &v.Settings, &v.Facts
	err := r.Scan(&v.RowID, &v.UUID, &v.TeamID, &v.Name, &v.Description, &v.IP, &v.Port, &v.User, maybe[int64]{&v.KeyID}, &v.HostKey, &v.ProxyType,
		&set.ConcurrentBuilds, &set.DeploymentQueueLimit, &set.DynamicTimeout, &set.ConnectionTimeout, &set.IsBuildServer, &set.RemoteDir,
		&found.Reachable, &found.Usable, &found.OS, &found.Arch, &found.DockerVersion, &found.ComposeVersion, &found.DiskFree, &found.DiskTotal,
		&found.Log, stamp{&found.CheckedAt}, stamp{&v.CreatedAt}, stamp{&v.UpdatedAt})
	return v, err
}

// withDefaults fills in the settings that were left at zero, none of which makes sense
// as a zero.
func withDefaults(v core.Server) core.Server {
	set := &v.Settings
	for _, d := range []struct {
		at    *int
		value int
	}{
		{&set.ConcurrentBuilds, 2}, {&set.DeploymentQueueLimit, 25}, {&set.DynamicTimeout, 3600},
		{&set.ConnectionTimeout, 10}, {&v.Port, 22},
	} {
		if *d.at <= 0 {
			*d.at = d.value
		}
	}
	if set.RemoteDir == "" {
		set.RemoteDir = "/data/taffrail"
	}
	if v.User == "" {
		v.User = "root"
	}
	return v
}

func serverTaken(err error) error {
	if isTaken(err) {
		return &core.Error{Op: "store server", Code: core.CodeConflict, Msg: "A server with this IP/Domain is already in use.", Err: err}
	}
	return err
}

// CreateServer stores a server and its first destination, the network "taffrail".
// Settings left at zero get their defaults. CodeConflict when the team has a server at
// this address and port.
func (db *DB) CreateServer(ctx context.Context, v core.Server) (core.Server, error) {
	var made core.Server
	err := db.inTx(ctx, "create server", func(s *session) error {
		now, err := db.engine.now(ctx, s)
		if err == nil {
			err = checkKey(ctx, s, v.TeamID, v.KeyID)
		}
		if err != nil {
			return err
		}
		made, err = createServer(ctx, s, now, v)
		return err
	})
	return made, err
}

func createServer(ctx context.Context, s *session, now int64, v core.Server) (core.Server, error) {
	v = withDefaults(v)
	set := v.Settings
	made, err := one(ctx, s, scanServer,
		`INSERT INTO servers (uuid, team_id, name, description, ip, port, username, private_key_id, host_key, proxy_type,
			concurrent_builds, deployment_queue_limit, dynamic_timeout, connection_timeout, is_build_server, remote_dir, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) RETURNING `+serverColumns,
		string(orNew(v.UUID)), v.TeamID, v.Name, v.Description, v.IP, v.Port, v.User, refOrNil(v.KeyID), v.HostKey, v.ProxyType,
		set.ConcurrentBuilds, set.DeploymentQueueLimit, set.DynamicTimeout, set.ConnectionTimeout, set.IsBuildServer, set.RemoteDir, now, now)
	if err != nil {
		return made, serverTaken(err)
	}
	_, err = s.exec(ctx, `INSERT INTO destinations (uuid, server_id, name, network, created_at, updated_at) VALUES ($1, $2, 'taffrail', 'taffrail', $3, $4)`,
		string(core.NewID()), made.RowID, now, now)
	return made, err
}

// GetServer reads a server.
func (db *DB) GetServer(ctx context.Context, team int64, id core.ID) (core.Server, error) {
	return getOne(ctx, db, "Server", scanServer, `SELECT `+serverColumns+` FROM servers WHERE uuid = $1 AND team_id = $2`, string(id), team)
}

// ListServers returns the servers of a team.
func (db *DB) ListServers(ctx context.Context, team int64) ([]core.Server, error) {
	return getList(ctx, db, "servers", scanServer, serversOfTeam, team)
}

const serversOfTeam = `SELECT ` + serverColumns + ` FROM servers WHERE team_id = $1 ORDER BY id`

// UpdateServer writes name, description, address, user, port, key, pinned host key,
// proxy type and settings of the server with v's uuid.
func (db *DB) UpdateServer(ctx context.Context, v core.Server) error {
	v = withDefaults(v)
	set := v.Settings
	return db.inTx(ctx, "update server", func(s *session) error {
		now, err := db.engine.now(ctx, s)
		if err == nil {
			err = checkKey(ctx, s, v.TeamID, v.KeyID)
		}
		if err != nil {
			return err
		}
		return serverTaken(must(ctx, s, "Server",
			`UPDATE servers SET name = $1, description = $2, ip = $3, port = $4, username = $5, private_key_id = $6, host_key = $7, proxy_type = $8,
				concurrent_builds = $9, deployment_queue_limit = $10, dynamic_timeout = $11, connection_timeout = $12, is_build_server = $13,
				remote_dir = $14, updated_at = $15
			WHERE uuid = $16 AND team_id = $17`,
			v.Name, v.Description, v.IP, v.Port, v.User, refOrNil(v.KeyID), v.HostKey, v.ProxyType,
			set.ConcurrentBuilds, set.DeploymentQueueLimit, set.DynamicTimeout, set.ConnectionTimeout, set.IsBuildServer,
			set.RemoteDir, now, string(v.UUID), v.TeamID))
	})
}

// SetServerFacts writes what validation found.
func (db *DB) SetServerFacts(ctx context.Context, team, row int64, f core.ServerFacts) error {
	return db.inTx(ctx, "write what validation found", func(s *session) error {
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		return must(ctx, s, "Server",
			`UPDATE servers SET is_reachable = $1, is_usable = $2, os = $3, arch = $4, docker_version = $5, compose_version = $6,
				disk_free = $7, disk_total = $8, validation_logs = $9, validated_at = $10, updated_at = $11
			WHERE id = $12 AND team_id = $13`,
			f.Reachable, f.Usable, clean(f.OS), f.Arch, clean(f.DockerVersion), clean(f.ComposeVersion),
			f.DiskFree, f.DiskTotal, clean(f.Log), micro(f.CheckedAt), now, row, team)
	})
}

// PinHostKey records the host key seen at first contact. Another key that was pinned
// meanwhile stays, and the answer is CodeConflict.
func (db *DB) PinHostKey(ctx context.Context, team, row int64, hostKey string) error {
	return db.inTx(ctx, "pin host key", func(s *session) error {
		pinned, err := one(ctx, s, scanValue[string],
			`UPDATE servers SET host_key = CASE WHEN host_key = '' THEN $1 ELSE host_key END WHERE id = $2 AND team_id = $3 RETURNING host_key`,
			hostKey, row, team)
		if err == nil && pinned != hostKey {
			return core.Errorf(core.CodeConflict, "Another host key was pinned for this server meanwhile. Compare the two before you trust either.")
		}
		return missing("Server", err)
	})
}

// DeleteServer removes a server with its destinations. CodeBadRequest while resources
// or unfinished deployments are on it; what ran on it before stays in the history.
func (db *DB) DeleteServer(ctx context.Context, team int64, id core.ID) error {
	return db.inTx(ctx, "delete server", func(s *session) error {
		// Under the row's lock no deployment can be queued for the server.
		row, err := one(ctx, s, scanValue[int64],
			`UPDATE servers SET claim_seq = claim_seq + 1 WHERE uuid = $1 AND team_id = $2 RETURNING id`, string(id), team)
		if err != nil {
			return missing("Server", err)
		}
		busy, err := exists(ctx, s, `SELECT 1 FROM (`+union(`SELECT d.id FROM {queue} d WHERE `+active+` AND d.server_id = $1`)+`) AS a LIMIT 1`, row)
		if err == nil && busy {
			return core.Errorf(core.CodeBadRequest, "Server has deployments that are queued or in progress. Cancel them or wait for them, then delete it.")
		}
		if err != nil {
			return err
		}
		if err := letGo(ctx, s, "server_id", `SELECT id FROM servers WHERE id = $1`, row); err != nil {
			return err
		}
		if err := letGo(ctx, s, "destination_id", `SELECT id FROM destinations WHERE server_id = $1`, row); err != nil {
			return err
		}
		if _, err := s.exec(ctx, `DELETE FROM application_destinations WHERE server_id = $1
			AND application_id IN (SELECT id FROM applications WHERE deleted_at IS NOT NULL)`, row); err != nil {
			return err
		}
		return inUse("Server", must(ctx, s, "Server", `DELETE FROM servers WHERE id = $1`, row))
	})
}

// ListDestinations returns the destinations of a server.
func (db *DB) ListDestinations(ctx context.Context, team int64, server core.ID) ([]core.Destination, error) {
	v, err := db.GetServer(ctx, team, server)
	if err != nil {
		return nil, err
	}
	return getList(ctx, db, "destinations", scanDestination,
		`SELECT `+destinationColumns+` FROM destinations d WHERE d.server_id = $1 ORDER BY d.id`, v.RowID)
}

const destinationColumns = `d.id, d.uuid, d.server_id, d.name, d.network, d.created_at, d.updated_at`

func scanDestination(r row) (core.Destination, error) {
	var d core.Destination
	err := r.Scan(&d.RowID, &d.UUID, &d.ServerID, &d.Name, &d.Network, stamp{&d.CreatedAt}, stamp{&d.UpdatedAt})
	return d, err
}
