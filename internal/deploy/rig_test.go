package deploy_test

import (
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/deploy"
	"github.com/taffrail/taffrail/internal/host"
	"github.com/taffrail/taffrail/internal/logs"
	"github.com/taffrail/taffrail/internal/redact"
	"github.com/taffrail/taffrail/internal/run"
	"github.com/taffrail/taffrail/internal/sqlstore"
	"github.com/taffrail/taffrail/internal/storetest"
	"github.com/taffrail/taffrail/internal/testenv"
)

// TestMain makes the test binary its own runner: the program that is put on the target
// and called there as "run exec".
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "run" {
		// Not os.Exit: under the race detector that takes a second, in each of many calls.
		syscall.Exit(run.Main(context.Background(), os.Args[2:], os.Stdin, os.Stdout, os.Stderr))
	}
	if os.Getenv(envFleetName) != "" {
		os.Exit(fleetMain())
	}
	os.Exit(m.Run())
}

const password = "kelp-Harbor-4471"

// rig is a store with one service whose deployments run scripts of the test's choice on
// this machine, by the real runner.
type rig struct {
	t       *testing.T
	db      *sqlstore.DB
	hub     *logs.Hub
	pool    *host.Pool
	server  core.Server
	service core.Service
	place   *storetest.Place

	script  run.Script  // what the next deployments do
	first   *run.Script // and what on the build server before; nil: nothing
	builder core.Server
	loadErr error
	planErr error
	hiccups atomic.Int64 // how often loading still meets a store in trouble

	mu       sync.Mutex
	recorded []core.Container // guarded by mu
}

func newRig(t *testing.T, steps ...run.Step) *rig {
	t.Helper()
	testenv.RequireDocker(t)
	r := &rig{t: t, db: storetest.OpenSQLite(t), hub: logs.NewHub(), script: run.Script{Dir: filepath.Join(t.TempDir(), "service"), Steps: steps}}
	r.place = storetest.NewPlace(t, r.db)
	r.server = r.place.Server
	r.server.Settings.RemoteDir = filepath.Join(t.TempDir(), "remote")
	r.builder = r.server
	r.builder.RowID, r.builder.Settings.RemoteDir = r.server.RowID+1000, filepath.Join(t.TempDir(), "builder")
	r.service = r.place.Service("shop")
	self, err := os.Executable()
	r.must(err)
	r.pool = host.NewPool(host.Options{Runner: func(context.Context, string, string) (string, error) { return self, nil }})
	t.Cleanup(func() { r.must(r.pool.Close()) })
	return r
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// Load implements deploy.Kind.
func (r *rig) Load(context.Context, core.Deployment) (deploy.Target, error) {
	if r.hiccups.Add(-1) >= 0 {
		return nil, io.ErrUnexpectedEOF
	}
	return target{r}, r.loadErr
}

// Record implements deploy.Kind.
func (r *rig) Record(_ context.Context, _ core.Deployment, found core.Findings) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.recorded = found.Containers
	return nil
}

// Sum implements deploy.Kind.
func (r *rig) Sum(context.Context, core.Resting, []core.Container) (core.Condition, error) {
	return core.Condition{}, nil
}

type target struct{ *rig }

// Project implements deploy.Target.
func (t target) Project() string { return string(t.service.UUID) }

func (t target) Server() core.Server { return t.server }

// Builder implements deploy.Builder.
func (t target) Builder() core.Server {
	if t.first == nil {
		return core.Server{}
	}
	return t.builder
}

func (t target) Secrets() []redact.Value {
	return []redact.Value{{Name: "PASSWORD", Value: password}}
}

func (t target) Plan(core.Deployment, deploy.Observed) (deploy.Plan, error) {
	plan := deploy.Plan{Script: t.script, Hash: "h1"}
	if t.first != nil {
		first := *t.first
		plan.First = &first
	}
	return plan, t.planErr
}

// carrier makes a carrier; change may put itself between it and its parts.
func (r *rig) carrier(change ...func(*deploy.Deps)) *deploy.Carrier {
	d := deploy.Deps{
		Store: r.db, Lines: r.db, Hub: r.hub, Kinds: map[core.Kind]deploy.Kind{core.KindService: r},
		Hosts: r.pool.Get, Log: slog.New(slog.NewTextHandler(testLog{r.t}, nil)),
	}
	for _, c := range change {
		c(&d)
	}
	return deploy.NewCarrier(d)
}

