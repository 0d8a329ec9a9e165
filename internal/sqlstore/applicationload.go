package sqlstore

import (
	"context"

	"github.com/taffrail/taffrail/internal/core"
)

// LoadApplication reads everything that carrying out d takes: its application, also when
// it is deleted, and of the preview what there is.
func (db *DB) LoadApplication(ctx context.Context, d core.Deployment) (core.LoadedApplication, error) {
	var v core.LoadedApplication
	s := db.view()
	err := firstError(
		func() (err error) {
			v.Application, err = db.readApplication(ctx, s, `WHERE r.id = $1 AND r.team_id = $2`, d.Resource.RowID, d.TeamID)
			return err
		},
		func() error { return db.loadApplicationOwned(ctx, s, d, &v) },
		func() error { return loadApplicationPlace(ctx, s, d, &v) },
		func() error { return db.loadSource(ctx, s, &v) },
		func() error { return db.loadPast(ctx, s, d, &v) },
	)
	if err != nil {
		return core.LoadedApplication{}, explain("load application", err)
	}
	return v, nil
}

// loadApplicationOwned reads the variables, storages and the preview of an application.
// A preview that is gone is zero: its containers may still have to be stopped.
func (db *DB) loadApplicationOwned(ctx context.Context, s *session, d core.Deployment, v *core.LoadedApplication) (err error) {
	owner := core.Owner{Kind: core.KindApplication, RowID: v.Application.RowID}
	if v.Envs, err = db.listEnvs(ctx, s, d.TeamID, owner); err != nil {
		return err
	}
	if v.Shared, err = list(ctx, s, db.scanShared, sharedOfApplication, d.TeamID, refOrNil(v.Application.EnvironmentID), d.Server.RowID); err != nil {
		return err
	}
	if v.Storages, err = db.listStorages(ctx, s, d.TeamID, owner); err != nil || d.Revision.PullRequest == 0 {
		return err
	}
	of, err := list(ctx, s, scanPreview, previewByNumber, v.Application.RowID, d.TeamID, d.Revision.PullRequest)
	v.Preview = append(of, core.Preview{})[0]
	return err
}

// loadApplicationPlace reads where d goes: its server, the destination that the
// application has there (zero when that is gone), what its project and environment are
// called, and what its team may do.
func loadApplicationPlace(ctx context.Context, s *session, d core.Deployment, v *core.LoadedApplication) error {
	at, err := readSurroundings(ctx, s, d, v.Application.EnvironmentID)
	if err != nil {
		return err
	}
	v.Server, v.Project, v.Environment, v.AllowHost = at.server, at.project, at.environment, at.allowHost
	to, err := list(ctx, s, scanDestination, `SELECT `+destinationColumns+` FROM destinations d WHERE d.server_id = $1 AND (d.id = $2
		OR d.id IN (SELECT f.destination_id FROM application_destinations f WHERE f.application_id = $3))`,
		d.Server.RowID, v.Application.DestinationID, v.Application.RowID)
	v.Destination = append(to, core.Destination{})[0]
	if err != nil || d.Revision.BuildServer == 0 {
		return err
	}
	by, err := list(ctx, s, scanServer, `SELECT `+serverColumns+` FROM servers WHERE id = $1 AND team_id = $2`, d.Revision.BuildServer, d.TeamID)
	v.Builder = append(by, core.Server{})[0]
	return err
}

// loadSource reads the GitHub App of the application's source, and the key: that of the
// source, or else that of the app, with which it says who it is.
func (db *DB) loadSource(ctx context.Context, s *session, v *core.LoadedApplication) (err error) {
	team, from := v.Application.TeamID, v.Application.Source
	key := from.KeyID
	if from.GitHubApp != 0 {
		v.GitHub, err = one(ctx, s, db.scanGitHubApp, `SELECT `+gitHubColumns+` FROM github_apps WHERE id = $1 AND team_id = $2`, from.GitHubApp, team)
		if err != nil {
			return missing(gitHubNoun, err)
		}
		if key == 0 {
			key = v.GitHub.KeyID
		}
	}
	if key == 0 {
		return nil
	}
	v.Key, err = one(ctx, s, db.scanKey, `SELECT `+keyColumns+` FROM private_keys WHERE id = $1 AND team_id = $2`, key, team)
	return missing("Private Key", err)
}

// built picks the deployments that made or ran an image which may be wanted again: those
// that stopped or restarted something have none of their own.
const built = `q.status = 'finished' AND q.image_digests <> '' AND q.verb NOT IN ('stop', 'restart') AND q.pull_request_id = $2 AND q.server_id = $3`

// kept are the deployments whose images stay on a server: the newest, pinned ones, the
// one that runs, and those that a rollback brings or brought back as long as that is
// under way or what runs. Each is found by an index, however long the history is.
const kept = selectDeployment + `WHERE d.id IN (
		SELECT n.id FROM (SELECT q.id FROM application_deployment_queues q WHERE q.application_id = $1 AND ` + built + `
			ORDER BY q.created_at DESC, q.log_id DESC LIMIT $4 + 0) AS n
		UNION SELECT q.id FROM application_deployment_queues q WHERE q.application_id = $1 AND q.pinned AND ` + built + `
		UNION SELECT q.id FROM application_deployment_queues q WHERE q.application_id = $1 AND q.deployment_uuid = $5 AND ` + built + `
		UNION SELECT q.id FROM application_deployment_queues t JOIN application_deployment_queues q ON q.deployment_uuid = t.rollback_of
			WHERE t.application_id = $1 AND t.rollback_of <> '' AND (t.status IN ('queued', 'in_progress') OR t.deployment_uuid = $5)
				AND q.application_id = $1 AND ` + built + `)
	ORDER BY d.created_at DESC, d.log_id DESC`

// loadPast reads the earlier deployments that d is about.
func (db *DB) loadPast(ctx context.Context, s *session, d core.Deployment, v *core.LoadedApplication) (err error) {
	k, err := kindOf(core.KindApplication)
	if err != nil {
		return err
	}
	a := v.Application
	v.Kept, err = list(ctx, s, db.scanDeployment, k.fill(kept), a.RowID, d.Revision.PullRequest, d.Server.RowID, max(a.Build.KeepImages, 0)+1, string(a.Ran.Deployment))
	if err != nil || d.RollbackOf == "" {
		return err
	}
	v.RollbackOf, err = one(ctx, s, db.scanDeployment, k.fill(selectWhole)+`WHERE d.deployment_uuid = $1 AND d.application_id = $2 AND d.team_id = $3`,
		string(d.RollbackOf), a.RowID, d.TeamID)
	return missing("Deployment", err)
}
