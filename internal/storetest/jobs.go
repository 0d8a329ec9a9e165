package storetest

import (
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

// exerciseJobs: a job is done once, by one, and again when it was asked for meanwhile.
func exerciseJobs(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db)
	none := func(when string) {
		t.Helper()
		if j, found, err := db.ClaimJob(t.Context(), "x", time.Minute); found || err != nil {
			t.Fatalf("%s: claimed %+v, %v", when, j, err)
		}
	}
	claim := func(owner string, lease time.Duration) core.Job {
		t.Helper()
		j, found, err := db.ClaimJob(t.Context(), owner, lease)
		if ok(t, err); !found {
			t.Fatal("no job to claim")
		}
		return j
	}
	none("at first")
	ok(t, db.AddJob(t.Context(), core.Job{Kind: "scrub", Name: "a", TeamID: w.team, Payload: `{"n":1}`}))
	ok(t, db.AddJob(t.Context(), core.Job{Kind: "scrub", Name: "a", TeamID: w.team, Payload: `{"n":2}`}))
	ok(t, db.AddJob(t.Context(), core.Job{Kind: "scrub", Name: "later", RunAt: time.Now().Add(time.Hour)}))
	j := claim("one", time.Minute)
	recent(t, "time of the job", j.RunAt)
	same(t, "job", j, core.Job{RowID: j.RowID, Kind: "scrub", Name: "a", TeamID: w.team, Payload: `{"n":2}`, Version: 2, RunAt: j.RunAt, Attempts: 1, Fence: 1})
	none("what is being done")

	j.State = "half"
	ok(t, db.KeepJob(t.Context(), j, time.Nanosecond)) // the lease is over at once
	thief := claim("two", time.Minute)
	if thief.State != "half" || thief.Fence != 2 || thief.Attempts != 2 {
		t.Errorf("taken over as %+v", thief)
	}
	for what, err := range map[string]error{
		"keep": db.KeepJob(t.Context(), j, time.Minute), "finish": db.FinishJob(t.Context(), j, 0), "put off": db.PutOffJob(t.Context(), j, time.Minute),
	} {
		wantCode(t, what+" of what another one does", err, core.CodeLost)
	}
	exerciseFailedJob(t, db, thief, claim)
	none("in the end")
	exerciseRepeatedJobs(t, db, claim, none)
}

// exerciseFailedJob: one that broke is done again with what it kept, and one that was
// asked for while it was done begins anew.
func exerciseFailedJob(t *testing.T, db *sqlstore.DB, thief core.Job, claim func(string, time.Duration) core.Job) {
	t.Helper()
	thief.Error, thief.State = "it broke", "more"
	ok(t, db.PutOffJob(t.Context(), thief, 0))
	again := claim("two", time.Minute)
	if again.Error != "it broke" || again.State != "more" || again.Attempts != 3 {
		t.Errorf("after a failure it is %+v", again)
	}
	ok(t, db.AddJob(t.Context(), core.Job{Kind: "scrub", Name: "a", TeamID: thief.TeamID, Payload: `{"n":3}`}))
	ok(t, db.FinishJob(t.Context(), again, 0))
	again = claim("two", time.Minute)
	if again.Payload != `{"n":3}` || again.State != "" || again.Attempts != 1 {
		t.Errorf("asked for while it was done, it is %+v", again)
	}
	ok(t, db.FinishJob(t.Context(), again, 0))
	left, err := db.ListJobs(t.Context(), "scrub")
	ok(t, err)
	if len(left) != 1 || left[0].Name != "later" {
		t.Errorf("left are %+v", left)
	}
}

// exerciseRepeatedJobs: those that come again, and those of a controller that stops.
func exerciseRepeatedJobs(t *testing.T, db *sqlstore.DB, claim func(string, time.Duration) core.Job, none func(string)) {
	t.Helper()
	for range 2 {
		ok(t, db.EnsureJob(t.Context(), core.Job{Kind: "pack", Name: "instance"}))
	}
	j := claim("one", time.Minute)
	ok(t, db.EnsureJob(t.Context(), core.Job{Kind: "pack", Name: "instance"})) // another controller starts
	ok(t, db.FinishJob(t.Context(), j, time.Hour))
	none("before it comes again")
	list, err := db.ListJobs(t.Context(), "pack")
	ok(t, err)
	if len(list) != 1 || time.Until(list[0].RunAt) < 59*time.Minute || list[0].Version != 1 {
		t.Errorf("it comes again as %+v", list)
	}
	ok(t, db.AddJob(t.Context(), core.Job{Kind: "pack", Name: "instance"})) // somebody wants it now
	j = claim("one", time.Hour)
	ok(t, db.ReleaseJobs(t.Context(), "another"))
	none("while its owner lives")
	ok(t, db.ReleaseJobs(t.Context(), "one"))
	claim("two", time.Hour)
	wantCode(t, "finish after the release", db.FinishJob(t.Context(), j, time.Hour), core.CodeLost)
	ok(t, db.ReleaseJobs(t.Context(), ""))
	claim("three", time.Hour)
}
