package webtest

import (
	"fmt"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

// Run is a deployment in progress that the test carries out.
type Run struct {
	core.Deployment
	w   *World
	seq int64
}

// Queue queues a deployment of a service.
func (w *World) Queue(t testing.TB, service core.ID) core.Deployment {
	t.Helper()
	list, err := w.Control.Deploy(t.Context(), w.Owner, []core.ID{service}, control.Action{Options: core.Options{Force: true}})
	Must(t, err)
	return list[0].Deployment
}

// Run begins a deployment of a service.
func (w *World) Run(t testing.TB, service core.ID) *Run {
	t.Helper()
	w.Queue(t, service)
	d, ok, err := w.DB.ClaimDeployment(t.Context(), "me", time.Hour)
	Must(t, err)
	if !ok {
		t.Fatal("there is nothing to claim")
	}
	return &Run{Deployment: d, w: w}
}

// Say appends lines to the step, as they are, and wakes those who follow.
func (r *Run) Say(t testing.TB, step int, stream core.Stream, texts ...string) {
	t.Helper()
	b := core.Batch{LogID: r.LogID, Fence: r.Lease.Fence}
	for _, text := range texts {
		r.seq++
		b.Lines = append(b.Lines, core.Line{Seq: r.seq, Step: step, Batch: step, Stream: stream, At: time.Now().UTC(), Output: text})
	}
	Must(t, r.w.DB.AppendLog(t.Context(), b))
	r.w.Hub.Wake(r.LogID)
}

// Hide appends lines that are hidden.
func (r *Run) Hide(t testing.TB, step int, texts ...string) {
	t.Helper()
	b := core.Batch{LogID: r.LogID, Fence: r.Lease.Fence}
	for _, text := range texts {
		r.seq++
		b.Lines = append(b.Lines, core.Line{Seq: r.seq, Step: step, Batch: step, Stream: core.Stdout, Hidden: true, At: time.Now().UTC(), Output: text})
	}
	Must(t, r.w.DB.AppendLog(t.Context(), b))
	r.w.Hub.Wake(r.LogID)
}

// Fill appends n numbered lines.
func (r *Run) Fill(t testing.TB, step, n int) {
	t.Helper()
	const batch = 5000
	for n > 0 {
		texts := make([]string, min(n, batch))
		for i := range texts {
			texts[i] = fmt.Sprintf("compiling module %07d of the whole, which takes a while", r.seq+int64(i)+1)
		}
		r.Say(t, step, core.Stdout, texts...)
		n -= len(texts)
	}
}

// Flood appends n numbered lines in one statement: a million take seconds.
func (r *Run) Flood(t testing.TB, step, n int) {
	t.Helper()
	ctx, db := t.Context(), r.w.DB.Raw()
	_, err := db.ExecContext(ctx, `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
		INSERT INTO log_lines (log_id, seq, step, batch, type, hidden, continued, at, command, output)
		SELECT $2, $3 + i, $4, $4, 'stdout', FALSE, FALSE, $5 + i, '', 'compiling module ' || ($3 + i) || ' of the whole, which takes a while' FROM n`,
		n, r.LogID, r.seq, step, time.Now().UnixMicro())
	Must(t, err)
	r.seq += int64(n)
	_, err = db.ExecContext(ctx, `UPDATE logs SET last_seq = $1 WHERE id = $2`, r.seq, r.LogID)
	Must(t, err)
	r.w.Hub.Wake(r.LogID)
}

// Step writes a step down; code nil: it runs.
func (r *Run) Step(t testing.TB, number int, title string, began, ended time.Duration, code *int) {
	t.Helper()
	s := core.Step{Number: number, Name: title, Title: title, Command: "docker compose up --detach", State: "running", StartedAt: r.StartedAt.Add(began)}
	if code != nil {
		s.EndedAt, s.ExitCode, s.State = r.StartedAt.Add(ended), code, "done"
		if *code != 0 {
			s.State = "failed"
		}
	}
	Must(t, r.w.DB.AppendLog(t.Context(), core.Batch{LogID: r.LogID, Fence: r.Lease.Fence, Steps: []core.Step{s}}))
	r.w.Hub.Wake(r.LogID)
}

// End settles the deployment.
func (r *Run) End(t testing.TB, status core.Status, outcome core.Outcome) {
	t.Helper()
	d := r.Deployment
	d.Status, d.Outcome = status, outcome
	Must(t, r.w.DB.Settle(t.Context(), d, core.Batch{LogID: r.LogID, Fence: r.Lease.Fence}))
	r.Status = status
	r.w.Hub.Wake(r.LogID)
}

// Path is the page of the deployment.
func (r *Run) Path() string { return control.DeploymentPath(r.Deployment) }

// Failed carries out a deployment that fails as they do.
func (w *World) Failed(t testing.TB, service core.ID) *Run {
	t.Helper()
	r := w.Run(t, service)
	zero, one := 0, 1
	r.Say(t, 0, core.Info, "Deploying to localhost.")
	r.Step(t, 1, "Pulling images", 0, 2*time.Second, &zero)
	r.Say(t, 1, core.Info, "Pulling images.")
	r.Say(t, 1, core.Stderr, " web Pulling ", " web Pulled ")
	r.Hide(t, 1, "sha256:1f2e", "sha256:9a8b")
	r.Step(t, 2, "Starting containers", 2*time.Second, 5*time.Second, &one)
	r.Say(t, 2, core.Info, "Starting containers.")
	r.Say(t, 2, core.Stdout, "\x1b[1;32m✔\x1b[0m Network created", "<script>alert(1)</script> & co")
	r.Fill(t, 2, 4)
	r.Say(t, 2, core.Stderr, "\x1b[31merror\x1b[0m: bind: address already in use", "exit status 1")
	r.End(t, core.StatusFailed, core.Outcome{Step: "Starting containers", ExitCode: &one, Reason: "The port 80 of the server is in use by something else.",
		LastErr: []string{"error: bind: address already in use", "exit status 1"}})
	return r
}

// Finished carries out a deployment that goes well.
func (w *World) Finished(t testing.TB, service core.ID) *Run {
	t.Helper()
	r := w.Run(t, service)
	zero := 0
	for i, title := range []string{"Writing files", "Pulling images", "Starting containers", "Waiting until they are healthy"} {
		r.Step(t, i+1, title, time.Duration(i)*time.Second, time.Duration(i+1)*time.Second, &zero)
		r.Say(t, i+1, core.Info, title+".")
		r.Fill(t, i+1, 30)
	}
	r.End(t, core.StatusFinished, core.Outcome{Reason: "All containers run."})
	return r
}
