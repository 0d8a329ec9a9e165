package control_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/kind/service"
	"github.com/taffrail/taffrail/internal/secretbox"
	"github.com/taffrail/taffrail/internal/sqlstore"
	"github.com/taffrail/taffrail/internal/stack"
	"github.com/taffrail/taffrail/internal/template"
)

// world is a Control over a database of its own, with machines that exist on paper.
type world struct {
	db         *sqlstore.DB
	c          *control.Control
	hosts      *machines
	containers *containers
	sums       *sums
	buckets    *buckets
	code       *codeHost
	owner      auth.Principal // of the root team
	local      core.Server

	mu        sync.Mutex
	woken     int
	cancelled []core.ID
}

var start = time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)

func newWorld(t testing.TB) *world {
	t.Helper()
	box, err := secretbox.New([]byte(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	db, err := sqlstore.Open(t.Context(), sqlstore.Options{Path: filepath.Join(t.TempDir(), "taffrail.sqlite"), Box: box})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &world{db: db, hosts: newMachines(), containers: &containers{}, sums: &sums{}, buckets: &buckets{}, code: &codeHost{}}
	w.c = control.New(w.deps())
	team, user, err := db.EnsureRoot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.local = must(db.EnsureLocalhost(t.Context(), team.RowID))(t)
	w.owner = auth.ForUser(team.RowID, user, core.TriggerAPI)
	return w
}

// composer reads compose texts for all tests: it takes a while to make, and asks its
// store for nothing that control wants.
var composer = sync.OnceValue(func() control.Composer { return service.New(nil, stack.NewReader()) })

func (w *world) deps() control.Deps {
	return control.Deps{
		Servers: w.db, Keys: w.db, Projects: w.db, Environments: w.db, Services: w.db, Envs: w.db,
		Deployments: w.db, Teams: w.db, Tokens: w.db, Queue: w.db,
		Composer: composer(), Setup: control.SetupDeps{Templates: templates(), Destinations: w.db, Instance: w.db}, Hosts: w.hosts, Containers: w.containers, Statuses: w.sums, Seen: w.db,
		Databases: control.DatabaseDeps{
			Store: w.db, Storages: w.db, Schedules: w.db, Backups: w.db, S3: w.db, Buckets: w.buckets, Dumps: w.hosts,
		},
		Applications: control.ApplicationDeps{
			Store: w.db, Revisions: w.db, Further: w.db, Shared: w.db, GitHubApps: w.db,
			Refs: w.code, CodeHosts: w.code, Snapshots: w.code, Proxies: w.code,
		},
		Common: control.CommonDeps{Records: w.db, Tags: w.db, Tagging: w.db, Jobs: w.db, History: w.db},
		Wake: func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.woken++
		},
		Cancel: func(_ context.Context, d core.Deployment) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.cancelled = append(w.cancelled, d.UUID)
		},
		Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return start },
		BaseURL: "https://taffrail.example/",
	}
}

// as is a principal like p with another role and other abilities.
func as(p auth.Principal, role core.Role, abilities ...auth.Ability) auth.Principal {
	p.Role, p.Abilities = role, abilities
	return p
}

