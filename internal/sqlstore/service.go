package sqlstore

import (
	"context"

	"github.com/taffrail/taffrail/internal/core"
)

const serviceColumns = `v.id, v.uuid, v.team_id, v.name, v.description, v.service_type, v.environment_id, v.server_id, v.destination_id,
	v.docker_compose_raw, v.docker_compose, v.connect_to_docker_network, v.is_container_label_escape_enabled,
	v.status, v.config_hash, v.created_at, v.updated_at, v.deleted_at`

func (db *DB) scanService(r row) (core.Service, error) {
	var (
		v            core.Service
		raw, written []byte
	)
	err := r.Scan(&v.RowID, &v.UUID, &v.TeamID, &v.Name, &v.Description, &v.Type, maybe[int64]{&v.EnvironmentID}, maybe[int64]{&v.ServerID},
		maybe[int64]{&v.DestinationID}, &raw, &written, &v.ConnectToDockerNetwork, &v.LabelEscape,
		&v.Status, &v.ConfigHash, stamp{&v.CreatedAt}, stamp{&v.UpdatedAt}, stamp{&v.DeletedAt})
	if err != nil {
		return v, err
	}
	if v.ComposeRaw, err = db.unseal(v.TeamID, "services", v.UUID, "docker_compose_raw", raw); err != nil {
		return v, err
	}
	v.Compose, err = db.unseal(v.TeamID, "services", v.UUID, "docker_compose", written)
	return v, err
}

// CreateService stores a service, its parts and its first variables. Environment,
// server and destination must be the team's, and the destination the server's.
func (db *DB) CreateService(ctx context.Context, v core.Service, envs []core.EnvVar) (core.Service, error) {
	v.UUID = orNew(v.UUID)
	var made core.Service
	err := db.inTx(ctx, "create service", func(s *session) error {
		if err := checkPlace(ctx, s, v.TeamID, v.EnvironmentID, v.ServerID, v.DestinationID); err != nil {
			return err
		}
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		id, err := db.insertService(ctx, s, now, v)
		if err != nil {
			return err
		}
		if err := putParts(ctx, s, now, id, v.Parts); err != nil {
			return err
		}
		if err := db.addEnvs(ctx, s, now, v.TeamID, core.Owner{Kind: core.KindService, RowID: id}, envs); err != nil {
			return err
		}
		made, err = db.readService(ctx, s, `WHERE v.id = $1 AND v.team_id = $2`, id, v.TeamID)
		return err
	})
	return made, err
}

