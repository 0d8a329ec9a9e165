package deploy_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/deploy"
	"github.com/taffrail/taffrail/internal/host"
	"github.com/taffrail/taffrail/internal/logs"
	"github.com/taffrail/taffrail/internal/queue"
	"github.com/taffrail/taffrail/internal/redact"
	"github.com/taffrail/taffrail/internal/run"
	"github.com/taffrail/taffrail/internal/secretbox"
	"github.com/taffrail/taffrail/internal/sqlstore"
	"github.com/taffrail/taffrail/internal/storetest"
	"github.com/taffrail/taffrail/internal/testenv"
)

// What a controller of the fleet is told by the environment.
const (
	envFleetName  = "DEPLOY_TEST_FLEET_NAME"
	envFleetDSN   = "DEPLOY_TEST_FLEET_DSN"
	envFleetDir   = "DEPLOY_TEST_FLEET_DIR"
	fleetLease    = 2 * time.Second
	fleetRoom     = 4 // deployments at a time
	fleetSteps    = 3
	fleetServices = 10
)

// fleetKind deploys scripts whose steps write down that they were started.
type fleetKind struct {
	server core.Server
	dir    string
}

func (k fleetKind) Load(_ context.Context, d core.Deployment) (deploy.Target, error) {
	return fleetTarget{k, string(d.Resource.UUID)}, nil
}

func (k fleetKind) Record(context.Context, core.Deployment, core.Findings) error { return nil }

func (k fleetKind) Sum(context.Context, core.Resting, []core.Container) (core.Condition, error) {
	return core.Condition{}, nil
}

type fleetTarget struct {
	fleetKind
	project string
}

func (t fleetTarget) Project() string { return t.project }

func (t fleetTarget) Server() core.Server { return t.server }

func (t fleetTarget) Secrets() []redact.Value { return nil }

func (t fleetTarget) Plan(d core.Deployment, _ deploy.Observed) (deploy.Plan, error) {
	s := run.Script{Dir: filepath.Join(t.dir, "services", string(d.Resource.UUID)), Limit: time.Minute}
	for i := range fleetSteps {
		s.Steps = append(s.Steps, run.Step{
			Name: fmt.Sprint("step", i+1), Title: "A step.",
			Argv: []string{"sh", "-c", `echo "$1" >>"$2"; sleep 0.$3`, "sh", fmt.Sprint(d.UUID, " ", i+1), filepath.Join(t.dir, "truth"), fmt.Sprint(rand.IntN(10))},
		})
	}
	return deploy.Plan{Script: s, Hash: "h"}, nil
}

func (t fleetTarget) truth() string { return filepath.Join(t.dir, "truth") }

// fleetMain is a controller as a process of its own, until it is killed.
func fleetMain() int {
	ctx, log := context.Background(), slog.New(slog.NewTextHandler(os.Stderr, nil))
	dir := os.Getenv(envFleetDir)
	fail := func(err error) int {
		log.Error("controller of the fleet", "error", err)
		return 1
	}
	box, err := secretbox.OpenKeyFile(filepath.Join(dir, "key"))
	if err != nil {
		return fail(err)
	}
	db, err := sqlstore.Open(ctx, sqlstore.Options{DSN: os.Getenv(envFleetDSN), Box: box, Log: log})
	if err != nil {
		return fail(err)
	}
	server, err := db.EnsureLocalhost(ctx, 1)
	if err != nil {
		return fail(err)
	}
	server.Settings.RemoteDir = filepath.Join(dir, "remote")
	self, err := os.Executable()
	if err != nil {
		return fail(err)
	}
	pool := host.NewPool(host.Options{Runner: func(context.Context, string, string) (string, error) { return self, nil }})
	carrier := deploy.NewCarrier(deploy.Deps{
		Store: db, Lines: db, Hub: logs.NewHub(), Hosts: pool.Get, Log: log,
		Kinds: map[core.Kind]deploy.Kind{core.KindService: fleetKind{server, dir}},
	})
	q := queue.NewDispatcher(db, carrier, queue.Options{Owner: os.Getenv(envFleetName), Lease: fleetLease, Log: log})
	if err := q.Start(ctx); err != nil {
		return fail(err)
	}
	fmt.Println("ready")
	select {}
}

