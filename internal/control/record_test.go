package control_test

import (
	"context"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

// settle ends a queued deployment of an application as failed.
func (w *world) fail(t testing.TB, table string, deployment core.ID) {
	t.Helper()
	if _, err := w.db.Raw().ExecContext(t.Context(), `UPDATE `+table+` SET status = 'failed' WHERE deployment_uuid = '`+string(deployment)+`'`); err != nil {
		t.Fatal(err)
	}
}

func TestRetry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnishAll(t, w.owner)
	ctx := t.Context()
	id := x.app.application
	old := must(w.c.StartApplication(ctx, w.owner, id, control.Action{Options: core.Options{Force: true}, Note: "first"}))(t).Deployment
	wantCode(t, drop(w.c.Retry(ctx, w.owner, old.UUID, "")), core.CodeBadRequest, "The deployment has not ended: it can be retried when it has. Cancel it first to start it anew.")
	w.fail(t, "application_deployment_queues", old.UUID)
	w.code.set(func(h *codeHost) { h.head = secondCommit })
	asked := len(w.code.asks())
	again := must(w.c.Retry(ctx, w.owner, old.UUID, "once more"))(t).Deployment
	if again.UUID == old.UUID || again.Verb != core.VerbDeploy || again.Revision.Commit != firstCommit || !again.Options.Force || again.Note != "once more" || len(w.code.asks()) != asked {
		t.Errorf("retried %+v, asked %v", again, w.code.asks())
	}
	wantFields(t, drop(w.c.Retry(ctx, w.owner, old.UUID, strings.Repeat("x", 1001))), "note")

	w.fail(t, "service_deployment_queues", x.deployment)
	q := must(w.c.Retry(ctx, w.owner, x.deployment, ""))(t)
	if q.Deployment.Kind != core.KindService || q.Deployment.Resource.UUID != x.service || q.Deployment.Verb != core.VerbStart {
		t.Errorf("a service is retried as %+v", q.Deployment)
	}

	if _, err := w.db.Raw().ExecContext(ctx, `UPDATE databases SET status = 'running:healthy'`); err != nil {
		t.Fatal(err)
	}
	_, dump, err := w.c.BackupNow(ctx, w.owner, x.data.database, control.BackupInput{})
	if err != nil {
		t.Fatal(err)
	}
	w.fail(t, "database_deployment_queues", dump.UUID)
	second := must(w.c.Retry(ctx, w.owner, dump.UUID, ""))(t).Deployment
	if second.Verb != core.VerbBackup || second.Options.Backup == "" {
		t.Errorf("a dump is retried as %+v", second)
	}
	must(w.c.DeleteApplication(ctx, w.owner, id, core.Removal{}))(t)
	wantCode(t, drop(w.c.Retry(ctx, w.owner, old.UUID, "")), core.CodeNotFound, "Application not found.")
}

func TestRetryOnAServerThatIsNoLongerIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnishAll(t, w.owner)
	ctx := t.Context()
	q := must(w.c.RemovePlace(ctx, w.owner, x.app.application, x.app.place))(t).Deployment
	w.fail(t, "application_deployment_queues", q.UUID)
	wantCode(t, drop(w.c.Retry(ctx, w.owner, q.UUID, "")), core.CodeBadRequest, "Application Shop is no longer on server second: deploy it where it is now.")
	if err := w.c.AddPlace(ctx, w.owner, x.app.application, x.app.place); err != nil {
		t.Fatal(err)
	}
	again := must(w.c.Retry(ctx, w.owner, q.UUID, ""))(t).Deployment
	if again.Server.RowID != q.Server.RowID || !again.Revision.OnlyHere {
		t.Errorf("retried %+v", again)
	}
}

func TestGoBackToADeployment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnishAll(t, w.owner)
	ctx := t.Context()
	id := x.app.application
	good := must(w.c.StartApplication(ctx, w.owner, id, control.Action{}))(t).Deployment.UUID
	w.finish(t, id, good, firstCommit)
	if plan := must(w.c.PlanRollbackDeployment(ctx, w.owner, good))(t); plan.Target.Deployment != good {
		t.Errorf("plan %+v", plan)
	}
	back := must(w.c.RollbackDeployment(ctx, w.owner, good, "it worked"))(t).Deployment
	if back.Verb != core.VerbRollback || back.RollbackOf != good || back.Note != "it worked" {
		t.Errorf("rollback %+v", back)
	}
	w.fail(t, "application_deployment_queues", back.UUID)
	if again := must(w.c.Retry(ctx, w.owner, back.UUID, ""))(t).Deployment; again.RollbackOf != good {
		t.Errorf("a rollback is retried as %+v", again)
	}
	wantCode(t, drop(w.c.RollbackDeployment(ctx, w.owner, x.deployment, "")), core.CodeBadRequest,
		"A service cannot go back to a deployment: change its settings back and deploy it.")
}

