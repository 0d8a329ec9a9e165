package deploy

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/docker"
	"github.com/taffrail/taffrail/internal/host"
	"github.com/taffrail/taffrail/internal/logs"
	"github.com/taffrail/taffrail/internal/redact"
)

// Deps is what a Carrier works with.
type Deps struct {
	Store Store
	Lines logs.Store
	Hub   *logs.Hub
	Kinds map[core.Kind]Kind
	// Hosts returns the machine of a server, connected or not.
	Hosts func(ctx context.Context, s core.Server) (host.Host, error)
	// Secrets are values of the controller's own that a log on this server must not
	// show, such as the SSH key that reaches it. They are added to the resource's.
	Secrets func(ctx context.Context, s core.Server) ([]redact.Value, error)
	Settled func() // called right behind each end, before anything that follows from it; nil: nobody waits
	Log     *slog.Logger
}

// Carrier carries deployments from their claim to their end: load, observe, plan,
// launch, follow, verify, settle. Each change is committed before the act it announces
// and after it, so that whoever takes over at any moment knows what to ask the target.
// It is safe for concurrent use, one call per deployment.
type Carrier struct{ deps Deps }

// NewCarrier returns a carrier.
func NewCarrier(d Deps) *Carrier { return &Carrier{d} }

// Carry implements queue.Carrier. It returns without settling only when ctx ends: the
// controller stops, or another one has taken over.
func (c *Carrier) Carry(ctx context.Context, d core.Deployment, cancel <-chan struct{}) {
	log := c.deps.Log.With("deployment", d.UUID, "kind", d.Kind, "verb", d.Verb)
	j := &journey{Carrier: c, d: d, cancel: cancel, log: log, notes: make(chan note, 8)}
	defer func() {
		if p := recover(); p != nil {
			log.Error("panic while carrying a deployment", "panic", p, "stack", string(debug.Stack()))
		}
	}()
	log.Info("deployment carried", "fence", d.Lease.Fence, "adopted", j.planned())
	c.deps.Hub.Publish(j.event(core.StatusInProgress))
	err := j.travel(ctx)
	switch {
	case ctx.Err() != nil:
		log.Info("deployment handed over", "cause", context.Cause(ctx))
	case core.CodeOf(err) == core.CodeLost:
		log.Warn("deployment was taken over by another controller")
	case err != nil:
		log.Error("deployment given up", "error", err)
	}
}

// journey is one deployment in the hands of this controller.
type journey struct {
	*Carrier
	d      core.Deployment
	cancel <-chan struct{}
	log    *slog.Logger

	notes chan note // lines from beside the following, which alone may touch ingest

	target  Target
	host    host.Host // of the target's server
	builder host.Host // that of the first stage; nil: there is none
	snap    snapshot
	ingest  *logs.Ingest
}

// planned says whether what is to run was committed, here or by an earlier controller.
func (j *journey) planned() bool { return !j.d.Config.Snapshot.Empty() }

// travel goes the whole way. Errors of the way that a person must know are settled as
// the outcome; what it returns is a fault of ours or of the store.
func (j *journey) travel(ctx context.Context) error {
	if err := j.loadPatiently(ctx); err != nil {
		return j.giveUp(ctx, err)
	}
	if !j.planned() {
		if err := j.plan(ctx); err != nil {
			return j.giveUp(ctx, err)
		}
	}
	return j.carryOut(ctx)
}

