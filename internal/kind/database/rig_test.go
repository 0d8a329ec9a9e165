package database_test

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/deploy"
	"github.com/taffrail/taffrail/internal/engine"
	"github.com/taffrail/taffrail/internal/host"
	"github.com/taffrail/taffrail/internal/kind/database"
	"github.com/taffrail/taffrail/internal/logs"
	"github.com/taffrail/taffrail/internal/run"
	"github.com/taffrail/taffrail/internal/sqlstore"
	"github.com/taffrail/taffrail/internal/storetest"
	"github.com/taffrail/taffrail/internal/testenv"
)

// TestMain makes the test binary its own runner: the program that is put on the target
// and called there as "run exec".
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "run" {
		syscall.Exit(run.Main(context.Background(), os.Args[2:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// odd is a password that something on the way could take for more than text.
const odd = `a'b"c\d $e{f} #g%h&i;j<k>`

// rig carries deployments of databases out on this machine: a real store, carrier, runner
// and Docker.
type rig struct {
	*testing.T
	db      *sqlstore.DB
	place   *storetest.Place
	carrier *deploy.Carrier
	now     time.Time
}

func newRig(t *testing.T) *rig {
	t.Helper()
	if os.Getenv("TAFFRAIL_LAB") == "" {
		testenv.Missing(t, "the lab's images")
	}
	testenv.RequireDocker(t)
	r := &rig{T: t, db: storetest.OpenSQLite(t), now: time.Now()}
	r.place = storetest.NewPlace(t, r.db)
	r.place.Server.Settings.RemoteDir = t.TempDir()
	r.must(r.db.UpdateServer(t.Context(), r.place.Server))
	self, err := os.Executable()
	r.must(err)
	pool := host.NewPool(host.Options{Runner: func(context.Context, string, string) (string, error) { return self, nil }})
	t.Cleanup(func() { r.must(pool.Close()) })
	r.carrier = deploy.NewCarrier(deploy.Deps{
		Store: r.db, Lines: r.db, Hub: logs.NewHub(), Hosts: pool.Get, Log: slog.New(slog.DiscardHandler),
		Kinds: map[core.Kind]deploy.Kind{core.KindDatabase: database.New(r.db, func() time.Time { return r.now })},
	})
	return r
}

func (r *rig) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// create makes a database with an odd password, which is gone when the test ends.
func (r *rig) create(engineName string, change func(*core.Database)) core.Database {
	r.Helper()
	spec, _ := engine.Find(engineName)
	db := r.place.Database("db-"+engineName, engineName)
	db.Image, db.Fields = spec.Image, spec.Defaults()
	db.Settings.Limits, db.Settings.Health = core.DefaultLimits(), core.DefaultHealthCheck()
	for _, f := range spec.Fields {
		if f.Role == engine.RolePassword {
			db.Fields[f.Name] = core.NewSecret(odd)
		}
	}
	if change != nil {
		change(&db)
	}
	r.must(r.db.UpdateDatabase(r.Context(), db))
	r.Cleanup(func() {
		d := r.do(db, core.VerbStop, core.Options{Remove: core.Removal{Volumes: true, Configurations: true}})
		if left := r.left(db); d.Status != core.StatusFinished || left != "" {
			r.Errorf("clean up: %s %s; left: %s", d.Status, d.Outcome.Reason, left)
		}
	})
	return db
}

// left is what there is of a database on this machine.
func (r *rig) left(db core.Database) string {
	r.Helper()
	id := string(db.UUID)
	return docker(r.T, "ps", "-aq", "--filter", "label=com.docker.compose.project="+id) + docker(r.T, "volume", "ls", "-q", "--filter", "name="+id)
}

// update changes a database.
func (r *rig) update(db core.Database, change func(*core.Database)) core.Database {
	r.Helper()
	db = r.get(db)
	change(&db)
	r.must(r.db.UpdateDatabase(r.Context(), db))
	return db
}

func (r *rig) get(db core.Database) core.Database {
	r.Helper()
	got, err := r.db.GetDatabase(context.WithoutCancel(r.Context()), r.place.Team, db.UUID)
	r.must(err)
	return got
}

// do carries a deployment out and returns it as it ended.
func (r *rig) do(db core.Database, verb core.Verb, o core.Options) core.Deployment {
	r.Helper()
	ctx := context.WithoutCancel(r.Context())
	d := core.Deployment{
		Kind: core.KindDatabase, TeamID: r.place.Team, Verb: verb, Options: o, Server: r.place.Server.Ref(),
		Resource: core.Resource{RowID: db.RowID, UUID: db.UUID}, Actor: core.Actor{Kind: "token", Name: "ci"}, Trigger: core.TriggerAPI,
	}
	var err error
	if o.Backup != "" {
		_, err = r.db.EnqueueBackup(ctx, d, core.Backup{UUID: o.Backup, Engine: db.Type})
	} else {
		_, _, err = r.db.EnqueueDeployment(ctx, d)
	}
	r.must(err)
	return r.carryNext()
}

// carryNext carries out what waits.
func (r *rig) carryNext() core.Deployment {
	r.Helper()
	ctx := context.WithoutCancel(r.Context())
	d, ok, err := r.db.ClaimDeployment(ctx, string(core.NewID()), 10*time.Minute)
	r.must(err)
	if !ok {
		r.Fatal("nothing to claim")
	}
	r.carrier.Carry(ctx, d, nil)
	ended, err := r.db.GetDeployment(ctx, r.place.Team, d.UUID)
	r.must(err)
	return ended
}

// finish wants a deployment to finish.
func (r *rig) finish(db core.Database, verb core.Verb, o core.Options) core.Deployment {
	r.Helper()
	d := r.do(db, verb, o)
	if d.Status != core.StatusFinished {
		r.Fatalf("%s: %s: %s\n%s", verb, d.Status, d.Outcome.Reason, r.log(d))
	}
	if log := r.log(d); strings.Contains(log, odd) {
		r.Errorf("the log shows the password:\n%s", log)
	}
	return d
}

// fail wants a deployment to fail, and everything that it says to have these words.
func (r *rig) fail(db core.Database, verb core.Verb, o core.Options, words ...string) core.Deployment {
	r.Helper()
	d := r.do(db, verb, o)
	said := d.Outcome.Reason + strings.Join(d.Outcome.LastErr, "\n")
	if d.Status != core.StatusFailed {
		r.Errorf("%s: %s: %s\n%s", verb, d.Status, said, r.log(d))
	}
	for _, word := range words {
		if !strings.Contains(said, word) {
			r.Errorf("%s does not say %q: %s\n%s", verb, word, said, r.log(d))
		}
	}
	return d
}

func (r *rig) log(d core.Deployment) string {
	r.Helper()
	lines, err := r.db.LinesAfter(context.WithoutCancel(r.Context()), d.LogID, 0, 100_000)
	r.must(err)
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(string(l.Stream) + " " + l.Command + l.Output + "\n")
	}
	return b.String()
}

// ask runs a statement as the database's user with its own client.
func (r *rig) ask(db core.Database, words ...string) string {
	r.Helper()
	clients := map[string][]string{
		"postgresql": {"sh", "/run/taffrail/client.sh", "psql", "-XAtqc"},
		"redis":      {"sh", "/run/taffrail/client.sh"},
		"mariadb":    {"mariadb", "--defaults-extra-file=/run/taffrail/client.cnf", "default", "-NBe"},
	}
	return strings.TrimSpace(docker(r.T, append(append([]string{"exec", string(db.UUID)}, clients[db.Type]...), words...)...))
}

// store puts something into a database, and stored gets it back.
func (r *rig) store(db core.Database, value string) {
	r.Helper()
	if db.Type == "redis" {
		r.ask(db, "SET", "cargo", value)
		return
	}
	r.ask(db, "DROP TABLE IF EXISTS cargo; CREATE TABLE cargo (v VARCHAR(100)); INSERT INTO cargo VALUES ('"+value+"')")
}

func (r *rig) stored(db core.Database) string {
	r.Helper()
	if db.Type == "redis" {
		return r.ask(db, "GET", "cargo")
	}
	return r.ask(db, "SELECT v FROM cargo")
}

// container identifies what runs: another one, and another start of the same, differ.
func (r *rig) container(db core.Database) string {
	r.Helper()
	return docker(r.T, "inspect", "--format", "{{.Id}} {{.State.StartedAt}}", string(db.UUID))
}

// is wants a database to be in a state, as it was recorded.
func (r *rig) is(db core.Database, status string) {
	r.Helper()
	if got := r.get(db).Status; got != status {
		r.Errorf("status %s, want %s", got, status)
	}
}

// docker returns what a docker command prints. It serves clean-ups too, where the test's
// own context is over.
func docker(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(context.Background(), "docker", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// freePort is a port of loopback that nobody has now.
func (r *rig) freePort() int {
	r.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	r.must(err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// served is the certificate that a database shows to clients.
func (r *rig) served(db core.Database, port string) string {
	r.Helper()
	address := strings.TrimSpace(docker(r.T, "inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", string(db.UUID)))
	conn, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(r.Context(), "tcp", net.JoinHostPort(address, port))
	r.must(err)
	defer conn.Close()
	if db.Type == "postgresql" { // its clients ask for TLS before they speak it
		_, err = conn.Write([]byte{0, 0, 0, 8, 4, 210, 22, 47})
		r.must(err)
		answer := make([]byte, 1)
		if _, err := conn.Read(answer); err != nil || answer[0] != 'S' {
			r.Fatalf("TLS is refused: %q %v", answer, err)
		}
	}
	client := tls.Client(conn, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // it is looked at here
	r.must(client.HandshakeContext(r.Context()))
	return client.ConnectionState().PeerCertificates[0].SerialNumber.String()
}
