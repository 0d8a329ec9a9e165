package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

// world is a team with something to deploy.
type world struct {
	t       testing.TB
	db      *sqlstore.DB
	team    int64
	user    int64
	server  core.Server
	to      core.Destination
	project core.Project
	service core.Service
}

const composeText = "services:\n  web:\n    image: nginx\n"

// newWorld makes the root team's world.
func newWorld(t testing.TB, db *sqlstore.DB) *world {
	t.Helper()
	team, user, err := db.EnsureRoot(t.Context())
	ok(t, err)
	return settle(t, db, team.RowID, user.RowID)
}

// anotherWorld makes the world of a further team.
func anotherWorld(t testing.TB, db *sqlstore.DB) *world {
	t.Helper()
	team := insert(t, db, `INSERT INTO teams (name, created_at, updated_at) VALUES ('other', 1, 1) RETURNING id`)
	user := insert(t, db, `INSERT INTO users (uuid, name, email, created_at, updated_at) VALUES ($1, 'other', $2, 1, 1) RETURNING id`,
		string(core.NewID()), string(core.NewID())+"@example.com")
	insert(t, db, `INSERT INTO team_user (team_id, user_id, role) VALUES ($1, $2, 'owner') RETURNING team_id`, team, user)
	return settle(t, db, team, user)
}

func settle(t testing.TB, db *sqlstore.DB, team, user int64) *world {
	t.Helper()
	w := &world{t: t, db: db, team: team, user: user}
	var err error
	w.server, err = db.EnsureLocalhost(t.Context(), team)
	ok(t, err)
	to, err := db.ListDestinations(t.Context(), team, w.server.UUID)
	ok(t, err)
	w.to = to[0]
	projects, err := db.ListProjects(t.Context(), team)
	ok(t, err)
	w.project = projects[0]
	w.service = w.newService("shop")
	return w
}

func (w *world) newService(name string, envs ...core.EnvVar) core.Service {
	w.t.Helper()
	made, err := w.db.CreateService(w.t.Context(), core.Service{
		TeamID: w.team, Name: name, EnvironmentID: w.project.Environments[0].RowID, ServerID: w.server.RowID, DestinationID: w.to.RowID,
		ComposeRaw: core.NewSecret(composeText), LabelEscape: true,
		Parts: []core.ServicePart{{Kind: core.PartApplication, Name: "web", Image: "nginx"}, {Kind: core.PartDatabase, Name: "db", Image: "postgres:16"}},
	}, envs)
	ok(w.t, err)
	return made
}

// onServer moves the world to another server with these limits.
func (w *world) onServer(name string, concurrent, queue int) *world {
	w.t.Helper()
	v, err := w.db.CreateServer(w.t.Context(), core.Server{TeamID: w.team, Name: name, IP: name,
		Settings: core.ServerSettings{ConcurrentBuilds: concurrent, DeploymentQueueLimit: queue}})
	ok(w.t, err)
	to, err := w.db.ListDestinations(w.t.Context(), w.team, v.UUID)
	ok(w.t, err)
	there := *w
	there.server, there.to = v, to[0]
	there.service = there.newService("on-" + name)
	return &there
}

// askFor is ask for a database.
func (w *world) askFor(of core.Database, verb core.Verb) core.Deployment {
	d := w.ask(core.Service{RowID: of.RowID}, verb)
	d.Kind = core.KindDatabase
	return d
}

// ask is a deployment of a service that has not been queued yet.
func (w *world) ask(of core.Service, verb core.Verb) core.Deployment {
	return core.Deployment{Kind: core.KindService, TeamID: w.team, Resource: core.Resource{RowID: of.RowID}, Server: w.server.Ref(), Verb: verb,
		Actor: core.Actor{Kind: "token", ID: 7, Name: "ci"}, Trigger: core.TriggerAPI, Note: "because"}
}

func (w *world) enqueue(d core.Deployment) core.Deployment {
	w.t.Helper()
	queued, joined, err := w.db.EnqueueDeployment(w.t.Context(), d)
	ok(w.t, err)
	if joined {
		w.t.Fatalf("deployment joined %s", queued.UUID)
	}
	return queued
}

