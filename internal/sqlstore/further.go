package sqlstore

import (
	"context"

	"github.com/taffrail/taffrail/internal/core"
)

// ListFurther returns the destinations of an application beyond its own.
func (db *DB) ListFurther(ctx context.Context, team, application int64) ([]core.Destination, error) {
	s := db.view()
	if _, err := ownerOf(ctx, s, team, core.Owner{Kind: core.KindApplication, RowID: application}); err != nil {
		return nil, explain("list further destinations", err)
	}
	all, err := list(ctx, s, scanDestination, `SELECT `+destinationColumns+` FROM destinations d
		JOIN application_destinations f ON f.destination_id = d.id WHERE f.application_id = $1 ORDER BY d.id`, application)
	return all, explain("list further destinations", err)
}

// AddFurther lets an application be deployed to one more destination. CodeConflict when
// it is on that server already: its containers and folder there have its name.
func (db *DB) AddFurther(ctx context.Context, team, application, destination int64) error {
	return db.inTx(ctx, "add further destination", func(s *session) error {
		if _, err := ownerOf(ctx, s, team, core.Owner{Kind: core.KindApplication, RowID: application}); err != nil {
			return err
		}
		server, err := one(ctx, s, scanValue[int64], `SELECT d.server_id FROM destinations d JOIN servers v ON v.id = d.server_id
			WHERE d.id = $1 AND v.team_id = $2`, destination, team)
		if err != nil {
			return missing("Destination", err)
		}
		there, err := exists(ctx, s, `SELECT 1 FROM applications WHERE id = $1 AND server_id = $2`, application, server)
		if err != nil {
			return err
		}
		if there {
			return onServer(nil)
		}
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		_, err = s.exec(ctx, `INSERT INTO application_destinations (application_id, destination_id, server_id, created_at) VALUES ($1, $2, $3, $4)`,
			application, destination, server, now)
		if isTaken(err) {
			return onServer(err)
		}
		return err
	})
}

func onServer(err error) error {
	return &core.Error{Op: "add further destination", Code: core.CodeConflict, Err: err,
		Msg: "The application is on this server already. Choose a destination on another one."}
}

// RemoveFurther takes a destination away again. What runs there is others' care.
func (db *DB) RemoveFurther(ctx context.Context, team, application, destination int64) error {
	return db.inTx(ctx, "remove further destination", func(s *session) error {
		if _, err := ownerOf(ctx, s, team, core.Owner{Kind: core.KindApplication, RowID: application}); err != nil {
			return err
		}
		return must(ctx, s, "Destination", `DELETE FROM application_destinations WHERE application_id = $1 AND destination_id = $2`, application, destination)
	})
}

// further are the other servers that an application is to be on, in the order in which
// everybody locks servers. A deleted one is only to be stopped there.
const further = `SELECT f.server_id FROM application_destinations f JOIN applications r ON r.id = f.application_id
	WHERE f.application_id = $1 AND r.team_id = $2 AND f.server_id <> $3 AND (r.deleted_at IS NULL OR $4 = 'stop') ORDER BY f.server_id`

// EnqueueFurther queues what d deployed on the further servers of its application, each
// once however often it is called. Previews stay on one server, and nothing goes on from
// what is for its own server only.
func (db *DB) EnqueueFurther(ctx context.Context, d core.Deployment) error {
	if d.Revision.OnlyHere || d.Revision.PullRequest != 0 {
		return nil
	}
	return db.inTx(ctx, "queue a deployment on further servers", func(s *session) error {
		if _, err := ownApplication(ctx, s, d.TeamID, d.Resource.RowID); err != nil {
			return err
		}
		servers, err := list(ctx, s, scanValue[int64], further, d.Resource.RowID, d.TeamID, d.Server.RowID, string(d.Verb))
		if err != nil {
			return err
		}
		for _, server := range servers {
			if err := db.repeatOn(ctx, s, d, server); err != nil {
				return err
			}
		}
		return nil
	})
}

// repeatOn queues d again on another server, unless it was. The limit of the server's
// queue is for those who can ask again later; nobody would for this one.
func (db *DB) repeatOn(ctx context.Context, s *session, d core.Deployment, server int64) error {
	k, err := kindOf(core.KindApplication)
	if err != nil {
		return err
	}
	again := core.Deployment{UUID: core.NewID(), Kind: k.name, TeamID: d.TeamID, Resource: core.Resource{RowID: d.Resource.RowID}, Server: core.ServerRef{RowID: server},
		Verb: d.Verb, Options: d.Options, Actor: d.Actor, Trigger: d.Trigger, Note: d.Note, RollbackOf: d.RollbackOf, Revision: d.Revision}
	again.Revision.OnlyHere = true
	if _, err := lockServer(ctx, s, &again); err != nil {
		return err
	}
	done, err := exists(ctx, s, `SELECT 1 FROM application_deployment_queues WHERE further_of = $1 AND further_of <> '' AND server_id = $2`, string(d.UUID), server)
	if err != nil || done {
		return err
	}
	if err := readResource(ctx, s, k, &again); err != nil {
		return err
	}
	if err := db.supersede(ctx, s, k, again); err != nil {
		return err
	}
	queued, err := db.add(ctx, s, k, again)
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, `UPDATE application_deployment_queues SET further_of = $1 WHERE id = $2`, string(d.UUID), queued.RowID)
	return err
}
