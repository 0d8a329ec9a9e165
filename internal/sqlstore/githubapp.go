package sqlstore

import (
	"context"

	"github.com/taffrail/taffrail/internal/core"
)

const gitHubColumns = `id, uuid, team_id, name, organization, api_url, html_url, custom_user, custom_port, app_id, installation_id, client_id,
	client_secret, webhook_secret, private_key_id, is_public, is_system_wide, created_at, updated_at`

const gitHubNoun = "GitHub App"

func (db *DB) scanGitHubApp(r row) (core.GitHubApp, error) {
	var (
		g            core.GitHubApp
		client, hook []byte
	)
	err := r.Scan(&g.RowID, &g.UUID, &g.TeamID, &g.Name, &g.Organization, &g.APIURL, &g.HTMLURL, &g.CustomUser, &g.CustomPort, &g.AppID, &g.InstallationID,
		&g.ClientID, &client, &hook, maybe[int64]{&g.KeyID}, &g.IsPublic, &g.IsSystemWide, stamp{&g.CreatedAt}, stamp{&g.UpdatedAt})
	if err != nil {
		return g, err
	}
	if g.ClientSecret, err = db.unseal(g.TeamID, "github_apps", g.UUID, "client_secret", client); err != nil {
		return g, err
	}
	g.WebhookSecret, err = db.unseal(g.TeamID, "github_apps", g.UUID, "webhook_secret", hook)
	return g, err
}

// sealGitHubApp are the two secrets of a GitHub App as they are stored.
func (db *DB) sealGitHubApp(g core.GitHubApp) (client, hook any, err error) {
	if client, err = db.seal(g.TeamID, "github_apps", g.UUID, "client_secret", g.ClientSecret); err != nil {
		return nil, nil, err
	}
	hook, err = db.seal(g.TeamID, "github_apps", g.UUID, "webhook_secret", g.WebhookSecret)
	return client, hook, err
}

// CreateGitHubApp stores a GitHub App. Its key must be the team's.
func (db *DB) CreateGitHubApp(ctx context.Context, g core.GitHubApp) (core.GitHubApp, error) {
	g.UUID = orNew(g.UUID)
	var made core.GitHubApp
	err := db.inTx(ctx, "create GitHub App", func(s *session) error {
		if err := checkKey(ctx, s, g.TeamID, g.KeyID); err != nil {
			return err
		}
		client, hook, err := db.sealGitHubApp(g)
		if err != nil {
			return err
		}
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		made, err = one(ctx, s, db.scanGitHubApp,
			`INSERT INTO github_apps (uuid, team_id, name, organization, api_url, html_url, custom_user, custom_port, app_id, installation_id, client_id,
				client_secret, webhook_secret, private_key_id, is_public, is_system_wide, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) RETURNING `+gitHubColumns,
			string(g.UUID), g.TeamID, g.Name, g.Organization, g.APIURL, g.HTMLURL, g.CustomUser, g.CustomPort, g.AppID, g.InstallationID, g.ClientID,
			client, hook, refOrNil(g.KeyID), g.IsPublic, g.IsSystemWide, now, now)
		return err
	})
	return made, err
}

// GetGitHubApp reads a GitHub App with its secrets.
func (db *DB) GetGitHubApp(ctx context.Context, team int64, id core.ID) (core.GitHubApp, error) {
	return getOne(ctx, db, gitHubNoun, db.scanGitHubApp, `SELECT `+gitHubColumns+` FROM github_apps WHERE uuid = $1 AND team_id = $2`, string(id), team)
}

// GetGitHubAppByRow is GetGitHubApp for a row id, as sources refer to apps; with team 0
// whosesoever it is.
func (db *DB) GetGitHubAppByRow(ctx context.Context, team, row int64) (core.GitHubApp, error) {
	return getOne(ctx, db, gitHubNoun, db.scanGitHubApp, `SELECT `+gitHubColumns+` FROM github_apps WHERE id = $1 AND (team_id = $2 OR $2 = 0)`, row, team)
}

// ListGitHubApps returns the GitHub Apps of a team with their secrets.
func (db *DB) ListGitHubApps(ctx context.Context, team int64) ([]core.GitHubApp, error) {
	return getList(ctx, db, "GitHub Apps", db.scanGitHubApp, `SELECT `+gitHubColumns+` FROM github_apps WHERE team_id = $1 ORDER BY id`, team)
}

// UpdateGitHubApp writes everything of a GitHub App but its uuid, by which it is found.
func (db *DB) UpdateGitHubApp(ctx context.Context, g core.GitHubApp) error {
	return db.inTx(ctx, "update GitHub App", func(s *session) error {
		if err := checkKey(ctx, s, g.TeamID, g.KeyID); err != nil {
			return err
		}
		client, hook, err := db.sealGitHubApp(g)
		if err != nil {
			return err
		}
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		return must(ctx, s, gitHubNoun,
			`UPDATE github_apps SET name = $1, organization = $2, api_url = $3, html_url = $4, custom_user = $5, custom_port = $6, app_id = $7,
				installation_id = $8, client_id = $9, client_secret = $10, webhook_secret = $11, private_key_id = $12, is_public = $13,
				is_system_wide = $14, updated_at = $15 WHERE uuid = $16 AND team_id = $17`,
			g.Name, g.Organization, g.APIURL, g.HTMLURL, g.CustomUser, g.CustomPort, g.AppID,
			g.InstallationID, g.ClientID, client, hook, refOrNil(g.KeyID), g.IsPublic,
			g.IsSystemWide, now, string(g.UUID), g.TeamID)
	})
}

// DeleteGitHubApp removes a GitHub App from what Taffrail knows. CodeBadRequest while an
// application uses it that is not deleted.
func (db *DB) DeleteGitHubApp(ctx context.Context, team int64, id core.ID) error {
	return db.inTx(ctx, "delete GitHub App", func(s *session) error {
		row, err := one(ctx, s, scanValue[int64], `SELECT id FROM github_apps WHERE uuid = $1 AND team_id = $2`, string(id), team)
		if err != nil {
			return missing(gitHubNoun, err)
		}
		if _, err := s.exec(ctx, `UPDATE applications SET github_app_id = NULL WHERE github_app_id = $1 AND deleted_at IS NOT NULL`, row); err != nil {
			return err
		}
		err = must(ctx, s, gitHubNoun, `DELETE FROM github_apps WHERE id = $1`, row)
		if isReferenced(err) {
			return &core.Error{Op: "delete GitHub App", Code: core.CodeBadRequest, Err: err,
				Msg: "GitHub App is used by applications, so it cannot be deleted. Give them another source first."}
		}
		return err
	})
}