// fleet is two controllers on one PostgreSQL, and who watches them.
type fleet struct {
	*storetest.Place
	t     *testing.T
	dsn   string
	dir   string
	log   *os.File
	born  int
	alive [2]*exec.Cmd

	mu      sync.Mutex
	names   [2]string            // written under mu by the test alone
	orphans map[string]time.Time // by row: since when its owner is dead or asleep; guarded by mu
	worst   time.Duration        // guarded by mu
}

func newFleet(t *testing.T) *fleet {
	t.Helper()
	testenv.RequireDocker(t)
	f := &fleet{t: t, dsn: storetest.PostgresDSN(t), dir: t.TempDir(), orphans: map[string]time.Time{}}
	box, err := secretbox.OpenKeyFile(filepath.Join(f.dir, "key"))
	f.must(err)
	db, err := sqlstore.Open(t.Context(), sqlstore.Options{DSN: f.dsn, Box: box})
	f.must(err)
	t.Cleanup(func() { f.must(db.Close()) })
	f.Place = storetest.NewPlace(t, db)
	_, err = db.Raw().ExecContext(t.Context(), `UPDATE servers SET concurrent_builds = $1, deployment_queue_limit = 1000`, fleetRoom)
	f.must(err)
	f.log, err = os.Create(filepath.Join(f.dir, "log"))
	f.must(err)
	for i := range f.alive {
		f.spawn(i)
	}
	t.Cleanup(func() {
		for i := range f.alive {
			f.kill(i)
		}
		if t.Failed() {
			text, _ := os.ReadFile(f.log.Name())
			t.Logf("controllers:\n%s", text[max(0, len(text)-20_000):])
		}
	})
	return f
}

func (f *fleet) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// spawn starts a controller and waits until it works.
func (f *fleet) spawn(i int) {
	f.t.Helper()
	f.born++
	name := fmt.Sprintf("controller-%d", f.born)
	f.name(i, name)
	self, err := os.Executable()
	f.must(err)
	cmd := exec.CommandContext(context.WithoutCancel(f.t.Context()), self)
	cmd.Env = append(os.Environ(), envFleetName+"="+name, envFleetDSN+"="+f.dsn, envFleetDir+"="+f.dir)
	cmd.Stderr = f.log
	out, err := cmd.StdoutPipe()
	f.must(err)
	f.must(cmd.Start())
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
		f.t.Fatalf("a controller did not start: %q, %v", line, err)
	}
	f.alive[i] = cmd
}

// name says who lives in a place.
func (f *fleet) name(i int, name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.names[i] = name
}

func (f *fleet) kill(i int) {
	_ = f.alive[i].Process.Kill()
	_ = f.alive[i].Wait()
}

// orphan notes the rows that a controller had when it was stopped.
func (f *fleet) orphan(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for row, owner := range f.owners() {
		if owner == name && f.orphans[row].IsZero() {
			f.orphans[row] = time.Now()
		}
	}
}

// owners are the rows in progress with who owns them.
func (f *fleet) owners() map[string]string {
	active, err := f.DB.ListActive(f.t.Context(), f.Team)
	if err != nil {
		f.t.Errorf("look at the queue: %v", err)
	}
	found := map[string]string{}
	for _, d := range active {
		if d.Status == core.StatusInProgress {
			found[string(d.UUID)] = d.Lease.Owner
		}
	}
	return found
}

// watch looks at the queue until ended says that it is empty.
func (f *fleet) watch(ended func() bool) {
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for late := time.Now().Add(2 * time.Minute); !ended() && time.Now().Before(late); <-look.C {
		f.mu.Lock()
		owners := f.owners()
		if len(owners) > fleetRoom {
			f.t.Errorf("%d deployments in progress on a server that takes %d", len(owners), fleetRoom)
		}
		for row, since := range f.orphans {
			if owners[row] == "" || owners[row] == f.names[0] || owners[row] == f.names[1] {
				f.worst = max(f.worst, time.Since(since))
				delete(f.orphans, row)
			}
		}
		f.mu.Unlock()
	}
}