func TestCompareDeployments(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnishAll(t, w.owner)
	ctx := t.Context()
	id := x.app.application
	one := must(w.c.StartApplication(ctx, w.owner, id, control.Action{}))(t).Deployment.UUID
	if o := must(w.c.CompareDeployments(ctx, w.owner, one, one))(t); o.Known || len(o.Changes) != 0 {
		t.Errorf("of one that was never planned: %+v", o)
	}
	w.finish(t, id, one, firstCommit)
	w.code.set(func(h *codeHost) {
		h.head, h.changes = secondCommit, []control.Difference{{Field: "image", How: "changed", Old: "a", New: "b"}}
	})
	two := must(w.c.StartApplication(ctx, w.owner, id, control.Action{}))(t).Deployment.UUID
	w.finish(t, id, two, secondCommit)
	o := must(w.c.CompareDeployments(ctx, w.owner, one, two))(t)
	if !o.Known || len(o.Changes) != 1 || o.Changes[0].New != "b" || o.From.UUID != one || !o.To.Config.Snapshot.Empty() {
		t.Errorf("compared %+v", o)
	}
	reader := as(w.owner, core.RoleOwner, auth.Read)
	if o = must(w.c.CompareDeployments(ctx, reader, one, two))(t); o.Changes[0].Old != core.Redacted {
		t.Errorf("one who may see no secrets sees %+v", o.Changes)
	}
	wantCode(t, drop(w.c.CompareDeployments(ctx, w.owner, one, x.deployment)), core.CodeBadRequest, "Only deployments of the same kind can be compared: these are of the kinds application and service.")
	wantCode(t, drop(w.c.CompareDeployments(ctx, w.owner, one, core.NewID())), core.CodeNotFound, "Deployment not found.")
}

func TestPinAndNote(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	ctx := t.Context()
	if d := must(w.c.PinDeployment(ctx, w.owner, x.deployment, true))(t); !d.Pinned {
		t.Error("not pinned")
	}
	if d := must(w.c.NoteDeployment(ctx, w.owner, x.deployment, " why \n"))(t); d.Note != "why" || !d.Pinned {
		t.Errorf("noted %+v", d)
	}
	wantFields(t, drop(w.c.NoteDeployment(ctx, w.owner, x.deployment, strings.Repeat("x", 1001))), "note")
	wantCode(t, w.c.DeleteLog(ctx, w.owner, x.deployment), core.CodeBadRequest, "")
	must(w.c.CancelDeployment(ctx, w.owner, x.deployment))(t)
	if err := w.c.DeleteLog(ctx, w.owner, x.deployment); err != nil {
		t.Fatal(err)
	}
	lines := must(w.c.Lines(ctx, w.owner, x.deployment, 0, 10))(t)
	if len(lines) != 1 || lines[0].Seq != 2 || !strings.HasPrefix(lines[0].Output, "The log up to here was deleted by") {
		t.Errorf("lines %+v", lines)
	}
}

func recordCalls() []call {
	return []call{
		{"PinDeployment", auth.Deploy, "Deployment not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.PinDeployment(ctx, p, x.deployment, true))
		}},
		{"NoteDeployment", auth.Deploy, "Deployment not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.NoteDeployment(ctx, p, x.deployment, "why"))
		}},
		{"RescrubDeployment", auth.Write, "Deployment not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return c.RescrubDeployment(ctx, p, x.deployment)
		}},
		{"GetRetention", auth.Read, "", func(ctx context.Context, c *control.Control, p auth.Principal, _ ids) error {
			return drop(c.GetRetention(ctx, p))
		}},
		{"UpdateRetention", auth.Root, "", func(ctx context.Context, c *control.Control, p auth.Principal, _ ids) error {
			return drop(c.UpdateRetention(ctx, p, control.HistoryLimitsPatch{Count: ptr(50)}))
		}},
		{"PlanRetention", auth.Read, "", func(ctx context.Context, c *control.Control, p auth.Principal, _ ids) error {
			_, _, err := c.PlanRetention(ctx, p)
			return err
		}},
		{"Prune", auth.Root, "", func(ctx context.Context, c *control.Control, p auth.Principal, _ ids) error {
			return c.Prune(ctx, p)
		}},
		{"DeleteLog", auth.Write, "Deployment not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return c.DeleteLog(ctx, p, x.deployment)
		}},
		{"Retry", auth.Deploy, "Deployment not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.Retry(ctx, p, x.deployment, ""))
		}},
		{"RollbackDeployment", auth.Deploy, "Deployment not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.RollbackDeployment(ctx, p, x.deployment, ""))
		}},
		{"CompareDeployments", auth.Read, "Deployment not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.CompareDeployments(ctx, p, x.deployment, x.deployment))
		}},
	}
}
