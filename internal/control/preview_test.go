package control_test

import (
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

func TestPullRequestFromOpenToClosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnishAll(t, w.owner)
	ctx := t.Context()
	id := x.app.application
	r := w.took(t, gitHub(t, "pull_request", "1", pullHook("opened", 3, nil)))[0]
	list := w.deployments(t, w.owner, id)
	if r.Deployment == "" || len(list) != 1 || list[0].UUID != r.Deployment {
		t.Fatalf("result %+v, deployments %+v", r, list)
	}
	if v := list[0].Revision; v.PullRequest != 3 || v.Commit != pullCommit || v.Branch != "feature" || v.Message != "A feature" || v.Provider != "github" {
		t.Errorf("revision %+v", v)
	}
	previews := must(w.c.ListPreviews(ctx, w.owner, id))(t)
	v := previews[1] // behind that which every application of a test has
	if len(previews) != 2 || v.PullRequest != 3 || v.Domains != "https://3.shop.example.com" || v.Branch != "feature" || v.FromFork || v.Title != "A feature" {
		t.Errorf("previews %+v", previews)
	}
	w.took(t, gitHub(t, "pull_request", "2", pullHook("synchronize", 3, hook{"head": hook{
		"ref": "feature", "sha": secondCommit, "repo": hook{"full_name": "acme/shop"},
	}})))
	own := must(w.c.StartApplication(ctx, w.owner, id, control.Action{}))(t).Deployment
	r = w.took(t, gitHub(t, "pull_request", "3", pullHook("closed", 3, hook{"merged": true})))[0]
	list = w.deployments(t, w.owner, id)
	if r.Message != "Preview deletion request queued." || len(list) != 4 {
		t.Fatalf("closed: %+v, %d deployments", r, len(list))
	}
	if d := list[0]; d.Verb != core.VerbStop || d.Revision.PullRequest != 3 || !d.Options.Remove.Volumes || d.Status != core.StatusQueued {
		t.Errorf("stop %+v", d)
	}
	for _, d := range list[1:] {
		if want := map[bool]core.Status{true: core.StatusQueued, false: core.StatusCancelled}[d.UUID == own.UUID]; d.Status != want {
			t.Errorf("%s of pull request %d is %s", d.Verb, d.Revision.PullRequest, d.Status)
		}
	}
	if previews = must(w.c.ListPreviews(ctx, w.owner, id))(t); len(previews) != 1 {
		t.Errorf("previews %+v", previews)
	}
	again := w.took(t, gitHub(t, "pull_request", "3", pullHook("closed", 3, nil)))[0]
	if again.Deployment != "" || again.Message != "Nothing to deploy: pull request 3 has no preview." {
		t.Errorf("closed once more: %+v", again)
	}
}

// TestForks: what strangers wrote gets no secrets of ours unless somebody says so.
func TestForks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnishAll(t, w.owner)
	ctx := t.Context()
	id := x.app.application
	fork := hook{"head": hook{"ref": "main", "sha": pullCommit, "repo": hook{"full_name": "stranger/shop"}}}
	r := w.took(t, gitHub(t, "pull_request", "1", pullHook("opened", 4, fork)))[0]
	if r.Deployment != "" || !strings.Contains(r.Message, "comes from a fork") || len(w.deployments(t, w.owner, id)) != 0 {
		t.Errorf("result %+v", r)
	}
	q := must(w.c.Deploy(ctx, w.owner, []core.ID{id}, control.Action{PullRequest: 4}))(t)[0]
	if v := q.Deployment.Revision; v.PullRequest != 4 || v.Commit != pullCommit || q.Deployment.Trigger != core.TriggerAPI {
		t.Errorf("approved: %+v", q.Deployment)
	}
	if r = w.took(t, gitHub(t, "pull_request", "2", pullHook("synchronize", 4, fork)))[0]; r.Deployment != "" {
		t.Errorf("pushed behind the approval: %+v", r)
	}
	must(w.c.UpdateApplication(ctx, w.owner, id, control.ApplicationPatch{AutoDeploy: control.AutoDeployPatch{PublicPreviews: ptr(true)}}))(t)
	if r = w.took(t, gitHub(t, "pull_request", "3", pullHook("synchronize", 4, fork)))[0]; r.Deployment == "" {
		t.Errorf("with public previews: %+v", r)
	}
}

