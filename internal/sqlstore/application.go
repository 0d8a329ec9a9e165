package sqlstore

import (
	"context"

	"github.com/taffrail/taffrail/internal/core"
)

const applicationColumns = `r.id, r.uuid, r.team_id, r.name, r.description, r.environment_id, r.server_id, r.destination_id,
	r.settings, r.git_key, r.git_branch, r.private_key_id, r.github_app_id, r.build_pack,
	r.ran_deployment, r.ran_commit, r.ran_image, r.ran_build_hash, r.ran_composed, r.status, r.config_hash, r.created_at, r.updated_at, r.deleted_at`

func (db *DB) scanApplication(r row) (core.Application, error) {
	var (
		a      core.Application
		sealed []byte
		ran    []byte
		from   core.Source
		pack   core.BuildPack
	)
	err := r.Scan(&a.RowID, &a.UUID, &a.TeamID, &a.Name, &a.Description, maybe[int64]{&a.EnvironmentID}, maybe[int64]{&a.ServerID}, maybe[int64]{&a.DestinationID},
		&sealed, &from.Key, &from.Branch, maybe[int64]{&from.KeyID}, maybe[int64]{&from.GitHubApp}, &pack,
		&a.Ran.Deployment, &a.Ran.Commit, &a.Ran.Image, &a.Ran.BuildHash, &ran, &a.Status, &a.ConfigHash,
		stamp{&a.CreatedAt}, stamp{&a.UpdatedAt}, stamp{&a.DeletedAt})
	if err != nil {
		return a, err
	}
	settings, err := db.unseal(a.TeamID, "applications", a.UUID, "settings", sealed)
	if err != nil {
		return a, err
	}
	if err = openApplication(&a, settings); err != nil {
		return a, err
	}
	composed, err := db.unseal(a.TeamID, "applications", a.UUID, "ran_composed", ran)
	if err != nil {
		return a, err
	}
	a.Ran.Composed, err = openComposed(composed)
	a.Source.Key, a.Source.Branch, a.Source.KeyID, a.Source.GitHubApp, a.Build.Pack = from.Key, from.Branch, from.KeyID, from.GitHubApp, pack
	return a, err
}

// sealApplication is what is stored in the column settings of a.
func (db *DB) sealApplication(a core.Application) (any, error) {
	text, err := closeApplication(a)
	if err != nil {
		return nil, err
	}
	return db.seal(a.TeamID, "applications", a.UUID, "settings", text)
}

// checkSource refuses a source by a key or a GitHub App that the team does not have.
func checkSource(ctx context.Context, s *session, team int64, from core.Source) error {
	if err := checkKey(ctx, s, team, from.KeyID); err != nil || from.GitHubApp == 0 {
		return err
	}
	ours, err := exists(ctx, s, `SELECT 1 FROM github_apps WHERE id = $1 AND team_id = $2`, from.GitHubApp, team)
	if err == nil && !ours {
		return core.NotFound(gitHubNoun)
	}
	return err
}

// CreateApplication stores an application and its first variables. Environment, server,
// destination, key and GitHub App must be the team's, and the destination the server's.
func (db *DB) CreateApplication(ctx context.Context, a core.Application, envs []core.EnvVar) (core.Application, error) {
	a.UUID = orNew(a.UUID)
	var made core.Application
	err := db.inTx(ctx, "create application", func(s *session) error {
		if err := checkPlace(ctx, s, a.TeamID, a.EnvironmentID, a.ServerID, a.DestinationID); err != nil {
			return err
		}
		if err := checkSource(ctx, s, a.TeamID, a.Source); err != nil {
			return err
		}
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		id, err := db.insertApplication(ctx, s, now, a)
		if err != nil {
			return err
		}
		if err := db.addEnvs(ctx, s, now, a.TeamID, core.Owner{Kind: core.KindApplication, RowID: id}, envs); err != nil {
			return err
		}
		made, err = db.readApplication(ctx, s, `WHERE r.id = $1 AND r.team_id = $2`, id, a.TeamID)
		return err
	})
	return made, err
}

