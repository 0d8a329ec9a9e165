package control_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

// finish makes a queued deployment one that has finished, with a snapshot, and what runs.
func (w *world) finish(t testing.TB, application, deployment core.ID, commit string) {
	t.Helper()
	where := ` WHERE deployment_uuid = '` + string(deployment) + `'`
	exec := func(text string) {
		if _, err := w.db.Raw().ExecContext(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	exec(`UPDATE application_deployment_queues SET status = 'in_progress', fence = 1` + where)
	d := must(w.db.GetDeployment(t.Context(), w.owner.TeamID, deployment))(t)
	d.Config = core.Config{Hash: "h", Snapshot: core.NewSecret("{}"), Digests: map[string]string{"image": "sha256:1"}}
	if err := w.db.SetConfig(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	exec(`UPDATE application_deployment_queues SET status = 'finished'` + where)
	exec(`UPDATE applications SET status = 'running:healthy', ran_commit = '` + commit + `', ran_deployment = '` + string(deployment) +
		`' WHERE uuid = '` + string(application) + `'`)
}

func TestDeployKnowsItsCommit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnishAll(t, w.owner)
	ctx := t.Context()
	id := x.app.application
	first := must(w.c.Deploy(ctx, w.owner, []core.ID{id}, control.Action{Note: "first"}))(t)[0]
	if first.Message != "Application Shop deployment queued." || first.Deployment.Revision.Commit != firstCommit || first.Deployment.Revision.Branch != "main" {
		t.Errorf("deployment %+v", first)
	}
	again := must(w.c.StartApplication(ctx, w.owner, id, control.Action{}))(t)
	if !again.Joined || again.Deployment.UUID != first.Deployment.UUID || again.Message != "Deployment already queued for this commit." {
		t.Errorf("the same commit once more: %+v", again)
	}
	w.code.set(func(h *codeHost) { h.head = secondCommit })
	second := must(w.c.StartApplication(ctx, w.owner, id, control.Action{}))(t)
	if second.Joined || second.Deployment.Revision.Commit != secondCommit || second.Message != "Deployment request queued." {
		t.Errorf("another commit: %+v", second)
	}
	forced := must(w.c.StartApplication(ctx, w.owner, id, control.Action{Options: core.Options{Force: true}}))(t)
	if forced.Joined || !forced.Deployment.Options.Force {
		t.Errorf("by force: %+v", forced)
	}
	if asks := w.code.asks(); len(asks) != 4 || asks[0] != address+` branch or tag "main" from 10.0.0.9` {
		t.Errorf("asked %v", asks)
	}
	must(w.c.UpdateApplication(ctx, w.owner, id, control.ApplicationPatch{Source: control.SourcePatch{Commit: ptr(firstCommit)}}))(t)
	pinned := must(w.c.StartApplication(ctx, w.owner, id, control.Action{}))(t)
	if pinned.Deployment.Revision.Commit != firstCommit || len(w.code.asks()) != 4 {
		t.Errorf("a commit that is given: %+v, asked %v", pinned.Deployment.Revision, w.code.asks())
	}
}

func TestWithoutGitNobodyIsAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	in := x.applicationInput()
	in.From, in.Build.ImageName, in.InstantDeploy = control.FromImage, ptr("nginx"), true
	s := must(w.c.CreateApplication(t.Context(), w.owner, in))(t)
	if s.Deployment.Revision.Commit != "HEAD" || s.Deployment.Verb != core.VerbDeploy || len(w.code.asks()) != 0 {
		t.Errorf("deployment %+v, asked %v", s.Deployment, w.code.asks())
	}
	second := must(w.c.Deploy(t.Context(), w.owner, []core.ID{s.Application.UUID}, control.Action{}))(t)[0]
	if !second.Joined {
		t.Errorf("queued twice: %+v", second)
	}
}

func TestRepositoryThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	ctx := t.Context()
	w.code.set(func(h *codeHost) { h.fault = core.Errorf(core.CodeBadRequest, "There is no branch main.") })
	in := x.applicationInput()
	in.InstantDeploy = true
	s := must(w.c.CreateApplication(ctx, w.owner, in))(t)
	if s.Deployment.UUID != "" || !slices.Equal(s.Warnings, []string{"The application was saved but not deployed: There is no branch main."}) {
		t.Errorf("saved %+v, %v", s.Deployment, s.Warnings)
	}
	_, err := w.c.Deploy(ctx, w.owner, []core.ID{x.service, s.Application.UUID}, control.Action{})
	wantCode(t, err, core.CodeBadRequest, "There is no branch main.")
	if list, count, _ := w.c.ListResourceDeployments(ctx, w.owner, core.KindService, x.service, 0, 10); count != 1 {
		t.Errorf("with a repository that does not answer, others were deployed: %+v", list)
	}
}

