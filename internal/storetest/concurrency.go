package storetest

import (
	"sync"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

const (
	racers   = 50
	claimers = 6
	limit    = 2
)

// exerciseConcurrency: fifty deployments are queued at once and claimed by several
// controllers. No limit is ever exceeded, none runs twice, none is forgotten.
func exerciseConcurrency(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db).onServer("crowded", limit, racers)
	var services []core.Service
	for range racers / 2 {
		services = append(services, w.newService("s"))
	}
	var queued sync.WaitGroup
	for i := range racers {
		queued.Go(func() {
			ask := w.ask(services[i%len(services)], core.VerbDeploy)
			ask.Options.Force = true
			if _, _, err := db.EnqueueDeployment(background(t), ask); err != nil {
				t.Errorf("enqueue: %v", err)
			}
		})
	}
	queued.Wait()
	_, _, err := db.EnqueueDeployment(t.Context(), w.ask(w.service, core.VerbDeploy))
	wantCode(t, "one more than the queue holds", err, core.CodeTooMany)

	r := &race{world: w, running: map[int64]core.ID{}, ran: map[core.ID]int{}, last: map[int64]int64{}}
	var all sync.WaitGroup
	for range claimers {
		all.Go(r.claimAll)
	}
	all.Wait()
	if len(r.ran) != racers {
		t.Errorf("%d of %d deployments ran", len(r.ran), racers)
	}
	for id, times := range r.ran {
		if times != 1 {
			t.Errorf("%s ran %d times", id, times)
		}
	}
	page, n, err := db.ListByResource(t.Context(), w.team, core.KindService, services[0].RowID, 0, 10)
	ok(t, err)
	if n != len(page) || n != 2 {
		t.Errorf("a service counts %d deployments and has %d", n, len(page))
	}
}

// race watches the claims from outside.
type race struct {
	*world
	mu      sync.Mutex
	running map[int64]core.ID // by service; guarded by mu
	ran     map[core.ID]int   // guarded by mu
	last    map[int64]int64   // by service: log id of the last one claimed; guarded by mu
}

func (r *race) claimAll() {
	ctx := background(r.t)
	for !r.done() {
		d, found, err := r.db.ClaimDeployment(ctx, "racer", time.Minute)
		if err != nil {
			r.t.Errorf("claim: %v", err)
			return
		}
		if !found {
			continue // others hold what there is
		}
		r.started(d)
		if err := r.db.AppendLog(ctx, core.Batch{LogID: d.LogID, Fence: d.Lease.Fence, Lines: lines(1, 3)}); err != nil {
			r.t.Errorf("append: %v", err)
		}
		r.ended(d)
		d.Status = core.StatusFinished
		if err := r.db.Settle(ctx, d, core.Batch{}); err != nil {
			r.t.Errorf("settle: %v", err)
		}
	}
}

func (r *race) done() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.ran) == racers || r.t.Failed()
}

func (r *race) started(d core.Deployment) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if other, busy := r.running[d.Resource.RowID]; busy {
		r.t.Errorf("%s started while %s of the same service ran", d.UUID, other)
	}
	if d.LogID < r.last[d.Resource.RowID] {
		r.t.Errorf("%s was overtaken by a later one of its service", d.UUID)
	}
	r.running[d.Resource.RowID], r.last[d.Resource.RowID] = d.UUID, d.LogID
	r.ran[d.UUID]++
	if len(r.running) > limit {
		r.t.Errorf("%d in progress on a server that takes %d", len(r.running), limit)
	}
}

func (r *race) ended(d core.Deployment) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.running, d.Resource.RowID)
}