func TestPullRequestsThatHaveNoPreview(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnishAll(t, w.owner)
	ctx := t.Context()
	id := x.app.application
	says := func(body hook, want string) {
		t.Helper()
		if r := w.took(t, gitHub(t, "pull_request", "1", body))[0]; r.Deployment != "" || r.Message != want {
			t.Errorf("result %+v, want %q", r, want)
		}
	}
	says(pullHook("opened", 3, hook{"base": hook{"ref": "next", "repo": hook{"full_name": "acme/shop"}}}),
		`Nothing to deploy: the pull request is for "next" and the application is deployed from "main".`)
	says(pullHook("opened", 3, hook{"title": "[skip cd] later"}), "Nothing to deploy: the pull request says to skip it.")
	must(w.c.UpdateApplication(ctx, w.owner, id, control.ApplicationPatch{AutoDeploy: control.AutoDeployPatch{Previews: ptr(false)}}))(t)
	says(pullHook("opened", 3, nil), "Nothing to deploy: previews of pull requests are off.")
	if list := must(w.c.ListPreviews(ctx, w.owner, id))(t); len(list) != 1 {
		t.Errorf("previews %+v", list)
	}
}

func TestDeletePreview(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnishAll(t, w.owner)
	ctx := t.Context()
	id := x.app.application
	must(w.c.Deploy(ctx, w.owner, []core.ID{id}, control.Action{PullRequest: 7}))(t)
	own := must(w.c.StartApplication(ctx, w.owner, id, control.Action{}))(t).Deployment.UUID
	q := must(w.c.DeletePreview(ctx, w.owner, id, 7))(t)
	if d := q.Deployment; d.Verb != core.VerbStop || d.Revision.PullRequest != 7 {
		t.Errorf("stop %+v", d)
	}
	for _, d := range w.deployments(t, w.owner, id) {
		switch {
		case d.UUID == own && d.Status != core.StatusQueued:
			t.Errorf("the application's own deployment is %s", d.Status)
		case d.Verb == core.VerbDeploy && d.Revision.PullRequest == 7 && d.Status != core.StatusCancelled:
			t.Errorf("the preview's deployment is %s", d.Status)
		}
	}
	_, err := w.c.DeletePreview(ctx, w.owner, id, 7)
	wantCode(t, err, core.CodeNotFound, "Pull request 7 not found for this resource.")
}

func TestPreviewTemplates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnishAll(t, w.owner)
	ctx := t.Context()
	id := x.app.application
	for template, want := range map[string]string{
		"{{pr_id}}.{{domain}}":           "https://5.shop.example.com:8080/api,http://5.b.example",
		"pr-{{pr_id}}-{{domain}}":        "https://pr-5-shop.example.com:8080/api,http://pr-5-b.example",
		"{{pr_id}}.previews.example.com": "https://5.previews.example.com:8080/api,http://5.previews.example.com",
	} {
		must(w.c.UpdateApplication(ctx, w.owner, id, control.ApplicationPatch{Serve: control.ServePatch{
			PreviewURL: &template, Domains: ptr("https://shop.example.com:8080/api,http://b.example"),
		}}))(t)
		w.took(t, gitHub(t, "pull_request", template, pullHook("synchronize", 5, nil)))
		list := must(w.c.ListPreviews(ctx, w.owner, id))(t)
		if got := list[len(list)-1].Domains; got != want {
			t.Errorf("%s: %s, want %s", template, got, want)
		}
	}
	must(w.c.UpdateApplication(ctx, w.owner, id, control.ApplicationPatch{Serve: control.ServePatch{PreviewURL: ptr("{{random}}.{{domain}}")}}))(t)
	seen := map[string]bool{}
	for _, n := range []int{5, 6, 5} {
		w.took(t, gitHub(t, "pull_request", "r", pullHook("synchronize", n, nil)))
		for _, v := range must(w.c.ListPreviews(ctx, w.owner, id))(t) {
			if v.PullRequest == n {
				seen[v.Domains] = true
			}
		}
	}
	if len(seen) != 2 {
		t.Errorf("random domains %v", seen)
	}
	for _, bad := range []string{"{{domain}}", "fixed.example.com", "{{pr_id}}.{{domain}}:80", "{{pr_id}}/x.{{domain}}", "-{{pr_id}}.{{domain}}", "{{pr_id}} {{domain}}", ""} {
		_, err := w.c.UpdateApplication(ctx, w.owner, id, control.ApplicationPatch{Serve: control.ServePatch{PreviewURL: &bad}})
		wantFields(t, err, "preview_url_template")
	}
}
