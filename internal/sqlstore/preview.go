package sqlstore

import (
	"context"

	"github.com/taffrail/taffrail/internal/core"
)

const (
	selectPreview = `SELECT p.id, p.uuid, p.application_id, p.pull_request_id, p.git_branch, p.pull_request_html_url, p.fqdn, p.title, p.is_from_fork,
	p.pull_request_issue_comment_id, p.status, p.created_at, p.updated_at FROM application_previews p `
	previewByNumber = selectPreview + `WHERE p.application_id = $1 AND p.team_id = $2 AND p.pull_request_id = $3`

	previewNoun = "Preview"
)

func scanPreview(r row) (core.Preview, error) {
	var p core.Preview
	err := r.Scan(&p.RowID, &p.UUID, &p.Application, &p.PullRequest, &p.Branch, &p.URL, &p.Domains, &p.Title, &p.FromFork,
		&p.CommentID, &p.Status, stamp{&p.CreatedAt}, stamp{&p.UpdatedAt})
	return p, err
}

// PutPreview stores a preview of an application that is not deleted, by its pull
// request. Of one that is there already the status stays.
func (db *DB) PutPreview(ctx context.Context, team int64, p core.Preview) (core.Preview, error) {
	if p.Status == "" {
		p.Status = "exited"
	}
	var stored core.Preview
	err := db.inTx(ctx, "store preview", func(s *session) error {
		if _, err := ownerOf(ctx, s, team, core.Owner{Kind: core.KindApplication, RowID: p.Application}); err != nil {
			return err
		}
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		_, err = s.exec(ctx,
			`INSERT INTO application_previews (uuid, team_id, application_id, pull_request_id, git_branch, pull_request_html_url, fqdn, title, is_from_fork,
				pull_request_issue_comment_id, status, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
			ON CONFLICT (application_id, pull_request_id) DO UPDATE SET git_branch = excluded.git_branch, pull_request_html_url = excluded.pull_request_html_url,
				fqdn = excluded.fqdn, title = excluded.title, is_from_fork = excluded.is_from_fork,
				pull_request_issue_comment_id = excluded.pull_request_issue_comment_id, updated_at = excluded.updated_at`,
			string(orNew(p.UUID)), team, p.Application, p.PullRequest, clean(p.Branch), clean(p.URL), clean(p.Domains), clean(p.Title), p.FromFork,
			p.CommentID, p.Status, now, now)
		if err != nil {
			return err
		}
		stored, err = one(ctx, s, scanPreview, previewByNumber, p.Application, team, p.PullRequest)
		return err
	})
	return stored, err
}

// GetPreview reads a preview by its pull request.
func (db *DB) GetPreview(ctx context.Context, team, application int64, pullRequest int) (core.Preview, error) {
	return getOne(ctx, db, previewNoun, scanPreview, previewByNumber, application, team, pullRequest)
}

// ListPreviews returns the previews of an application, deleted or not: they outlive it
// until their containers are gone.
func (db *DB) ListPreviews(ctx context.Context, team, application int64) ([]core.Preview, error) {
	s := db.view()
	if _, err := ownApplication(ctx, s, team, application); err != nil {
		return nil, explain("list previews", err)
	}
	all, err := list(ctx, s, scanPreview, selectPreview+`WHERE p.application_id = $1 ORDER BY p.id`, application)
	return all, explain("list previews", err)
}

// DeletePreview forgets a preview; its deployments stay readable.
func (db *DB) DeletePreview(ctx context.Context, team, application int64, pullRequest int) error {
	return db.inTx(ctx, "delete preview", func(s *session) error {
		return must(ctx, s, previewNoun, `DELETE FROM application_previews WHERE application_id = $1 AND team_id = $2 AND pull_request_id = $3`,
			application, team, pullRequest)
	})
}