// TestAskingEnds: whoever asks for a deployment does not wait for ever.
func TestAskingEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnishAll(t, w.owner)
	synctest.Test(t, func(t *testing.T) {
		w.code.set(func(h *codeHost) { h.hold = make(chan struct{}) })
		began := time.Now()
		_, err := w.c.StartApplication(t.Context(), w.owner, x.app.application, control.Action{})
		wantCode(t, err, core.CodeUnavailable, "The repository did not answer in time. Try again later, and check the way to it from server 10.0.0.9.")
		if took := time.Since(began); took != 25*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

func TestDeployAsksForManyAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	var list []core.ID
	for range 20 {
		list = append(list, must(w.c.CreateApplication(t.Context(), w.owner, x.applicationInput()))(t).Application.UUID)
	}
	q := must(w.c.Deploy(t.Context(), w.owner, append(list, x.service), control.Action{}))(t)
	for i, id := range list {
		if q[i].Resource.UUID != id || q[i].Deployment.Revision.Commit != firstCommit {
			t.Errorf("%d: %+v", i, q[i])
		}
	}
	if len(q) != 21 || len(w.code.asks()) != 20 {
		t.Errorf("%d queued, %d asked", len(q), len(w.code.asks()))
	}
}

func TestRestartNeverAsks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnishAll(t, w.owner)
	ctx := t.Context()
	id := x.app.application
	_, err := w.c.RestartApplication(ctx, w.owner, id, control.Action{})
	wantCode(t, err, core.CodeBadRequest, "Application was never deployed, so there is nothing to restart: deploy it first.")
	first := must(w.c.StartApplication(ctx, w.owner, id, control.Action{}))(t)
	w.finish(t, id, first.Deployment.UUID, firstCommit)
	w.code.set(func(h *codeHost) { h.head = secondCommit })
	q := must(w.c.RestartApplication(ctx, w.owner, id, control.Action{}))(t)
	if q.Message != "Restart request queued." || q.Deployment.Verb != core.VerbRestart || q.Deployment.Revision.Commit != firstCommit || len(w.code.asks()) != 1 {
		t.Errorf("restart %+v, asked %v", q, w.code.asks())
	}
}

func TestStopApplication(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnishAll(t, w.owner)
	ctx := t.Context()
	id := x.app.application
	_, err := w.c.StopApplication(ctx, w.owner, id, control.Action{})
	wantCode(t, err, core.CodeBadRequest, "Application is already stopped.")
	must(w.c.StartApplication(ctx, w.owner, id, control.Action{}))(t)
	q := must(w.c.StopApplication(ctx, w.owner, id, control.Action{Options: core.Options{Remove: core.Removal{Images: true, Volumes: true}}}))(t)
	if q.Message != "Application stopping request queued." || q.Deployment.Options.Remove != (core.Removal{Images: true}) {
		t.Errorf("stop %+v", q)
	}
	list, _, _ := w.c.ListResourceDeployments(ctx, w.owner, core.KindApplication, id, 0, 10)
	if len(list) != 3 || list[0].Verb != core.VerbStop || list[0].Server.Name != "second" || !list[0].Revision.OnlyHere {
		t.Errorf("on the further server: %+v", list)
	}
}

func TestDeployOfAPullRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnishAll(t, w.owner)
	ctx := t.Context()
	id := x.app.application
	deploy := func(id core.ID, in control.Action) (control.Queued, error) {
		q, err := w.c.Deploy(ctx, w.owner, []core.ID{id}, in)
		if err != nil {
			return control.Queued{}, err
		}
		return q[0], nil
	}
	q := must(deploy(id, control.Action{PullRequest: 7}))(t)
	if r := q.Deployment.Revision; r.PullRequest != 7 || r.Commit != pullCommit || r.Provider != "gitea" || r.Message != "A feature" {
		t.Errorf("revision %+v", r)
	}
	own := must(deploy(id, control.Action{}))(t)
	if own.Joined || own.Deployment.Revision.PullRequest != 0 {
		t.Errorf("the application itself: %+v", own)
	}
	for what, c := range map[string]struct {
		id  core.ID
		in  control.Action
		msg string
	}{
		"unknown":              {id, control.Action{PullRequest: 8}, "Pull request 8 not found for this resource."},
		"of a service":         {x.service, control.Action{PullRequest: 8}, "Pull request 8 not found for this resource."},
		"tag without":          {id, control.Action{DockerTag: "v1"}, "docker_tag requires pull_request_id."},
		"tag of git":           {id, control.Action{DockerTag: "v1", PullRequest: 7}, "docker_tag is for applications from an image."},
		"backup":               {id, control.Action{BackupBefore: true}, "Validation failed."},
		"negative":             {id, control.Action{PullRequest: -1}, "Pull request -1 not found for this resource."},
		"tag without, service": {x.service, control.Action{DockerTag: "v1"}, "docker_tag requires pull_request_id."},
	} {
		_, err := deploy(c.id, c.in)
		if err == nil || !strings.Contains(err.Error(), c.msg) {
			t.Errorf("%s: %v, want %s", what, err, c.msg)
		}
	}
	_, err := w.c.RestartApplication(ctx, w.owner, id, control.Action{PullRequest: 7})
	wantCode(t, err, core.CodeBadRequest, "")
}

func TestDeployOfATag(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	ctx := t.Context()
	in := x.applicationInput()
	in.From, in.Build.ImageName, in.Serve.Domains = control.FromImage, ptr("nginx"), ptr("https://a.example")
	id := must(w.c.CreateApplication(ctx, w.owner, in))(t).Application.UUID
	q := must(w.c.Deploy(ctx, w.owner, []core.ID{id}, control.Action{PullRequest: 3, DockerTag: "pr-3"}))(t)[0]
	if r := q.Deployment.Revision; r.Tag != "pr-3" || r.PullRequest != 3 || r.Commit != "HEAD" {
		t.Errorf("revision %+v", r)
	}
	list := must(w.c.ListPreviews(ctx, w.owner, id))(t)
	if len(list) != 1 || list[0].PullRequest != 3 || list[0].Domains != "https://3.a.example" {
		t.Errorf("previews %+v", list)
	}
	_, err := w.c.Deploy(ctx, w.owner, []core.ID{id}, control.Action{PullRequest: 3, DockerTag: "a;id"})
	wantFields(t, err, "docker_tag")
}