// claim claims the next deployment, which must be there.
func (w *world) claim(owner string) core.Deployment {
	w.t.Helper()
	d, found, err := w.db.ClaimDeployment(w.t.Context(), owner, time.Minute)
	ok(w.t, err)
	if !found {
		w.t.Fatal("nothing to claim")
	}
	return d
}

// noClaim checks that there is nothing to claim.
func (w *world) noClaim() {
	w.t.Helper()
	d, found, err := w.db.ClaimDeployment(w.t.Context(), "nobody", time.Minute)
	ok(w.t, err)
	if found {
		w.t.Fatalf("claimed %s (%s of %s), want nothing", d.UUID, d.Verb, d.Resource.Name)
	}
}

func (w *world) finish(d core.Deployment) {
	w.t.Helper()
	d.Status = core.StatusFinished
	ok(w.t, w.db.Settle(w.t.Context(), d, core.Batch{}))
}

func (w *world) get(id core.ID) core.Deployment {
	w.t.Helper()
	d, err := w.db.GetDeployment(w.t.Context(), w.team, id)
	ok(w.t, err)
	return d
}

// newDatabase makes a database with only what it must have.
func (w *world) newDatabase(name string) core.Database {
	w.t.Helper()
	made, err := w.db.CreateDatabase(w.t.Context(), w.draft(name), nil)
	ok(w.t, err)
	return made
}

// draft is a database that is not stored yet.
func (w *world) draft(name string) core.Database {
	return core.Database{TeamID: w.team, Name: name, Type: "postgresql", Image: "postgres:16-alpine",
		EnvironmentID: w.project.Environments[0].RowID, ServerID: w.server.RowID, DestinationID: w.to.RowID,
		Fields: map[string]core.Secret{"postgres_password": core.NewSecret("pw")}}
}

// newApplication makes an application with only what it must have.
func (w *world) newApplication(name string) core.Application {
	w.t.Helper()
	made, err := w.db.CreateApplication(w.t.Context(), w.sketch(name), nil)
	ok(w.t, err)
	return made
}

// sketch is an application that is not stored yet.
func (w *world) sketch(name string) core.Application {
	return core.Application{TeamID: w.team, Name: name, EnvironmentID: w.project.Environments[0].RowID, ServerID: w.server.RowID, DestinationID: w.to.RowID,
		Build: core.Build{Pack: core.PackDockerfile}}
}

// push is a deployment of a commit of an application that a webhook asks for.
func (w *world) push(of core.Application, commit string) core.Deployment {
	d := w.ask(core.Service{RowID: of.RowID}, core.VerbDeploy)
	d.Kind, d.Trigger, d.Revision = core.KindApplication, core.TriggerWebhook, core.Revision{Commit: commit}
	return d
}

func insert(t testing.TB, db *sqlstore.DB, text string, args ...any) int64 {
	t.Helper()
	var id int64
	ok(t, db.Raw().QueryRowContext(t.Context(), text, args...).Scan(&id))
	return id
}

func count(t testing.TB, db *sqlstore.DB, table string) int {
	t.Helper()
	var n int
	ok(t, db.Raw().QueryRowContext(t.Context(), `SELECT COUNT(*) FROM `+table).Scan(&n))
	return n
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t testing.TB, what string, err error, code core.Code) {
	t.Helper()
	if got := core.CodeOf(err); got != code {
		t.Errorf("%s: code %q (%v), want %q", what, got, err, code)
	}
}

func same[T any](t testing.TB, what string, got, want T) {
	t.Helper()
	reveal := cmp.Comparer(func(a, b core.Secret) bool { return a.Reveal() == b.Reveal() })
	if diff := cmp.Diff(want, got, reveal); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// recent checks a time that the store gave.
func recent(t testing.TB, what string, at time.Time) {
	t.Helper()
	if d := time.Since(at); d < -time.Minute || d > time.Minute || at.Location() != time.UTC {
		t.Errorf("%s is %v, want now in UTC", what, at)
	}
}

func background(t testing.TB) context.Context { return context.WithoutCancel(t.Context()) }