// checkPlace refuses to put a resource where the team has nothing.
func checkPlace(ctx context.Context, s *session, team, environment, server, destination int64) error {
	for _, c := range []struct {
		what, text string
		args       []any
	}{
		{"Environment", `SELECT 1 FROM environments e JOIN projects p ON p.id = e.project_id WHERE e.id = $1 AND p.team_id = $2`, []any{environment, team}},
		{"Server", `SELECT 1 FROM servers WHERE id = $1 AND team_id = $2`, []any{server, team}},
		{"Destination", `SELECT 1 FROM destinations WHERE id = $1 AND server_id = $2`, []any{destination, server}},
	} {
		found, err := exists(ctx, s, c.text, c.args...)
		if err == nil && !found {
			return core.NotFound(c.what)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (db *DB) insertService(ctx context.Context, s *session, now int64, v core.Service) (int64, error) {
	raw, err := db.seal(v.TeamID, "services", v.UUID, "docker_compose_raw", v.ComposeRaw)
	if err != nil {
		return 0, err
	}
	written, err := db.seal(v.TeamID, "services", v.UUID, "docker_compose", v.Compose)
	if err != nil {
		return 0, err
	}
	if v.Status == "" {
		v.Status = "exited"
	}
	return one(ctx, s, scanValue[int64],
		`INSERT INTO services (uuid, team_id, name, description, service_type, environment_id, server_id, destination_id, docker_compose_raw,
			docker_compose, connect_to_docker_network, is_container_label_escape_enabled, status, config_hash, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) RETURNING id`,
		string(v.UUID), v.TeamID, v.Name, v.Description, v.Type, v.EnvironmentID, v.ServerID, v.DestinationID, raw,
		written, v.ConnectToDockerNetwork, v.LabelEscape, v.Status, v.ConfigHash, now, now)
}

// readService reads one service with its parts.
func (db *DB) readService(ctx context.Context, s *session, where string, args ...any) (core.Service, error) {
	v, err := one(ctx, s, db.scanService, `SELECT `+serviceColumns+` FROM services v `+where, args...)
	if err != nil {
		return v, missing("Service", err)
	}
	v.Parts, err = list(ctx, s, scanPart, partsOfService, v.RowID)
	return v, err
}

// GetService reads a service that is not deleted, with its parts.
func (db *DB) GetService(ctx context.Context, team int64, id core.ID) (core.Service, error) {
	v, err := db.readService(ctx, db.view(), `WHERE v.uuid = $1 AND v.team_id = $2 AND v.deleted_at IS NULL`, string(id), team)
	return v, explain("read service", err)
}

// ListServices returns the services of a team that are not deleted, with their parts.
func (db *DB) ListServices(ctx context.Context, team int64) ([]core.Service, error) {
	all, err := getList(ctx, db, "services", db.scanService,
		`SELECT `+serviceColumns+` FROM services v WHERE v.team_id = $1 AND v.deleted_at IS NULL ORDER BY v.id`, team)
	if err != nil {
		return nil, err
	}
	parts, err := getList(ctx, db, "parts of services", scanPart, partsOfTeam, team)
	if err != nil {
		return nil, err
	}
	of := map[int64][]core.ServicePart{}
	for _, p := range parts {
		of[p.ServiceID] = append(of[p.ServiceID], p)
	}
	for i := range all {
		all[i].Parts = append([]core.ServicePart{}, of[all[i].RowID]...)
	}
	return all, nil
}

// UpdateService writes name, description, compose text, switches and parts of the
// service with v's uuid, and adds those variables whose keys are new. Parts are matched
// by name: new ones are added, missing ones removed, the status of the others stays.
func (db *DB) UpdateService(ctx context.Context, v core.Service, added []core.EnvVar) error {
	return db.inTx(ctx, "update service", func(s *session) error {
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		raw, err := db.seal(v.TeamID, "services", v.UUID, "docker_compose_raw", v.ComposeRaw)
		if err != nil {
			return err
		}
		id, err := one(ctx, s, scanValue[int64],
			`UPDATE services SET name = $1, description = $2, docker_compose_raw = $3, connect_to_docker_network = $4,
				is_container_label_escape_enabled = $5, updated_at = $6
			WHERE uuid = $7 AND team_id = $8 AND deleted_at IS NULL RETURNING id`,
			v.Name, v.Description, raw, v.ConnectToDockerNetwork, v.LabelEscape, now, string(v.UUID), v.TeamID)
		if err != nil {
			return missing("Service", err)
		}
		if err := putParts(ctx, s, now, id, v.Parts); err != nil {
			return err
		}
		return db.addEnvs(ctx, s, now, v.TeamID, core.Owner{Kind: core.KindService, RowID: id}, added)
	})
}

// DeleteService is soft: the service is gone from every listing, its deployments stay
// readable.
func (db *DB) DeleteService(ctx context.Context, team int64, id core.ID) error {
	return db.inTx(ctx, "delete service", func(s *session) error {
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		return must(ctx, s, "Service", `UPDATE services SET deleted_at = $1, updated_at = $2 WHERE uuid = $3 AND team_id = $4 AND deleted_at IS NULL`,
			now, now, string(id), team)
	})
}

// PurgeService removes a service, deleted or not, with its variables and its whole
// history: deployments, steps and lines.
func (db *DB) PurgeService(ctx context.Context, team int64, id core.ID) error {
	return db.inTx(ctx, "purge service", func(s *session) error {
		return must(ctx, s, "Service", `DELETE FROM services WHERE uuid = $1 AND team_id = $2`, string(id), team)
	})
}

// LoadService reads everything that carrying out d takes: its service, also when it is
// deleted, its variables, its server and its destination (zero when that is gone).
func (db *DB) LoadService(ctx context.Context, d core.Deployment) (core.Service, []core.EnvVar, core.Server, core.Destination, error) {
	var (
		v    core.Service
		envs []core.EnvVar
		on   core.Server
		to   []core.Destination
	)
	s := db.view()
	err := firstError(
		func() (err error) {
			v, err = db.readService(ctx, s, `WHERE v.id = $1 AND v.team_id = $2`, d.Resource.RowID, d.TeamID)
			return err
		},
		func() (err error) {
			envs, err = db.listEnvs(ctx, s, d.TeamID, core.Owner{Kind: core.KindService, RowID: v.RowID})
			return err
		},
		func() (err error) {
			on, err = one(ctx, s, scanServer, `SELECT `+serverColumns+` FROM servers WHERE id = $1 AND team_id = $2`, d.Server.RowID, d.TeamID)
			return missing("Server", err)
		},
		func() (err error) {
			to, err = list(ctx, s, scanDestination, `SELECT `+destinationColumns+` FROM destinations d WHERE d.id = $1`, v.DestinationID)
			return err
		},
	)
	if err != nil {
		return core.Service{}, nil, core.Server{}, core.Destination{}, explain("load service", err)
	}
	return v, envs, on, append(to, core.Destination{})[0], nil
}

func firstError(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// SetServiceStatus writes what was seen of a service, deleted or not: its status, the
// hash and the compose text of what runs, and the status of its parts by name. Empty
// strings leave what is there.
func (db *DB) SetServiceStatus(ctx context.Context, team, row int64, status, configHash, compose string, parts map[string]string) error {
	return db.inTx(ctx, "write the status of a service", func(s *session) error {
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		id, err := one(ctx, s, scanValue[core.ID],
			`UPDATE services SET status = COALESCE(NULLIF($1, ''), status), config_hash = COALESCE(NULLIF($2, ''), config_hash), updated_at = $3
			WHERE id = $4 AND team_id = $5 RETURNING uuid`, status, configHash, now, row, team)
		if err != nil {
			return missing("Service", err)
		}
		if compose != "" {
			sealed, err := db.seal(team, "services", id, "docker_compose", core.NewSecret(compose))
			if err != nil {
				return err
			}
			if _, err := s.exec(ctx, `UPDATE services SET docker_compose = $1 WHERE id = $2`, sealed, row); err != nil {
				return err
			}
		}
		return setPartStatus(ctx, s, now, row, parts)
	})
}