func TestRollback(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnishAll(t, w.owner)
	ctx := t.Context()
	id := x.app.application
	none := must(w.c.ListRollbackTargets(ctx, w.owner, id))(t)
	if none.Current != "" || none.Images == nil || len(none.Images) != 0 {
		t.Errorf("targets of what never ran: %+v", none)
	}
	var done []core.ID
	for _, commit := range []string{firstCommit, secondCommit} {
		w.code.set(func(h *codeHost) { h.head = commit })
		d := must(w.c.StartApplication(ctx, w.owner, id, control.Action{}))(t).Deployment
		w.finish(t, id, d.UUID, commit)
		done = append(done, d.UUID)
	}
	targets := must(w.c.ListRollbackTargets(ctx, w.owner, id))(t)
	if targets.Current != secondCommit || len(targets.Images) != 2 || !targets.Images[0].IsCurrent || targets.Images[1].Tag != firstCommit ||
		targets.Images[1].Deployment != done[0] || targets.Images[1].IsCurrent {
		t.Errorf("targets %+v", targets)
	}
	_, err := w.c.Rollback(ctx, w.owner, id, control.RollbackInput{})
	wantFields(t, err, "commit")
	for _, bad := range []string{pullCommit, "a;id", "HEAD"} {
		_, err := w.c.Rollback(ctx, w.owner, id, control.RollbackInput{Commit: bad})
		wantCode(t, err, core.CodeNotFound, "Deployment not found.")
	}
	q := must(w.c.Rollback(ctx, w.owner, id, control.RollbackInput{Commit: firstCommit, Note: "the second is broken"}))(t)
	if d := q.Deployment; d.Verb != core.VerbRollback || d.RollbackOf != done[0] || d.Revision.Commit != firstCommit || q.Message != "Rollback deployment queued." {
		t.Errorf("rollback %+v", q)
	}
	a := must(w.c.GetApplication(ctx, w.owner, id))(t).AutoDeploy
	if !a.PausedAt.Equal(start) || a.PausedBy != w.owner.Actor.Name || a.PausedFor != q.Deployment.UUID || !a.Enabled {
		t.Errorf("automatic deployments %+v", a)
	}
	must(w.c.UpdateApplication(ctx, w.owner, id, control.ApplicationPatch{AutoDeploy: control.AutoDeployPatch{Enabled: ptr(true)}}))(t)
	if a = must(w.c.GetApplication(ctx, w.owner, id))(t).AutoDeploy; a.PausedAt.IsZero() {
		t.Error("a change of settings resumes automatic deployments")
	}
	if a = must(w.c.ResumeAutoDeploy(ctx, w.owner, id))(t).AutoDeploy; !a.PausedAt.IsZero() || a.PausedBy != "" || a.PausedFor != "" || !a.Enabled {
		t.Errorf("resumed %+v", a)
	}
}

func TestPlanRollback(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnishAll(t, w.owner)
	ctx := t.Context()
	id := x.app.application
	var done []core.ID
	for _, commit := range []string{firstCommit, secondCommit} {
		w.code.set(func(h *codeHost) { h.head = commit })
		d := must(w.c.StartApplication(ctx, w.owner, id, control.Action{}))(t).Deployment
		w.finish(t, id, d.UUID, commit)
		done = append(done, d.UUID)
	}
	w.code.set(func(h *codeHost) {
		h.changes = []control.Difference{{Field: "build command", How: "changed", Old: "a", New: "b"}, {Field: "variable X", How: "added"}}
	})
	before := w.dump(t)
	plan := must(w.c.PlanRollback(ctx, w.owner, id, control.RollbackInput{Deployment: done[0]}))(t)
	if plan.Target.Deployment != done[0] || plan.Current.Deployment != done[1] || len(plan.Changes) != 2 || plan.Changes[0].Old != "a" {
		t.Errorf("plan %+v", plan)
	}
	if asks := w.code.asks(); asks[len(asks)-1] != "compare "+string(done[1])+" "+string(done[0]) {
		t.Errorf("compared %v", asks)
	}
	masked := must(w.c.PlanRollback(ctx, as(w.owner, core.RoleAdmin, "read"), id, control.RollbackInput{Deployment: done[0]}))(t).Changes
	want := []control.Difference{{Field: "build command", How: "changed", Old: core.Redacted, New: core.Redacted}, {Field: "variable X", How: "added"}}
	if !slices.Equal(masked, want) {
		t.Errorf("for those who may not see secrets: %+v", masked)
	}
	if w.dump(t) != before {
		t.Error("a plan changed the database")
	}
}
