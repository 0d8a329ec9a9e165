package archive_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/archive"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/queue"
	"github.com/taffrail/taffrail/internal/redact"
	"github.com/taffrail/taffrail/internal/storetest"
)

const planted = "kelp-Harbor-4471"

// place is a service whose deployments wrote a value before it was secret.
type place struct {
	*storetest.Place
	t       *testing.T
	service core.Service
	work    queue.Work
}

func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{Place: storetest.NewPlace(t, storetest.OpenSQLite(t)), t: t}
	p.service = p.Service("shop")
	p.work = archive.Rescrubbing(p.DB, func(context.Context, core.Deployment) ([]redact.Value, error) {
		return []redact.Value{{Name: "PASSWORD", Value: planted}}, nil
	})
	return p
}

// begin begins a deployment that writes n lines, of which every hundredth has the value.
func (p *place) begin(n int) core.Deployment {
	p.t.Helper()
	p.Enqueue(p.service)
	d, found, err := p.DB.ClaimDeployment(p.t.Context(), "a", 1<<40)
	if err != nil || !found {
		p.t.Fatal(found, err)
	}
	lines := make([]core.Line, n)
	for i := range lines {
		lines[i] = core.Line{Seq: int64(i + 1), Step: 1, Stream: core.Stdout, At: d.CreatedAt, Output: fmt.Sprintf("line %d %s", i, strings.Repeat("of a build ", 9))}
		if i%100 == 50 {
			lines[i].Output += planted
		}
	}
	b := core.Batch{LogID: d.LogID, Fence: d.Lease.Fence, Lines: lines, Steps: []core.Step{{Number: 1, Name: "up", Title: "with " + planted, State: "done"}}}
	if err := p.DB.AppendLog(p.t.Context(), b); err != nil {
		p.t.Fatal(err)
	}
	return d
}

// end ends it, and packs some of its log.
func (p *place) end(d core.Deployment) {
	p.t.Helper()
	d.Status, d.Outcome = core.StatusFailed, core.Outcome{Reason: "no " + planted, LastErr: []string{"bad: " + planted}}
	if err := p.DB.Settle(p.t.Context(), d, core.Batch{}); err != nil {
		p.t.Fatal(err)
	}
	if _, err := p.DB.PackLog(p.t.Context(), d.LogID); err != nil {
		p.t.Fatal(err)
	}
}

// text is all that is kept of a deployment, and its last line.
func (p *place) text(d core.Deployment) (string, string) {
	p.t.Helper()
	lines, err := p.DB.LinesAfter(p.t.Context(), d.LogID, 0, 10_000)
	if err != nil {
		p.t.Fatal(err)
	}
	steps, err := p.DB.ListSteps(p.t.Context(), d.LogID)
	if err != nil {
		p.t.Fatal(err)
	}
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l.Output + "\n")
	}
	return fmt.Sprint(b.String(), steps, p.Get(d.UUID).Outcome), lines[len(lines)-1].Output
}

// TestRescrubOfAResource: all logs of a resource lose the value, those that are packed and
// those that are not; one that runs keeps the job waiting, and what is done is not done again.
func TestRescrubOfAResource(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	var ended []core.Deployment
	for _, n := range []int{6000, 120, 10} {
		d := p.begin(n)
		p.end(d)
		ended = append(ended, d)
	}
	running := p.begin(60)
	j := archive.Order{Kind: core.KindService, Resource: p.service.RowID, Why: "variable PASSWORD was set by Ann"}.Job(p.Team)
	keep := func(state string) error { j.State = state; return nil }
	broken := errors.New("broken off")
	err := p.work.Do(t.Context(), j, func(state string) error { j.State = state; return broken })
	if !errors.Is(err, broken) {
		t.Fatalf("broken off with %v", err)
	}
	if err := p.work.Do(t.Context(), j, keep); !errors.Is(err, queue.ErrNotYet) {
		t.Fatalf("while one runs: %v", err)
	}
	want := []string{"60 lines were masked; variable PASSWORD was set by Ann.", "1 line was masked; variable", "no line was masked; variable"}
	for i, d := range ended {
		all, last := p.text(d)
		if strings.Contains(all, planted) || !strings.Contains(last, want[i]) || strings.Count(all, "gone over") != 1 {
			t.Errorf("log %d ends with %q; the value is there: %v", i, last, strings.Contains(all, planted))
		}
	}
	p.end(running)
	if err := p.work.Do(t.Context(), j, keep); err != nil {
		t.Fatal(err)
	}
	if all, _ := p.text(running); strings.Contains(all, planted) {
		t.Error("the log of what ran has the value")
	}
	if all, _ := p.text(ended[0]); strings.Count(all, "gone over") != 1 {
		t.Error("a log was gone over twice")
	}
}

// TestRescrubByHand goes over one log, whatever it is like, and says so in it.
func TestRescrubByHand(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	d := p.begin(120)
	j := archive.Order{Deployment: d.UUID, Why: "asked for by user Ann"}.Job(p.Team)
	if err := p.work.Do(t.Context(), j, nil); !errors.Is(err, queue.ErrNotYet) {
		t.Errorf("while it runs: %v", err)
	}
	p.end(d)
	other := p.begin(120)
	p.end(other)
	for range 2 {
		if err := p.work.Do(t.Context(), j, nil); err != nil {
			t.Fatal(err)
		}
	}
	all, last := p.text(d)
	if strings.Contains(all, planted) || strings.Count(all, "gone over") != 2 || !strings.Contains(last, "no line was masked; asked for by user Ann.") {
		t.Errorf("it ends with %q", last)
	}
	if all, _ := p.text(other); !strings.Contains(all, planted) {
		t.Error("another log was gone over")
	}
	j = archive.Order{Deployment: core.NewID()}.Job(p.Team)
	if err := p.work.Do(t.Context(), j, nil); err != nil {
		t.Errorf("of what is gone: %v", err)
	}
}