func (db *DB) insertApplication(ctx context.Context, s *session, now int64, a core.Application) (int64, error) {
	settings, err := db.sealApplication(a)
	if err != nil {
		return 0, err
	}
	if a.Status == "" {
		a.Status = "exited"
	}
	from, ran := a.Source, a.Ran
	composed, err := db.sealComposed(a.TeamID, a.UUID, ran.Composed)
	if err != nil {
		return 0, err
	}
	return one(ctx, s, scanValue[int64],
		`INSERT INTO applications (uuid, team_id, name, description, environment_id, server_id, destination_id, settings, git_key, git_branch,
			private_key_id, github_app_id, build_pack, ran_deployment, ran_commit, ran_image, ran_build_hash, ran_composed, status, config_hash, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22) RETURNING id`,
		string(a.UUID), a.TeamID, a.Name, a.Description, a.EnvironmentID, a.ServerID, a.DestinationID, settings, clean(from.Key), clean(from.Branch),
		refOrNil(from.KeyID), refOrNil(from.GitHubApp), string(a.Build.Pack), string(ran.Deployment), ran.Commit, ran.Image, ran.BuildHash, composed,
		a.Status, a.ConfigHash, now, now)
}

// readApplication reads one application.
func (db *DB) readApplication(ctx context.Context, s *session, where string, args ...any) (core.Application, error) {
	a, err := one(ctx, s, db.scanApplication, `SELECT `+applicationColumns+` FROM applications r `+where, args...)
	return a, missing("Application", err)
}

// GetApplication reads an application that is not deleted.
func (db *DB) GetApplication(ctx context.Context, team int64, id core.ID) (core.Application, error) {
	a, err := db.readApplication(ctx, db.view(), `WHERE r.uuid = $1 AND r.team_id = $2 AND r.deleted_at IS NULL`, string(id), team)
	return a, explain("read application", err)
}

// FindApplication reads an application that is not deleted, whosesoever it is: a webhook
// names it alone.
func (db *DB) FindApplication(ctx context.Context, id core.ID) (core.Application, error) {
	a, err := db.readApplication(ctx, db.view(), `WHERE r.uuid = $1 AND r.deleted_at IS NULL`, string(id))
	return a, explain("read application", err)
}

// ListApplications returns the applications of a team that are not deleted.
func (db *DB) ListApplications(ctx context.Context, team int64) ([]core.Application, error) {
	return getList(ctx, db, "applications", db.scanApplication,
		`SELECT `+applicationColumns+` FROM applications r WHERE r.team_id = $1 AND r.deleted_at IS NULL ORDER BY r.id`, team)
}

// The key is never empty: applications without a repository have nothing in common.
const byRepository = `SELECT ` + applicationColumns + ` FROM applications r
	WHERE r.git_key = $1 AND r.git_key <> '' AND r.deleted_at IS NULL ORDER BY r.id`

// ListByRepository returns the applications of all teams whose source has this key, and
// that are not deleted.
func (db *DB) ListByRepository(ctx context.Context, key string) ([]core.Application, error) {
	return getList(ctx, db, "applications of a repository", db.scanApplication, byRepository, clean(key))
}

// UpdateApplication writes everything that people may change of the application with a's
// uuid, and what pushes do to it. Its place and what was seen of it stay.
func (db *DB) UpdateApplication(ctx context.Context, a core.Application) error {
	return db.inTx(ctx, "update application", func(s *session) error {
		if err := checkSource(ctx, s, a.TeamID, a.Source); err != nil {
			return err
		}
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		settings, err := db.sealApplication(a)
		if err != nil {
			return err
		}
		from := a.Source
		return must(ctx, s, "Application",
			`UPDATE applications SET name = $1, description = $2, settings = $3, git_key = $4, git_branch = $5, private_key_id = $6, github_app_id = $7,
				build_pack = $8, updated_at = $9 WHERE uuid = $10 AND team_id = $11 AND deleted_at IS NULL`,
			a.Name, a.Description, settings, clean(from.Key), clean(from.Branch), refOrNil(from.KeyID), refOrNil(from.GitHubApp),
			string(a.Build.Pack), now, string(a.UUID), a.TeamID)
	})
}

