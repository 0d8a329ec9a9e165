package storetest

import (
	"fmt"
	"testing"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

// resources of each kind to deploy.
func (w *world) oneOfEach() map[core.Kind]core.Deployment {
	all := map[core.Kind]core.Deployment{}
	for _, k := range core.Kinds() {
		d := w.ask(w.service, core.VerbDeploy)
		switch d.Kind = k; k {
		case core.KindApplication:
			d.Resource.RowID = w.newApplication("my application").RowID
		case core.KindDatabase:
			d.Resource.RowID = w.newDatabase("my database").RowID
		}
		all[k] = d
	}
	return all
}

// exerciseKinds: the three kinds go the same way, and only their names differ.
func exerciseKinds(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db).onServer("many", 9, 25)
	queued := map[core.Kind]core.Deployment{}
	for k, ask := range w.oneOfEach() {
		queued[k] = w.enqueue(ask)
		if _, joined, err := db.EnqueueDeployment(t.Context(), ask); err != nil || !joined {
			t.Errorf("an equal deployment of a %s did not join: %v", k, err)
		}
	}
	for range queued {
		d := w.claim("a")
		want := queued[d.Kind]
		if d.UUID != want.UUID || d.Resource != want.Resource {
			t.Errorf("claimed %s of %+v, want %s of %+v", d.UUID, d.Resource, want.UUID, want.Resource)
		}
		ok(t, db.AppendLog(t.Context(), core.Batch{LogID: d.LogID, Fence: d.Lease.Fence, Lines: lines(1, 1)}))
	}
	renewed, err := db.RenewLeases(t.Context(), "a", 1)
	ok(t, err)
	if len(renewed) != 3 {
		t.Errorf("renewed %d leases, want 3", len(renewed))
	}
	for range queued { // all leases are over by now
		w.carryOut(w.claim("b"))
	}
	if d := w.get(queued[core.KindDatabase].UUID); d.Resource.Type != "postgresql" {
		t.Errorf("the database is of type %q", d.Resource.Type)
	}
	entries, err := db.ListResources(t.Context(), w.team)
	ok(t, err)
	if len(entries) != 4 {
		t.Errorf("resources are %+v", entries)
	}
	// Columns in the words of the API, kept by the database.
	var force, api, webhook bool
	ok(t, db.Raw().QueryRowContext(t.Context(), `SELECT force_rebuild, is_api, is_webhook FROM application_deployment_queues WHERE configuration_hash = 'h'`).Scan(&force, &api, &webhook))
	if force || !api || webhook {
		t.Errorf("application deployment has force %v, api %v, webhook %v", force, api, webhook)
	}
}

// carryOut is the second life of a deployment: adopted, planned, run and finished.
func (w *world) carryOut(d core.Deployment) {
	w.t.Helper()
	d.Run.PID = 5
	d.Config.Hash, d.Config.Snapshot = "h", core.NewSecret("plan")
	ok(w.t, w.db.SetRun(w.t.Context(), d))
	ok(w.t, w.db.SetConfig(w.t.Context(), d))
	w.finish(d)
	got := w.get(d.UUID)
	if got.Status != core.StatusFinished || got.Run.PID != 5 || got.Config.Snapshot.Reveal() != "plan" || got.Lease.Fence != 2 {
		w.t.Errorf("finished deployment of a %s is %+v", d.Kind, got)
	}
	page, n, err := w.db.ListByResource(w.t.Context(), w.team, d.Kind, d.Resource.RowID, 0, 10)
	ok(w.t, err)
	if n != 1 || len(page) != 1 || page[0].UUID != d.UUID || !page[0].Config.Snapshot.Empty() {
		w.t.Errorf("history of a %s is %+v (%d)", d.Kind, page, n)
	}
}