// otherTeam makes a second team with an owner of its own.
func (w *world) otherTeam(t testing.TB) auth.Principal {
	t.Helper()
	for _, text := range []string{
		`INSERT INTO teams (id, name, created_at, updated_at) VALUES (77, 'Others', 1, 1)`,
		`INSERT INTO users (id, uuid, name, email, created_at, updated_at) VALUES (88, 'u', 'Eve', 'eve@example.com', 1, 1)`,
		`INSERT INTO team_user (team_id, user_id, role) VALUES (77, 88, 'owner')`,
	} {
		if _, err := w.db.Raw().ExecContext(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	return auth.ForUser(77, core.User{RowID: 88, Name: "Eve", Role: core.RoleOwner}, core.TriggerUI)
}

// ids names one of everything that a team can have.
type ids struct {
	server, key, project, environment, destination core.ID
	service, env, deployment                       core.ID
	token                                          int64
	data                                           dataIDs
	app                                            appIDs
	tag                                            core.ID
}

// dataIDs names one of everything that a database can have, and a bucket.
type dataIDs struct {
	database, env, storage, schedule, backup, bucket core.ID
}

// nobodys are ids of nothing.
func nobodys() ids {
	return ids{
		core.NewID(), core.NewID(), core.NewID(), core.NewID(), core.NewID(), core.NewID(), core.NewID(), core.NewID(), 1 << 40,
		dataIDs{core.NewID(), core.NewID(), core.NewID(), core.NewID(), core.NewID(), core.NewID()},
		allApp(core.NewID()), core.NewID(),
	}
}

const composeText = "services:\n  web:\n    image: nginx\n    environment:\n      PASSWORD: $SERVICE_PASSWORD_WEB\n"

// furnish gives p's team one of everything.
func (w *world) furnish(t testing.TB, p auth.Principal) ids {
	t.Helper()
	ctx := t.Context()
	var x ids
	key := must(w.c.CreateKey(ctx, p, control.KeyInput{Name: "deploy key", PrivateKey: newKey(t)}))(t)
	x.key = key.UUID
	x.server = must(w.c.CreateServer(ctx, p, control.ServerInput{IP: "10.0.0.9", Key: x.key}))(t).UUID
	x.destination = must(w.c.ListDestinations(ctx, p, x.server))(t)[0].UUID
	project := must(w.c.CreateProject(ctx, p, control.ProjectInput{Name: "Shop"}))(t)
	x.project, x.environment = project.UUID, project.Environments[0].UUID
	x.service = must(w.c.CreateService(ctx, p, x.serviceInput()))(t).Service.UUID
	x.env = must(w.c.CreateEnv(ctx, p, core.KindService, x.service, control.EnvInput{Key: "EXTRA", Value: secret("extra-value")}))(t).UUID
	x.deployment = must(w.c.StartService(ctx, p, x.service, control.Action{Note: "first"}))(t).Deployment.UUID
	token, _, err := w.c.CreateToken(ctx, p, control.TokenInput{Name: "ci", Abilities: []string{"deploy"}})
	if err != nil {
		t.Fatal(err)
	}
	x.token = token.RowID
	x.tag = must(w.c.AddTags(ctx, p, core.KindService, x.service, []string{"ours"}))(t)[0].UUID
	return x
}

func (x ids) serviceInput() control.ServiceInput {
	return control.ServiceInput{
		Name: "Front", Compose: core.NewSecret(composeText), Project: x.project, Environment: "production", Server: x.server,
	}
}

// must returns the value of a call that may not fail.
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func secret(text string) *core.Secret {
	s := core.NewSecret(text)
	return &s
}

func ptr[T any](v T) *T { return &v }

func newKey(t testing.TB) core.Secret {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return core.NewSecret(marshalKey(t, private))
}

func marshalKey(t testing.TB, private any) string {
	t.Helper()
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(block))
}

// dump is everything that the database holds, but for the counters that locks raise.
func (w *world) dump(t testing.TB) string {
	t.Helper()
	rows, err := w.db.Raw().QueryContext(t.Context(), `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, name := range names {
		w.dumpTable(t, &out, name)
	}
	return out.String()
}

func (w *world) dumpTable(t testing.TB, out io.Writer, name string) {
	t.Helper()
	rows, err := w.db.Raw().QueryContext(t.Context(), `SELECT * FROM `+name)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		if err := rows.Scan(values...); err != nil {
			t.Fatal(err)
		}
		for i, v := range values {
			if columns[i] != "claim_seq" {
				fmt.Fprintf(out, "%s.%s=%v\n", name, columns[i], *v.(*any))
			}
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

// wantFields checks that err is a CodeInvalid error about exactly these fields.
func wantFields(t testing.TB, err error, fields ...string) {
	t.Helper()
	var e *core.Error
	if !errors.As(err, &e) || e.Code != core.CodeInvalid {
		t.Errorf("error %v, want faults of %v", err, fields)
		return
	}
	for _, f := range fields {
		if len(e.Fields[f]) == 0 {
			t.Errorf("no fault of %s in %v", f, e.Fields)
		}
	}
	if len(e.Fields) != len(fields) {
		t.Errorf("faults %v, want of %v only", e.Fields, fields)
	}
}

func wantCode(t testing.TB, err error, code core.Code, msg string) {
	t.Helper()
	var e *core.Error
	if !errors.As(err, &e) || e.Code != code || (msg != "" && e.Msg != msg) {
		t.Errorf("error %v (%s), want %s %q", err, core.CodeOf(err), code, msg)
	}
}

// payloads are texts that were weapons against servers of this kind.
func payloads() []string {
	return []string{
		"a;id", "$(id)", "`id`", "a|id", "a\nid", "a\r\nid", "'; id; '", `"$(id)"`, "-oProxyCommand=id", "--upload-pack=id",
		"ext::sh -c id", "a\x00b", "%0aid", "a\u2028id", "${IFS}", "{{.}}", `{{env "X"}}`, "a<script>", "a\\b", "a\tb", "a\u202eb",
		strings.Repeat("x", 256), "a>b", "a$b",
	}
}

// templates is the catalogue of one-click services, as it is part of the program.
var templates = sync.OnceValue(func() *template.Catalog {
	c, err := template.Open()
	if err != nil {
		panic(err)
	}
	return c
})