// DeleteApplication is soft: the application is gone from every listing, its deployments
// stay readable.
func (db *DB) DeleteApplication(ctx context.Context, team int64, id core.ID) error {
	return db.inTx(ctx, "delete application", func(s *session) error {
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		return must(ctx, s, "Application", `UPDATE applications SET deleted_at = $1, updated_at = $2 WHERE uuid = $3 AND team_id = $4 AND deleted_at IS NULL`,
			now, now, string(id), team)
	})
}

// PurgeApplication removes an application, deleted or not, with everything of it:
// variables, storages, previews, further servers and the whole history.
func (db *DB) PurgeApplication(ctx context.Context, team int64, id core.ID) error {
	return db.inTx(ctx, "purge application", func(s *session) error {
		return must(ctx, s, "Application", `DELETE FROM applications WHERE uuid = $1 AND team_id = $2`, string(id), team)
	})
}

// SetApplicationStatus writes what was seen of an application, deleted or not, or of the
// preview of d's pull request, of which only the status is kept. An empty status or hash
// and a nil ran leave what is there. What was seen on a further server is not how the
// application is, and a preview that is gone has no status: both are let pass.
func (db *DB) SetApplicationStatus(ctx context.Context, d core.Deployment, status, configHash string, ran *core.ApplicationRan) error {
	return db.inTx(ctx, "write the status of an application", func(s *session) error {
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		row, team := d.Resource.RowID, d.TeamID
		id, err := ownApplication(ctx, s, team, row)
		if err != nil {
			return err
		}
		elsewhere, err := exists(ctx, s, `SELECT 1 FROM application_destinations WHERE application_id = $1 AND server_id = $2`, row, d.Server.RowID)
		if err != nil || elsewhere {
			return err
		}
		if pr := d.Revision.PullRequest; pr != 0 {
			_, err := s.exec(ctx, `UPDATE application_previews SET status = COALESCE(NULLIF($1, ''), status), updated_at = $2
				WHERE application_id = $3 AND pull_request_id = $4`, status, now, row, pr)
			return err
		}
		_, err = s.exec(ctx, `UPDATE applications SET status = COALESCE(NULLIF($1, ''), status), config_hash = COALESCE(NULLIF($2, ''), config_hash),
			updated_at = $3 WHERE id = $4`, status, configHash, now, row)
		if err != nil || ran == nil {
			return err
		}
		return db.writeRan(ctx, s, team, row, id, *ran)
	})
}

// writeRan writes what runs.
func (db *DB) writeRan(ctx context.Context, s *session, team, row int64, id core.ID, ran core.ApplicationRan) error {
	composed, err := db.sealComposed(team, id, ran.Composed)
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, `UPDATE applications SET ran_deployment = $1, ran_commit = $2, ran_image = $3, ran_build_hash = $4, ran_composed = $5 WHERE id = $6`,
		string(ran.Deployment), ran.Commit, ran.Image, ran.BuildHash, composed, row)
	return err
}

// sealComposed is what is stored in the column ran_composed of an application.
func (db *DB) sealComposed(team int64, id core.ID, c core.Composed) (any, error) {
	text, err := closeComposed(c)
	if err != nil {
		return nil, err
	}
	return db.seal(team, "applications", id, "ran_composed", text)
}

// ownApplication returns the uuid of an application, and refuses one that the team never
// had; one that is deleted will do.
func ownApplication(ctx context.Context, s *session, team, row int64) (core.ID, error) {
	id, err := one(ctx, s, scanValue[core.ID], `SELECT uuid FROM applications WHERE id = $1 AND team_id = $2`, row, team)
	return id, missing("Application", err)
}
