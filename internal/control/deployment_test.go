package control_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

// claim lets a controller begin the next deployment.
func (w *world) claim(t testing.TB) core.Deployment {
	t.Helper()
	d, ok, err := w.db.ClaimDeployment(t.Context(), "controller", time.Minute)
	if err != nil || !ok {
		t.Fatalf("claim: %v, %v", ok, err)
	}
	return d
}

// settle ends a deployment that was claimed, and leaves its service with a status.
func (w *world) settle(t testing.TB, d core.Deployment, s core.Status, seen string) {
	t.Helper()
	d.Status = s
	d.Outcome.LastErr = []string{"last words"}
	if err := w.db.Settle(t.Context(), d, core.Batch{LogID: d.LogID, Fence: d.Lease.Fence}); err != nil {
		t.Fatal(err)
	}
	if err := w.db.SetServiceStatus(t.Context(), d.TeamID, d.Resource.RowID, seen, "", "", nil); err != nil {
		t.Fatal(err)
	}
}

func TestADeploymentKnowsWhoAskedAndWhy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	p := w.owner
	p.Actor, p.Trigger = core.Actor{Kind: "token", ID: 5, Name: "ci"}, core.TriggerCLI
	in := control.Action{Options: core.Options{PullLatest: true, StopBeforeStart: true}, Note: "new logo\nand colours"}
	q := must(w.c.RestartService(t.Context(), p, x.service, in))(t)
	d := must(w.c.GetDeployment(t.Context(), p, q.Deployment.UUID))(t)
	if d.Actor != p.Actor || d.Trigger != core.TriggerCLI || d.Note != in.Note || d.Options != in.Options || d.Verb != core.VerbRestart ||
		d.Status != core.StatusQueued || d.Server.UUID != x.server || d.Resource.UUID != x.service || d.Resource.Name != "Front" {
		t.Errorf("deployment %+v", d)
	}
	path := "/project/" + string(x.project) + "/environment/" + string(x.environment) + "/service/" + string(x.service) + "/deployment/" + string(d.UUID)
	if control.DeploymentPath(d) != path || w.c.DeploymentURL(d) != "https://taffrail.example"+path {
		t.Errorf("path %q, url %q", control.DeploymentPath(d), w.c.DeploymentURL(d))
	}
	if q.Message != "Service restarting request queued." || q.Joined || w.woken < 2 {
		t.Errorf("queued %+v, woken %d", q, w.woken)
	}
	again := must(w.c.RestartService(t.Context(), w.owner, x.service, in))(t)
	if !again.Joined || again.Deployment.UUID != d.UUID {
		t.Errorf("the same again: %+v", again)
	}
	in.Options.Force = true
	forced := must(w.c.RestartService(t.Context(), w.owner, x.service, in))(t)
	if forced.Joined || forced.Deployment.UUID == d.UUID {
		t.Errorf("the same by force: %+v", forced)
	}
	for _, note := range []string{"a\x00b", "\x1b[31mred", "\xff", strings.Repeat("x", 1001)} {
		_, err := w.c.RestartService(t.Context(), p, x.service, control.Action{Note: note})
		wantFields(t, err, "note")
	}
}

func TestActionsTakeNoMoreThanTheirVerbMay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	all := core.Removal{Configurations: true, Volumes: true, Networks: true, Images: true}
	q := must(w.c.StopService(t.Context(), w.owner, x.service, control.Action{Options: core.Options{Remove: all}}))(t)
	if q.Deployment.Options.Remove != (core.Removal{Images: true}) {
		t.Errorf("a stop takes away %+v", q.Deployment.Options.Remove)
	}
	q = must(w.c.RestartService(t.Context(), w.owner, x.service, control.Action{Options: core.Options{Remove: all}}))(t)
	if q.Deployment.Options.Remove.Any() {
		t.Errorf("a restart takes away %+v", q.Deployment.Options.Remove)
	}
}

func TestStartAndStopThatChangeNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner) // with a start in the queue
	ctx := t.Context()
	running := core.Errorf(core.CodeBadRequest, "Service is already running.")
	stopped := core.Errorf(core.CodeBadRequest, "Service is already stopped.")
	up := core.Container{Service: "web", State: "running", Health: "healthy"}
	w.containers.are(x.service, up)
	start := func(want *core.Error) {
		t.Helper()
		_, err := w.c.StartService(ctx, w.owner, x.service, control.Action{})
		wantEqual(t, err, want)
	}
	stop := func(want *core.Error) {
		t.Helper()
		_, err := w.c.StopService(ctx, w.owner, x.service, control.Action{})
		wantEqual(t, err, want)
	}
	start(nil) // joins the one that is queued
	d := w.claim(t)
	stop(nil) // it is being started
	must(w.c.CancelDeployment(ctx, w.owner, must(w.c.ListDeployments(ctx, w.owner))(t)[1].UUID))(t)
	w.settle(t, d, core.StatusFinished, "running:healthy")
	start(running)
	must(w.c.RestartService(ctx, w.owner, x.service, control.Action{}))(t)
	start(running) // a restart does not change that
	w.settle(t, w.claim(t), core.StatusFinished, "running:unhealthy")
	stop(nil)
	start(nil) // it is about to be stopped
	w.settle(t, w.claim(t), core.StatusFinished, "exited")
	stop(nil) // it is about to be started
	w.settle(t, w.claim(t), core.StatusFailed, "degraded:unhealthy")
	w.settle(t, w.claim(t), core.StatusFinished, "exited:unhealthy")
	w.containers.are(x.service)
	stop(stopped)
	start(nil)
}

func wantEqual(t testing.TB, err error, want *core.Error) {
	t.Helper()
	if want == nil {
		if err != nil {
			t.Errorf("error %v", err)
		}
		return
	}
	wantCode(t, err, want.Code, want.Msg)
}

func TestDeployManyAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	ctx := t.Context()
	second := must(w.c.CreateService(ctx, w.owner, x.serviceInput()))(t).Service.UUID
	q := must(w.c.Deploy(ctx, w.owner, []core.ID{x.service, core.NewID(), second, x.service, x.server, "tag"}, control.Action{Note: "n"}))(t)
	if len(q) != 2 || q[0].Deployment.Verb != core.VerbDeploy || q[1].Resource.UUID != second ||
		q[0].Message != "Service Front started. It could take a while, be patient." {
		t.Errorf("queued %+v", q)
	}
	_, err := w.c.Deploy(ctx, w.owner, nil, control.Action{})
	wantCode(t, err, core.CodeBadRequest, "No UUIDs provided.")
	_, err = w.c.Deploy(ctx, w.owner, make([]core.ID, 101), control.Action{})
	wantFields(t, err, "uuid")
	must(w.c.UpdateServer(ctx, w.owner, x.server, control.ServerPatch{DeploymentQueueLimit: ptr(4)}))(t)
	in := control.Action{Options: core.Options{Force: true}}
	q, err = w.c.Deploy(ctx, w.owner, []core.ID{x.service, second}, in)
	wantCode(t, err, core.CodeTooMany, "")
	if len(q) != 1 {
		t.Errorf("queued before the queue was full: %+v", q)
	}
}

func TestCreateServiceWithInstantDeploy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	in := x.serviceInput()
	in.InstantDeploy = true
	writer := as(w.owner, core.RoleAdmin, auth.Write)
	s := must(w.c.CreateService(t.Context(), writer, in))(t)
	if s.Deployment.UUID == "" || s.Deployment.Resource.UUID != s.Service.UUID {
		t.Errorf("saved %+v", s)
	}
	must(w.c.UpdateServer(t.Context(), w.owner, x.server, control.ServerPatch{DeploymentQueueLimit: ptr(1)}))(t)
	s = must(w.c.CreateService(t.Context(), writer, in))(t)
	if s.Deployment.UUID != "" || !strings.Contains(strings.Join(s.Warnings, " "), "queue of its server is full") {
		t.Errorf("saved with a full queue: %+v", s)
	}
}