// loadPatiently loads, trying again while the store is in trouble: a run that an earlier
// controller launched goes on meanwhile, and is not failed because we cannot read.
func (j *journey) loadPatiently(ctx context.Context) error {
	began := time.Now()
	for pause := firstPause; ; pause = min(pause*2, longestPause) {
		err := j.load(ctx)
		code := core.CodeOf(err)
		if err == nil || ctx.Err() != nil || code != core.CodeInternal && code != core.CodeUnavailable || time.Since(began) > extraLimit {
			return err
		}
		if j.cancelled() && !j.planned() {
			return errCancelled
		}
		j.log.Error("deployment cannot be loaded, trying again", "error", err)
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// load reads the resource and opens the log.
func (j *journey) load(ctx context.Context) error {
	kind := j.deps.Kinds[j.d.Kind]
	if kind == nil {
		return core.Errorf(core.CodeBadRequest, "This Taffrail cannot deploy a %s.", j.d.Kind)
	}
	target, err := kind.Load(ctx, j.d)
	if err != nil {
		return err
	}
	j.target = target
	servers := []core.Server{target.Server()}
	if b, ok := target.(Builder); ok && b.Builder().RowID != 0 {
		servers = append(servers, b.Builder())
	}
	secrets, err := j.secrets(ctx, servers)
	if err != nil {
		return err
	}
	if j.planned() {
		if j.snap, err = openSnapshot(j.d.Config.Snapshot); err != nil {
			return err
		}
	} else {
		j.snap.Secrets = secrets
	}
	if err := j.openLog(ctx); err != nil {
		return err
	}
	return j.reach(ctx, servers)
}

// secrets are the values that the log must not show.
func (j *journey) secrets(ctx context.Context, servers []core.Server) ([]redact.Value, error) {
	all := j.target.Secrets()
	if j.deps.Secrets == nil {
		return all, nil
	}
	for _, s := range servers {
		own, err := j.deps.Secrets(ctx, s)
		if err != nil {
			return nil, err
		}
		all = append(all, own...)
	}
	return all, nil
}

// reach gets the machines of the deployment's servers: its own, and the one that builds.
func (j *journey) reach(ctx context.Context, servers []core.Server) (err error) {
	if j.host, err = j.deps.Hosts(ctx, servers[0]); err != nil {
		return err
	}
	if len(servers) > 1 {
		j.builder, err = j.deps.Hosts(ctx, servers[1])
	}
	if err == nil && j.snap.First != nil && j.builder == nil {
		err = core.Errorf(core.CodeBadRequest, "The build server of this deployment was removed from Taffrail.")
	}
	return err
}

// openLog goes on with the log where it ends, masking the values of the snapshot.
func (j *journey) openLog(ctx context.Context) error {
	if j.ingest != nil {
		return nil
	}
	cursor, last, err := j.deps.Store.GetCursor(ctx, j.d.LogID)
	if err != nil {
		return err
	}
	set := redact.Compile(redact.Options{Secrets: j.snap.Secrets})
	j.ingest, err = logs.NewIngest(set, j.d.LogID, j.d.Lease.Fence, cursor, last)
	return err
}

// plan decides what is to run and commits it.
func (j *journey) plan(ctx context.Context) error {
	if j.ingest.Seq() == 0 {
		j.say(core.Info, fmt.Sprintf("%s of %s %s on %s, asked for by %s.",
			title(j.d.Verb), j.d.Kind, j.d.Resource.Name, j.d.Server.Name, actorName(j.d.Actor)))
		if err := j.commit(ctx); err != nil {
			return err
		}
	}
	seen, err := j.observe(ctx)
	if err != nil {
		return err
	}
	plan, err := j.target.Plan(j.d, seen)
	if err != nil {
		return err
	}
	if j.cancelled() {
		return errCancelled
	}
	j.prepare(&plan)
	j.snap.First, j.snap.Script, j.snap.Keep = plan.First, plan.Script, plan.Keep
	sealed, err := j.snap.seal()
	if err != nil {
		return err
	}
	j.d.Config.Hash, j.d.Config.Snapshot = plan.Hash, sealed
	return j.deps.Store.SetConfig(ctx, j.d)
}

// prepare gives the scripts of a plan their ids and, where it has none, their limits. That
// of the first stage has an id of its own: both servers may turn out to be one machine.
func (j *journey) prepare(p *Plan) {
	p.Script.ID = j.d.UUID
	if p.Script.Limit == 0 { // a plan may know better: a dump takes as long as its schedule allows
		p.Script.Limit = time.Duration(j.target.Server().Settings.DynamicTimeout) * time.Second
	}
	if p.First != nil {
		p.First.ID = core.NewID()
	}
}

// observe looks at the server, trying again while it cannot be reached: a server that
// reboots is no reason to fail.
func (j *journey) observe(ctx context.Context) (Observed, error) {
	seen := Observed{ComposeVersion: j.target.Server().Facts.ComposeVersion, Now: time.Now().UTC()}
	err := j.persist(ctx, reachLimit, func(ctx context.Context) error {
		var err error
		seen.Containers, err = docker.Containers(ctx, j.host, j.target.Project())
		if err == nil && j.builder != nil {
			// Whether it is there is found out now: nothing would be failed for it later.
			_, err = j.builder.Status(ctx, j.d.UUID)
		}
		return err
	})
	return seen, err
}

// event tells about a status of this deployment.
func (j *journey) event(s core.Status) logs.Event {
	return logs.Event{TeamID: j.d.TeamID, Kind: j.d.Kind, Deployment: j.d.UUID, Resource: j.d.Resource.UUID, Status: s}
}

func title(v core.Verb) string { return string(v[0]-'a'+'A') + string(v[1:]) }

func actorName(a core.Actor) string {
	if a.Name == "" {
		return a.Kind
	}
	return a.Kind + " " + a.Name
}
