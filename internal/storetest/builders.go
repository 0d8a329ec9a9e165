package storetest

import (
	"testing"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

// builder makes a build server with room for so many builds.
func (w *world) builder(name string, room int) core.Server {
	w.t.Helper()
	v, err := w.db.CreateServer(w.t.Context(), core.Server{TeamID: w.team, Name: name, IP: name,
		Settings: core.ServerSettings{ConcurrentBuilds: room, IsBuildServer: true}})
	ok(w.t, err)
	return v
}

func (w *world) usable(s core.Server, is bool) core.Server {
	w.t.Helper()
	ok(w.t, w.db.SetServerFacts(w.t.Context(), w.team, s.RowID, core.ServerFacts{Reachable: is, Usable: is}))
	s, err := w.db.GetServer(w.t.Context(), w.team, s.UUID)
	ok(w.t, err)
	return s
}

// exerciseBuilders: who builds is decided when a deployment is queued, and counts against
// the limits of both servers.
func exerciseBuilders(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db)
	by := w.builder("builder", 1)
	there := w.onServer("there", 5, 25)
	draft := there.sketch("built")
	draft.Build.BuildServer = true
	of, err := db.CreateApplication(t.Context(), draft, nil)
	ok(t, err)
	expect := func(what string, ask core.Deployment, want int64) core.Deployment {
		t.Helper()
		d := w.enqueue(ask)
		same(t, "build server of "+what, w.get(d.UUID).Revision.BuildServer, want)
		return d
	}
	w.finish(w.claimed(expect("a deployment without any that can be used", there.push(of, "c0"), 0)))
	by = w.usable(by, true)
	ask := there.push(of, "c1")
	ask.Revision.BuildServer = 999 // nobody else may say which
	first := expect("a deployment", ask, by.RowID)
	loaded, err := db.LoadApplication(t.Context(), first)
	ok(t, err)
	same(t, "build server as loaded", loaded.Builder, by)
	stop := there.push(of, "")
	stop.Verb = core.VerbStop
	stopped := expect("a stop", stop, 0)

	draft.Name, draft.UUID = "other", ""
	other, err := db.CreateApplication(t.Context(), draft, nil)
	ok(t, err)
	draft.Name, draft.Build = "image", core.Build{Pack: core.PackImage, BuildServer: true}
	image, err := db.CreateApplication(t.Context(), draft, nil)
	ok(t, err)
	second := expect("another application", there.push(other, "c2"), by.RowID)
	third := expect("what is not built", there.push(image, ""), 0)

	w.claimed(first)
	w.expectWait(second, `build server "builder" has 1 of 1 builds in progress`, 1)
	w.claimed(third) // the target has room, the build server has none
	w.noClaim()
	w.finish(w.get(first.UUID))
	w.claimed(stopped)
	w.expectWait(second, "", 0)
	w.claimed(second)

	ok(t, db.DeleteServer(t.Context(), w.team, by.UUID))
	loaded, err = db.LoadApplication(t.Context(), first)
	ok(t, err)
	same(t, "build server that is gone", loaded.Builder, core.Server{})
}

// claimed claims the next deployment, which must be this one.
func (w *world) claimed(want core.Deployment) core.Deployment {
	w.t.Helper()
	d := w.claim("a")
	same(w.t, "claimed", d.UUID, want.UUID)
	return d
}

// exerciseAdvancing: the next stage of a deployment begins in one transaction.
func exerciseAdvancing(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db)
	w.enqueue(w.ask(w.service, core.VerbDeploy))
	d := w.claim("a")
	d.Run = core.RunIdentity{BootID: "boot", PID: 4711, Started: "99"}
	ok(t, db.SetRun(t.Context(), d))
	ok(t, db.AppendLog(t.Context(), core.Batch{LogID: d.LogID, Fence: d.Lease.Fence, Lines: lines(1, 1), Cursor: core.Cursor{Offset: 10, State: "a"}}))
	wantError(t, "a stage whose lines do not follow", db.Advance(t.Context(), d, core.Batch{Lines: lines(5, 1)}))
	if got := w.get(d.UUID); !got.Run.Known() {
		t.Error("a stage that was not gone on to has lost its run")
	}
	ok(t, db.Advance(t.Context(), d, core.Batch{Lines: lines(2, 1), Cursor: core.Cursor{State: "b"}}))
	if got := w.get(d.UUID); got.Run.Known() || got.Run.BootID != "" || got.Status != core.StatusInProgress {
		t.Errorf("gone on: %+v", got)
	}
	cursor, last, err := db.GetCursor(t.Context(), d.LogID)
	ok(t, err)
	same(t, "cursor of the next stage", cursor, core.Cursor{State: "b"})
	same(t, "last line", last, int64(2))
	d.Lease.Fence++
	wantCode(t, "going on without the lease", db.Advance(t.Context(), d, core.Batch{}), core.CodeLost)
}
