package storetest

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

const modelSteps = 400

// exerciseModel drives the queue by chance and compares each answer with a model that
// is simple enough to be right: a list.
func exerciseModel(t *testing.T, db *sqlstore.DB) {
	const seed = 20261121 // fixed, so that a failure repeats
	w := newWorld(t, db)
	m := &model{t: t, db: db, dice: rand.New(rand.NewPCG(seed, seed)), servers: []*world{w.onServer("m1", 1, 4), w.onServer("m2", 2, 6)}}
	for _, there := range m.servers {
		m.services = append(m.services, nil)
		for range 3 {
			m.services[len(m.services)-1] = append(m.services[len(m.services)-1], there.newService("s"))
		}
	}
	acts := []func(){m.enqueue, m.enqueue, m.claim, m.claim, m.settle, m.cancel, m.write, m.release}
	for step := range modelSteps {
		acts[m.dice.IntN(len(acts))]()
		if t.Failed() {
			t.Fatalf("at step %d of seed %d", step, seed)
		}
	}
	active, err := db.ListActive(t.Context(), w.team)
	ok(t, err)
	if len(active) != len(m.active) {
		t.Errorf("%d active deployments, the model has %d", len(active), len(m.active))
	}
}

type model struct {
	t        *testing.T
	db       *sqlstore.DB
	dice     *rand.Rand
	servers  []*world
	services [][]core.Service
	active   []*modelled // in the order they were queued
}

type modelled struct {
	d      core.Deployment
	server int
	status core.Status
	fence  int64
	over   bool // its lease
	lines  int64
}

func (m *model) enqueue() {
	s := m.dice.IntN(len(m.servers))
	ask := m.servers[s].ask(m.services[s][m.dice.IntN(3)], []core.Verb{core.VerbDeploy, core.VerbStop}[m.dice.IntN(2)])
	var queued int
	var last *modelled
	for _, a := range m.active {
		if a.server == s && a.status == core.StatusQueued {
			queued++
			if a.d.Resource.RowID == ask.Resource.RowID {
				last = a
			}
		}
	}
	d, joined, err := m.db.EnqueueDeployment(m.t.Context(), ask)
	switch {
	case last != nil && last.d.Verb == ask.Verb:
		if err != nil || !joined || d.UUID != last.d.UUID {
			m.t.Errorf("enqueue gave %s (joined %v, %v), want to join %s", d.UUID, joined, err, last.d.UUID)
		}
	case queued >= m.servers[s].server.Settings.DeploymentQueueLimit:
		wantCode(m.t, "enqueue into a full queue", err, core.CodeTooMany)
	default:
		if err != nil || joined {
			m.t.Errorf("enqueue: joined %v, %v", joined, err)
		}
		m.active = append(m.active, &modelled{d: d, server: s, status: core.StatusQueued})
	}
}

// next is what a claim has to give: any whose lease is over, else the first that may start.
func (m *model) next() map[core.ID]*modelled {
	overs, running, busy := map[core.ID]*modelled{}, map[int]int{}, map[int64]bool{}
	for _, a := range m.active {
		if a.status == core.StatusInProgress {
			running[a.server]++
			busy[a.d.Resource.RowID] = true
			if a.over {
				overs[a.d.UUID] = a
			}
		}
	}
	if len(overs) > 0 {
		return overs
	}
	for _, a := range m.active {
		if a.status != core.StatusQueued {
			continue
		}
		if !busy[a.d.Resource.RowID] && running[a.server] < m.servers[a.server].server.Settings.ConcurrentBuilds {
			return map[core.ID]*modelled{a.d.UUID: a}
		}
		busy[a.d.Resource.RowID] = true // those behind it wait for it
	}
	return nil
}

func (m *model) claim() {
	want := m.next()
	d, found, err := m.db.ClaimDeployment(m.t.Context(), "m", time.Hour)
	ok(m.t, err)
	a := want[d.UUID]
	if found != (len(want) > 0) || found && a == nil {
		m.t.Errorf("claimed %s (%v), want one of %v", d.UUID, found, want)
		return
	}
	if found {
		a.status, a.fence, a.over = core.StatusInProgress, a.fence+1, false
		if d.Lease.Fence != a.fence {
			m.t.Errorf("the fence is %d, want %d", d.Lease.Fence, a.fence)
		}
		a.d = d
	}
}

func (m *model) pick() *modelled {
	if len(m.active) == 0 {
		return nil
	}
	return m.active[m.dice.IntN(len(m.active))]
}

func (m *model) drop(gone *modelled) {
	for i, a := range m.active {
		if a == gone {
			m.active = append(m.active[:i], m.active[i+1:]...)
			return
		}
	}
}

func (m *model) settle() {
	a := m.pick()
	if a == nil {
		return
	}
	d := a.d
	d.Status, d.Lease.Fence = core.StatusFailed, a.fence
	err := m.db.Settle(m.t.Context(), d, core.Batch{})
	if a.status == core.StatusQueued {
		wantCode(m.t, "settle what is queued", err, core.CodeLost)
		return
	}
	ok(m.t, err)
	m.drop(a)
}

func (m *model) cancel() {
	a := m.pick()
	if a == nil || m.dice.IntN(2) == 0 {
		return
	}
	d, err := m.db.CancelDeployment(m.t.Context(), a.d.TeamID, a.d.UUID, core.Actor{})
	ok(m.t, err)
	want := a.status
	if a.status == core.StatusQueued {
		want = core.StatusCancelled
		m.drop(a)
	}
	if d.Status != want || d.CancelAt.IsZero() {
		m.t.Errorf("cancelled deployment is %s, want %s", d.Status, want)
	}
}

// write appends with the present fence or an older one.
func (m *model) write() {
	a := m.pick()
	if a == nil {
		return
	}
	fence := a.fence - int64(m.dice.IntN(2))
	err := m.db.AppendLog(m.t.Context(), core.Batch{LogID: a.d.LogID, Fence: fence, Lines: lines(a.lines+1, 2)})
	if a.status == core.StatusQueued || fence != a.fence {
		wantCode(m.t, "append without the lease", err, core.CodeLost)
		return
	}
	ok(m.t, err)
	a.lines += 2
}

func (m *model) release() {
	if m.dice.IntN(4) > 0 {
		return
	}
	ok(m.t, m.db.ReleaseLeases(m.t.Context(), "m"))
	for _, a := range m.active {
		a.over = a.status == core.StatusInProgress
	}
}