type testLog struct{ t *testing.T }

func (w testLog) Write(p []byte) (int, error) {
	w.t.Logf("%s", p)
	return len(p), nil
}

// enqueue adds a deployment and claims it.
func (r *rig) enqueue() core.Deployment {
	r.t.Helper()
	r.place.Enqueue(r.service)
	d, ok := r.claim()
	if !ok {
		r.t.Fatal("nothing to claim")
	}
	return d
}

func (r *rig) claim() (core.Deployment, bool) {
	r.t.Helper()
	d, ok, err := r.db.ClaimDeployment(r.t.Context(), string(core.NewID()), time.Minute)
	r.must(err)
	return d, ok
}

// takeOver claims what an earlier owner holds, as a controller does that finds its lease
// over; false when it has ended meanwhile.
func (r *rig) takeOver() (core.Deployment, bool) {
	r.t.Helper()
	r.must(r.db.ReleaseLeases(r.t.Context(), ""))
	return r.claim()
}

func (r *rig) get(id core.ID) core.Deployment {
	r.t.Helper()
	return r.place.Get(id)
}

// lines returns the whole log and checks that it is numbered without hole.
func (r *rig) lines(d core.Deployment) []core.Line {
	r.t.Helper()
	all, err := r.db.LinesAfter(r.t.Context(), d.LogID, 0, 1_000_000)
	r.must(err)
	for i, l := range all {
		if l.Seq != int64(i+1) {
			r.t.Fatalf("line %d has number %d", i+1, l.Seq)
		}
	}
	return all
}

// output is what commands wrote to a stream.
func (r *rig) output(d core.Deployment, stream core.Stream) []string {
	r.t.Helper()
	var text []string
	for _, l := range r.lines(d) {
		if l.Stream == stream {
			text = append(text, l.Output)
		}
	}
	return text
}

// waitLine waits until the log has a line with this text.
func (r *rig) waitLine(d core.Deployment, text string) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 30*time.Second)
	defer cancel()
	found := io.EOF
	err := logs.Follow(ctx, r.db, r.hub, logs.Feed{
		LogID: d.LogID,
		Ended: func(context.Context) (bool, error) { return false, nil },
		Lines: func(lines []core.Line) error {
			for _, l := range lines {
				if l.Output == text {
					return found
				}
			}
			return nil
		},
	})
	if err != found { //nolint:errorlint // the very error of a few lines above
		r.t.Fatalf("no line %q: %v", text, err)
	}
}

// sh is a step that runs a fixed shell script of the test.
func sh(name, script string) run.Step {
	return run.Step{Name: name, Title: "Step " + name + ".", Argv: []string{"sh", "-c", script}}
}

// shakyHost breaks connections to spools after some bytes.
type shakyHost struct {
	host.Host
	breaks *atomic.Int64
}

// Follow implements host.Host.
func (h shakyHost) Follow(ctx context.Context, id core.ID, from int64) (host.Follower, error) {
	f, err := h.Host.Follow(ctx, id, from)
	if err != nil {
		return nil, err
	}
	return &shakyFollower{f, rand.IntN(40_000), h.breaks}, nil
}

type shakyFollower struct {
	host.Follower
	left   int
	breaks *atomic.Int64
}

// Read implements io.Reader.
func (f *shakyFollower) Read(p []byte) (int, error) {
	if f.left <= 0 {
		f.breaks.Add(1)
		return 0, core.Errorf(core.CodeUnavailable, "The connection was reset.")
	}
	n, err := f.Follower.Read(p[:min(len(p), f.left)])
	f.left -= n
	return n, err
}

// shakyStore refuses some appends.
type shakyStore struct {
	deploy.Store
	refused *atomic.Int64
}

// AppendLog implements deploy.Store.
func (s shakyStore) AppendLog(ctx context.Context, b core.Batch) error {
	if rand.IntN(4) == 0 {
		s.refused.Add(1)
		return io.ErrShortWrite
	}
	return s.Store.AppendLog(ctx, b)
}

// Advance implements deploy.Store.
func (s shakyStore) Advance(ctx context.Context, d core.Deployment, last core.Batch) error {
	if rand.IntN(2) == 0 {
		s.refused.Add(1)
		return io.ErrShortWrite
	}
	return s.Store.Advance(ctx, d, last)
}