// shoot kills or pauses controllers at random moments until there is nothing left to do.
func (f *fleet) shoot(random *rand.Rand, rounds int, ended func() bool) (kills, pauses int) {
	for range rounds {
		if ended() {
			return kills, pauses
		}
		f.pause(time.Duration(200+random.IntN(900)) * time.Millisecond)
		i := random.IntN(2)
		old := f.names[i]
		f.name(i, "nobody")
		if random.IntN(2) == 0 {
			kills++
			f.kill(i)
			f.orphan(old)
			f.pause(time.Duration(random.IntN(1500)) * time.Millisecond)
			f.spawn(i)
			continue
		}
		pauses++
		f.must(f.alive[i].Process.Signal(syscall.SIGSTOP))
		f.orphan(old)
		f.pause(fleetLease + time.Duration(random.IntN(2500))*time.Millisecond)
		f.must(f.alive[i].Process.Signal(syscall.SIGCONT))
		f.name(i, old)
	}
	return kills, pauses
}

func (f *fleet) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-f.t.Context().Done():
	}
}

// TestTwoControllersUnderFire has two controllers work off a queue while one or the other
// is killed or put to sleep: every step is started once, every deployment ends well, the
// limit of the server holds, and no deployment is without a living controller for long.
func TestTwoControllersUnderFire(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // chosen faults, no secrets
	f := newFleet(t)
	deployments, rounds := 24, 6
	if n := os.Getenv("DEPLOY_TEST_FLEET_ROUNDS"); n != "" { // for long runs by hand
		_, err := fmt.Sscan(n, &rounds)
		f.must(err)
		deployments = 5 * rounds
	}
	ids := map[core.ID]bool{}
	services := make([]core.Service, fleetServices)
	for i := range services {
		services[i] = f.Service(fmt.Sprint("s", i))
	}
	for i := range deployments {
		d, _, err := f.DB.EnqueueDeployment(t.Context(), core.Deployment{
			Kind: core.KindService, TeamID: f.Team, Verb: core.VerbDeploy, Server: f.Server.Ref(), Options: core.Options{Force: true},
			Resource: core.Resource{RowID: services[i%fleetServices].RowID}, Actor: core.Actor{Kind: "token", Name: "ci"}, Trigger: core.TriggerAPI,
		})
		f.must(err)
		ids[d.UUID] = true
	}
	ended := func() bool {
		active, err := f.DB.ListActive(t.Context(), f.Team)
		return err == nil && len(active) == 0
	}
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		f.watch(ended)
	}()
	kills, pauses := f.shoot(random, rounds, ended)
	<-watched
	f.check(ids)
	t.Logf("%d kills, %d pauses; longest without a living controller: %s", kills, pauses, f.worst.Round(time.Millisecond))
	if kills+pauses < 4 {
		t.Error("too little happened: nothing was tested")
	}
}

// check compares what was started with what the records say.
func (f *fleet) check(ids map[core.ID]bool) {
	text, err := os.ReadFile(fleetTarget{fleetKind: fleetKind{dir: f.dir}}.truth())
	f.must(err)
	starts := map[string]int{}
	for line := range strings.Lines(string(text)) {
		starts[strings.TrimSpace(line)]++
	}
	for id := range ids {
		if d := f.Get(id); d.Status != core.StatusFinished {
			f.t.Errorf("%s ended as %s: %s", id, d.Status, d.Outcome.Reason)
		}
		for step := range fleetSteps {
			if n := starts[fmt.Sprint(id, " ", step+1)]; n != 1 {
				f.t.Errorf("step %d of %s was started %d times", step+1, id, n)
			}
		}
	}
	// With the lease of two seconds that these controllers have; the default is ten.
	if most := fleetLease + 5*time.Second; f.worst > most {
		f.t.Errorf("a deployment was without a living controller for %s, more than %s", f.worst, most)
	}
}