func TestCancelDeployment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	ctx := t.Context()
	queued := must(w.c.RestartService(ctx, w.owner, x.service, control.Action{}))(t).Deployment
	d := must(w.c.CancelDeployment(ctx, w.owner, queued.UUID))(t)
	if d.Status != core.StatusCancelled || len(w.cancelled) != 0 {
		t.Errorf("a queued one: %s, runners told: %v", d.Status, w.cancelled)
	}
	_, err := w.c.CancelDeployment(ctx, w.owner, queued.UUID)
	wantCode(t, err, core.CodeBadRequest, "Deployment cannot be cancelled. Current status: cancelled-by-user")
	running := w.claim(t)
	d = must(w.c.CancelDeployment(ctx, w.owner, running.UUID))(t)
	if d.Status != core.StatusInProgress || d.CancelAt.IsZero() || len(w.cancelled) != 1 || w.cancelled[0] != running.UUID {
		t.Errorf("a running one: %+v, runners told: %v", d, w.cancelled)
	}
	w.settle(t, running, core.StatusFinished, "running:healthy")
	_, err = w.c.CancelDeployment(ctx, w.owner, running.UUID)
	wantCode(t, err, core.CodeBadRequest, "Deployment cannot be cancelled. Current status: finished")
}

func TestDeletedServicesKeepTheirHistory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	ctx := t.Context()
	running := w.claim(t)
	waiting := must(w.c.RestartService(ctx, w.owner, x.service, control.Action{}))(t).Deployment.UUID
	remove := core.Removal{Configurations: true, Volumes: true, Networks: true, Images: true}
	q := must(w.c.DeleteService(ctx, w.owner, x.service, remove))(t)
	if q.Deployment.Verb != core.VerbStop || q.Deployment.Options.Remove != remove {
		t.Errorf("queued %+v", q.Deployment)
	}
	if len(w.cancelled) != 1 || w.cancelled[0] != running.UUID {
		t.Errorf("runners told: %v", w.cancelled)
	}
	if d := must(w.c.GetDeployment(ctx, w.owner, waiting))(t); d.Status != core.StatusCancelled {
		t.Errorf("what waited is %s", d.Status)
	}
	for _, m := range serviceCalls() {
		if m.missing == "" || m.name == "CreateService" {
			continue
		}
		wantCode(t, m.run(ctx, w.c, w.owner, x), core.CodeNotFound, m.missing)
	}
	if list := must(w.c.Resources(ctx, w.owner))(t); len(list) != 0 {
		t.Errorf("resources %+v", list)
	}
	w.settle(t, running, core.StatusCancelled, "exited")
	w.settle(t, w.claim(t), core.StatusFinished, "exited")
	list, count, err := w.c.ListResourceDeployments(ctx, w.owner, core.KindService, x.service, 0, 2)
	if err != nil || count != 3 || len(list) != 2 || list[0].UUID != q.Deployment.UUID {
		t.Errorf("%d of %d deployments: %+v, %v", len(list), count, list, err)
	}
	must(w.c.Lines(ctx, w.owner, x.deployment, 0, 100))(t)
	_, _, err = w.c.ListResourceDeployments(ctx, w.otherTeam(t), core.KindService, x.service, 0, 2)
	wantCode(t, err, core.CodeNotFound, "Service not found.")
	for _, err := range []error{w.c.DeleteProject(ctx, w.owner, x.project), w.c.DeleteServer(ctx, w.owner, x.server)} {
		if err != nil {
			t.Errorf("what is deleted still keeps others: %v", err)
		}
	}
}

func TestDeleteServiceNeedsRoomInTheQueue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	must(w.c.UpdateServer(t.Context(), w.owner, x.server, control.ServerPatch{DeploymentQueueLimit: ptr(1)}))(t)
	before := w.dump(t)
	_, err := w.c.DeleteService(t.Context(), w.owner, x.service, core.Removal{Volumes: true})
	wantCode(t, err, core.CodeTooMany, "")
	if w.dump(t) != before {
		t.Error("a refused deletion changed something")
	}
}

// lame is a store that cannot delete services.
type lame struct{ *sqlstore.DB }

func (lame) DeleteService(context.Context, int64, core.ID) error { return errors.New("disk on fire") }

func TestADeletionThatFailsStopsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	deps := w.deps()
	deps.Services = lame{w.db}
	_, err := control.New(deps).DeleteService(t.Context(), w.owner, x.service, core.Removal{Volumes: true})
	if core.CodeOf(err) != core.CodeInternal {
		t.Errorf("error %v", err)
	}
	must(w.c.GetService(t.Context(), w.owner, x.service))(t)
	active := must(w.c.ListDeployments(t.Context(), w.owner))(t)
	if len(active) != 1 || active[0].UUID != x.deployment {
		t.Errorf("under way: %+v", active)
	}
}