func exerciseHistory(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db).onServer("archive", 9, 100)
	asks := w.oneOfEach()
	var newest []core.ID // newest first
	for i := range 11 {
		for _, k := range core.Kinds() {
			ask := asks[k]
			ask.Note = fmt.Sprintf("round %d of 100%%", i)
			ask.Options.Force = true
			if i == 3 {
				ask.Trigger, ask.Actor.Name = core.TriggerWebhook, "GitHub"
			}
			newest = append([]core.ID{w.enqueue(ask).UUID}, newest...)
		}
	}
	w.claim("a")

	var seen []core.ID
	filter, pages := core.HistoryFilter{Limit: 10}, 0
	for {
		page, next, err := db.ListHistory(t.Context(), w.team, filter)
		ok(t, err)
		seen, pages = append(seen, uuids(page)...), pages+1
		if next == "" {
			break
		}
		filter.Cursor = next
	}
	same(t, "all pages together", seen, newest)
	if pages != 4 {
		t.Errorf("33 deployments came in %d pages of 10, want 4", pages)
	}

	for what, c := range map[string]struct {
		filter core.HistoryFilter
		want   int
	}{
		"one kind":        {core.HistoryFilter{Kinds: []core.Kind{core.KindService}}, 11},
		"two kinds":       {core.HistoryFilter{Kinds: []core.Kind{core.KindService, core.KindDatabase}}, 22},
		"unknown kind":    {core.HistoryFilter{Kinds: []core.Kind{"nonsense"}}, 0},
		"a status":        {core.HistoryFilter{Statuses: []core.Status{core.StatusInProgress}}, 1},
		"two statuses":    {core.HistoryFilter{Statuses: []core.Status{core.StatusInProgress, core.StatusQueued}}, 33},
		"the server":      {core.HistoryFilter{Server: w.server.UUID}, 33},
		"another server":  {core.HistoryFilter{Server: core.NewID()}, 0},
		"a resource":      {core.HistoryFilter{Resource: w.service.UUID}, 11},
		"a trigger":       {core.HistoryFilter{Trigger: core.TriggerWebhook}, 3},
		"an actor":        {core.HistoryFilter{Actor: "github"}, 3},
		"a note":          {core.HistoryFilter{Query: "ROUND 7"}, 3},
		"a name":          {core.HistoryFilter{Query: "my data"}, 11},
		"a special sign":  {core.HistoryFilter{Query: "100%"}, 33},
		"a wildcard":      {core.HistoryFilter{Query: "r%d"}, 0},
		"all at once":     {core.HistoryFilter{Kinds: []core.Kind{core.KindService}, Statuses: core.Statuses(), Server: w.server.UUID, Resource: w.service.UUID, Trigger: core.TriggerWebhook, Actor: "GitHub", Query: "round"}, 1},
		"behind the last": {core.HistoryFilter{Cursor: "1.1"}, 0},
	} {
		c.filter.Limit = 100
		page, _, err := db.ListHistory(t.Context(), w.team, c.filter)
		ok(t, err)
		if len(page) != c.want {
			t.Errorf("%s: %d deployments, want %d", what, len(page), c.want)
		}
	}
	_, _, err := db.ListHistory(t.Context(), w.team, core.HistoryFilter{Cursor: "nonsense"})
	wantCode(t, "cursor of nobody", err, core.CodeInvalid)

	page, n, err := db.ListByResource(t.Context(), w.team, core.KindService, w.service.RowID, 2, 3)
	ok(t, err)
	all, _, err := db.ListByResource(t.Context(), w.team, core.KindService, w.service.RowID, 0, 100)
	ok(t, err)
	if n != 11 || len(all) != 11 {
		t.Errorf("the service has %d deployments, counted as %d, want 11", len(all), n)
	}
	same(t, "third to fifth newest", uuids(page), uuids(all[2:5]))
	_, _, err = db.ListByResource(t.Context(), w.team, "nonsense", 1, 0, 1)
	wantCode(t, "unknown kind", err, core.CodeBadRequest)
}
