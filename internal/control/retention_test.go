package control_test

import (
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

func TestRetentionIsPlanned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnishAll(t, w.owner)
	ctx := t.Context()
	w.fail(t, "service_deployment_queues", x.deployment)
	if _, err := w.db.Raw().ExecContext(ctx, `UPDATE service_deployment_queues SET finished_at = $1`, start.Add(-100*24*time.Hour).UnixMicro()); err != nil {
		t.Fatal(err)
	}
	plan, more, err := w.c.PlanRetention(ctx, w.owner)
	if err != nil || more || len(plan) != 0 {
		t.Fatalf("planned %+v, %v, %v", plan, more, err)
	}
	limits := must(w.c.UpdateRetention(ctx, w.owner, control.HistoryLimitsPatch{FailedDays: ptr(99), Bytes: ptr(int64(5))}))(t)
	if want := (core.HistoryLimits{Days: 90, FailedDays: 99, CancelledDays: 30, Bytes: 5}); limits != want || must(w.c.GetRetention(ctx, w.owner))(t) != want {
		t.Errorf("limits %+v, want %+v", limits, want)
	}
	plan, _, err = w.c.PlanRetention(ctx, w.owner)
	if err != nil || len(plan) != 1 || plan[0].UUID != x.deployment || plan[0].Resource.UUID != x.service || plan[0].Reason != "It failed more than 99 days ago." {
		t.Errorf("planned %+v, %v", plan, err)
	}
	theirs, _, err := w.c.PlanRetention(ctx, w.otherTeam(t))
	if err != nil || len(theirs) != 0 {
		t.Errorf("another team sees %+v, %v", theirs, err)
	}
	_, err = w.c.UpdateRetention(ctx, w.owner, control.HistoryLimitsPatch{Days: ptr(-1), Count: ptr(1 << 40), Bytes: ptr(int64(-1))})
	wantFields(t, err, "days", "count", "bytes")
	if err := w.c.Prune(ctx, w.owner); err != nil || len(must(w.db.ListJobs(ctx, "retain"))(t)) != 1 {
		t.Error("retention was not asked for", err)
	}
}