func TestManyDeleteTheSameService(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	remove := core.Removal{Configurations: true, Volumes: true}
	var (
		all  sync.WaitGroup
		mu   sync.Mutex
		done int
	)
	for range 8 {
		all.Go(func() {
			_, err := w.c.DeleteService(t.Context(), w.owner, x.service, remove)
			if err != nil {
				wantCode(t, err, core.CodeNotFound, "Service not found.")
				return
			}
			mu.Lock()
			defer mu.Unlock()
			done++
		})
	}
	all.Wait()
	active := must(w.c.ListDeployments(t.Context(), w.owner))(t)
	if done != 1 || len(active) != 1 || active[0].Verb != core.VerbStop || active[0].Options.Remove != remove {
		t.Errorf("%d deletions, under way: %+v", done, active)
	}
}

func TestPagesAndFilters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	ctx := t.Context()
	for _, c := range []struct {
		skip, take int
		field      string
	}{{-1, 10, "skip"}, {0, 0, "take"}, {0, 101, "take"}, {0, -1, "take"}} {
		_, _, err := w.c.ListResourceDeployments(ctx, w.owner, core.KindService, x.service, c.skip, c.take)
		wantFields(t, err, c.field)
	}
	list, count, err := w.c.ListResourceDeployments(ctx, w.owner, core.KindService, x.service, 5, 100)
	if err != nil || count != 1 || list == nil || len(list) != 0 {
		t.Errorf("behind the end: %v, %d, %v", list, count, err)
	}
	for field, f := range map[string]control.HistoryFilter{
		"limit":    {Limit: 101},
		"kind":     {Kinds: []core.Kind{"' OR 1=1 --"}},
		"status":   {Statuses: []core.Status{"running"}},
		"trigger":  {Trigger: "x"},
		"server":   {Server: "1"},
		"resource": {Resource: "../x"},
		"q":        {Query: "\x00"},
		"actor":    {Actor: strings.Repeat("x", 300)},
		"cursor":   {Cursor: "\xff"},
	} {
		_, _, err := w.c.History(ctx, w.owner, f)
		wantFields(t, err, field)
	}
	found, _, err := w.c.History(ctx, w.owner, control.HistoryFilter{Kinds: core.Kinds(), Statuses: core.Statuses(), Query: "FRONT"})
	if err != nil || len(found) != 1 || found[0].UUID != x.deployment {
		t.Errorf("history %+v, %v", found, err)
	}
	for _, c := range []struct {
		after int64
		limit int
		field string
	}{{-1, 10, "after"}, {0, 0, "limit"}, {0, 10_001, "limit"}} {
		_, err := w.c.Lines(ctx, w.owner, x.deployment, c.after, c.limit)
		wantFields(t, err, c.field)
	}
}

func TestWaitReason(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	first := w.claim(t)
	second := must(w.c.RestartService(t.Context(), w.owner, x.service, control.Action{}))(t).Deployment
	if r := must(w.c.WaitReason(t.Context(), w.owner, second.UUID))(t); !strings.Contains(r.Reason, string(first.UUID)) {
		t.Errorf("it waits for %+v", r)
	}
	if r := must(w.c.WaitReason(t.Context(), w.owner, first.UUID))(t); r.Reason != "" {
		t.Errorf("a running one waits for %+v", r)
	}
	waits := must(w.c.Waits(t.Context(), w.owner, must(w.c.ListDeployments(t.Context(), w.owner))(t)))(t)
	if len(waits) != 1 || !strings.Contains(waits[second.UUID].Reason, string(first.UUID)) {
		t.Errorf("of a list wait %+v", waits)
	}
}

func TestLastWordsAreForThoseWhoMayReadLogs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	w.settle(t, w.claim(t), core.StatusFailed, "exited")
	if d := must(w.c.GetDeployment(t.Context(), w.owner, x.deployment))(t); len(d.Outcome.LastErr) != 1 {
		t.Errorf("deployment %+v", d.Outcome)
	}
	reader := as(w.owner, core.RoleAdmin, auth.Read)
	list, _, err := w.c.ListResourceDeployments(t.Context(), reader, core.KindService, x.service, 0, 1)
	if err != nil || len(list[0].Outcome.LastErr) != 0 {
		t.Errorf("deployment %+v, %v", list, err)
	}
}
