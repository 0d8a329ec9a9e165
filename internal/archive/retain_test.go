package archive_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/taffrail/taffrail/internal/archive"
	"github.com/taffrail/taffrail/internal/core"
)

var today = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// shelf is a store of the pasts of resources.
type shelf struct {
	limits core.HistoryLimits
	past   map[core.Kind][]core.Past
	apps   []core.Application
	pinned core.ID // just now
	gone   []string
}

func (s *shelf) GetRetention(context.Context) (core.HistoryLimits, error) { return s.limits, nil }

func (s *shelf) ListHistories(_ context.Context, team int64) ([]core.History, error) {
	var out []core.History
	for kind := range s.past {
		out = append(out, core.History{TeamID: 1, Kind: kind, Resource: core.Resource{RowID: 7}})
	}
	return out, nil
}

func (s *shelf) ListPast(_ context.Context, h core.History) ([]core.Past, error) {
	return s.past[h.Kind], nil
}

func (s *shelf) ListApplications(context.Context, int64) ([]core.Application, error) {
	return s.apps, nil
}

func (s *shelf) DropDeployment(_ context.Context, _ core.History, p core.Past) error {
	if p.UUID == s.pinned {
		return core.NotFound("Deployment")
	}
	s.gone = append(s.gone, string(p.UUID))
	return nil
}

// daysAgo is a deployment that ended some days ago.
func daysAgo(id string, days int, status core.Status, verb core.Verb, more ...func(*core.Past)) core.Past {
	p := core.Past{UUID: core.ID(id), Status: status, Verb: verb, EndedAt: today.AddDate(0, 0, -days), Size: 100, Images: verb == core.VerbDeploy}
	for _, f := range more {
		f(&p)
	}
	return p
}

func pinned(p *core.Past)                    { p.Pinned = true }
func onLane(n int64) func(*core.Past)        { return func(p *core.Past) { p.Lane = n } }
func rollbackOf(id core.ID) func(*core.Past) { return func(p *core.Past) { p.RollbackOf = id } }

func TestRetention(t *testing.T) {
	t.Parallel()
	const done, failed, cancelled = core.StatusFinished, core.StatusFailed, core.StatusCancelled
	day := core.DefaultHistoryLimits()
	five := []core.Past{
		daysAgo("5", 1, failed, "deploy"), daysAgo("4", 2, failed, "deploy"), daysAgo("3", 3, done, "deploy"),
		daysAgo("2", 4, failed, "deploy"), daysAgo("1", 5, cancelled, "deploy"),
	}
	for name, c := range map[string]struct {
		limits core.HistoryLimits
		past   []core.Past
		want   string
	}{
		"nothing is old": {day, five, ""},
		"by outcome": {day, []core.Past{
			daysAgo("h", 0, done, "deploy"), daysAgo("g", 1, done, "deploy"), daysAgo("f", 1, done, "deploy"), daysAgo("e", 31, cancelled, "deploy"), daysAgo("d", 30, cancelled, "deploy"),
			daysAgo("c", 91, done, "deploy"), daysAgo("b", 179, failed, "deploy"), daysAgo("a", 181, failed, "deploy"),
		}, "e c a"},
		"for ever":           {core.HistoryLimits{}, []core.Past{daysAgo("b", 9000, done, "stop"), daysAgo("a", 9999, failed, "deploy")}, ""},
		"what runs or waits": {core.HistoryLimits{Days: 1, Count: 1}, []core.Past{daysAgo("b", 99, core.StatusQueued, "deploy"), daysAgo("a", 99, core.StatusInProgress, "deploy")}, ""},
		"live under stops":   {day, []core.Past{daysAgo("c", 400, done, "stop"), daysAgo("b", 400, done, "deploy"), daysAgo("a", 500, failed, "deploy")}, "a"},
		"what to go back to": {day, []core.Past{daysAgo("e", 400, done, "restart"), daysAgo("d", 400, done, "deploy"), daysAgo("c", 400, done, "deploy"), daysAgo("b", 400, done, "deploy"), daysAgo("a", 400, done, "deploy")}, "b a"},
		"restarts are none":  {day, []core.Past{daysAgo("e", 400, done, "restart"), daysAgo("d", 400, done, "restart"), daysAgo("c", 400, done, "deploy"), daysAgo("b", 400, done, "deploy"), daysAgo("a", 400, done, "deploy")}, "d a"},
		"pinned":             {day, []core.Past{daysAgo("c", 1, done, "deploy"), daysAgo("b", 400, failed, "deploy", pinned), daysAgo("a", 400, failed, "deploy")}, "a"},
		"each preview":       {day, []core.Past{daysAgo("d", 400, done, "stop", onLane(4)), daysAgo("c", 400, done, "stop", onLane(4)), daysAgo("b", 400, done, "stop"), daysAgo("a", 400, done, "stop")}, "c a"},
		"what was gone back to": {core.HistoryLimits{Count: 1}, []core.Past{
			daysAgo("f", 0, done, "rollback", rollbackOf("b")), daysAgo("e", 1, failed, "deploy"), daysAgo("b", 2, done, "deploy"), daysAgo("a", 3, failed, "deploy"),
		}, "e a"},
		"by count":            {core.HistoryLimits{Count: 2}, five, "2 1"},
		"by size":             {core.HistoryLimits{Bytes: 250}, five, "2 1"},
		"one log is too much": {core.HistoryLimits{Bytes: 10}, five, "5 4 2 1"},
	} {
		s := &shelf{limits: c.limits, past: map[core.Kind][]core.Past{core.KindService: c.past}}
		if err := archive.Retaining(s, func() time.Time { return today }, slog.New(slog.DiscardHandler)).Do(t.Context(), core.Job{}, nil); err != nil {
			t.Fatal(name, err)
		}
		if got := strings.Join(s.gone, " "); got != c.want {
			t.Errorf("%s: %q go, want %q", name, got, c.want)
		}
	}
}

// TestRetentionSaysWhy, and keeps of an application as many images as it is to keep, the
// one that runs, and what is pinned while it works.
func TestRetentionSaysWhy(t *testing.T) {
	t.Parallel()
	var past []core.Past
	for _, id := range []string{"g", "f", "e", "d", "c", "b", "a"} {
		past = append(past, daysAgo(id, 100, core.StatusFinished, core.VerbDeploy))
	}
	app := core.Application{RowID: 7, Build: core.Build{KeepImages: 4}, Ran: core.ApplicationRan{Deployment: "a"}}
	s := &shelf{limits: core.DefaultHistoryLimits(), past: map[core.Kind][]core.Past{core.KindApplication: past}, apps: []core.Application{app}, pinned: "b"}
	var why []string
	if err := archive.EachDoomed(t.Context(), s, 1, today, func(d archive.Doomed) error {
		why = append(why, string(d.UUID)+" "+d.Reason)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"b It finished more than 90 days ago."}, why); diff != "" {
		t.Error(diff)
	}
	if err := archive.Retaining(s, func() time.Time { return today }, slog.New(slog.DiscardHandler)).Do(t.Context(), core.Job{}, nil); err != nil || len(s.gone) > 0 {
		t.Errorf("%v went, %v", s.gone, err)
	}
}
