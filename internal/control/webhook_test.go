package control_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/webhook"
)

func mac(secret string, body []byte) string {
	h := hmac.New(sha256.New, []byte(secret))
	_, _ = h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

// delivery is a body, signed as its provider signs.
func delivery(p webhook.Provider, event, id, secret string, body []byte) control.Delivery {
	seconds := strconv.FormatInt(start.Unix(), 10)
	h := http.Header{}
	for _, pair := range map[webhook.Provider][][2]string{
		webhook.GitHub:    {{"X-GitHub-Event", event}, {"X-GitHub-Delivery", id}, {"X-Hub-Signature-256", "sha256=" + mac(secret, body)}},
		webhook.GitLab:    {{"X-Gitlab-Event", event}, {"X-Gitlab-Event-UUID", id}, {"X-Gitlab-Token", secret}},
		webhook.Gitea:     {{"X-Gitea-Event", event}, {"X-Gitea-Delivery", id}, {"X-Gitea-Signature", mac(secret, body)}},
		webhook.Bitbucket: {{"X-Event-Key", event}, {"X-Request-UUID", id}, {"X-Hub-Signature", "sha256=" + mac(secret, body)}},
		webhook.Generic: {
			{webhook.HeaderDelivery, id}, {webhook.HeaderTimestamp, seconds},
			{webhook.HeaderSignature, webhook.Sign(core.NewSecret(secret), start.Unix(), body)},
		},
	}[p] {
		h.Set(pair[0], pair[1])
	}
	return control.Delivery{Provider: p, Header: h, Body: body}
}

// hook is what GitHub sends, as far as it matters here.
type hook map[string]any

func pushHook(more hook) hook {
	h := hook{
		"ref": "refs/heads/main", "before": strings.Repeat("0", 39) + "1", "after": firstCommit,
		"repository": hook{"full_name": "acme/shop", "clone_url": address}, "pusher": hook{"name": "ann"},
		"head_commit": hook{"id": firstCommit, "message": "Better prices"},
		"commits":     []hook{{"id": firstCommit, "message": "Better prices", "modified": []string{"src/price.go"}}},
	}
	for key, value := range more {
		h[key] = value
	}
	return h
}

func pullHook(action string, number int, more hook) hook {
	h := hook{
		"action": action, "number": number, "repository": hook{"full_name": "acme/shop", "clone_url": address}, "sender": hook{"login": "bob"},
		"pull_request": hook{
			"title": "A feature", "html_url": fmt.Sprintf("https://git.example.com/acme/shop/pull/%d", number),
			"head": hook{"ref": "feature", "sha": pullCommit, "repo": hook{"full_name": "acme/shop"}},
			"base": hook{"ref": "main", "sha": firstCommit, "repo": hook{"full_name": "acme/shop"}},
		},
	}
	for key, value := range more {
		h["pull_request"].(hook)[key] = value
	}
	return h
}

func gitHub(t testing.TB, event, id string, body hook) control.Delivery {
	t.Helper()
	return delivery(webhook.GitHub, event, id, hookSecret, must(json.Marshal(body))(t))
}

// took sends a delivery that must be taken, and returns what came of it.
func (w *world) took(t testing.TB, d control.Delivery) []control.HookResult {
	t.Helper()
	return must(w.c.HandleWebhook(t.Context(), d))(t)
}

// deployments are those of an application, newest first.
func (w *world) deployments(t testing.TB, p auth.Principal, id core.ID) []core.Deployment {
	t.Helper()
	list, _, err := w.c.ListResourceDeployments(t.Context(), p, core.KindApplication, id, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestRecordedDeliveries sends what code hosts really send.
func TestRecordedDeliveries(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	for _, c := range []struct {
		file, event, repository, branch string
		commit, actor                   string
		pull                            int
	}{
		{"github-push", "push", "https://github.com/codertocat/hello-world", "main", "0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c", "Codertocat", 0},
		{"github-tag", "push", "https://github.com/o/r", "v1.0", strings.Repeat("2", 40), "ann", 0},
		{"github-pull", "pull_request", "https://github.com/o/r", "main", "ec26c3e57ca3a959ca5aad62de7213c562f8c821", "", 2},
		{"gitlab-push", "Push Hook", "https://gitlab.example.com/Mike/diaspora.git", "main", "", "", 0}, // says [ci skip]
		{"gitlab-tag", "Tag Push Hook", "https://gitlab.example.com/a/b", "refs/tags/v1.0.0", "5937ac0a7beb003549fc5fd26fc247adbce4a52e", "John Smith", 0},
		{"gitea-push", "push", "https://localhost/gitea/webhooks", "develop", "bffeb74224043ba2feb48d137756c8a9331c449a", "gitea", 0},
		{"bitbucket-push", "repo:push", "https://bitbucket.org/team/app", "main", "709d658dc5b6d6afcd46049c2f332ee3f515a67d", "emmap1", 0},
		{"bitbucket-pull", "pullrequest:created", "https://bitbucket.org/team/app", "main", firstCommit, "emmap1", 1},
	} {
		provider, _, _ := strings.Cut(c.file, "-")
		in := x.hooked()
		in.Source.Repository, in.Source.Branch, in.ForceDomainOverride = &c.repository, &c.branch, true
		id := must(w.c.CreateApplication(t.Context(), w.owner, in))(t).Application.UUID
		body := must(os.ReadFile(filepath.Join("..", "webhook", "testdata", c.file+".json")))(t)
		results := w.took(t, delivery(webhook.Provider(provider), c.event, c.file, hookSecret, body))
		list := w.deployments(t, w.owner, id)
		if c.commit == "" {
			if len(list) != 0 {
				t.Errorf("%s: %+v", c.file, list)
			}
			continue
		}
		if len(list) != 1 {
			t.Errorf("%s: %d deployments, %+v", c.file, len(list), results)
			continue
		}
		d := list[0]
		if d.Revision.Commit != c.commit || d.Revision.PullRequest != c.pull || d.Revision.Provider != provider || d.Trigger != core.TriggerWebhook ||
			d.Actor.Kind != "webhook" || c.actor != "" && d.Actor.Name != c.actor {
			t.Errorf("%s: %+v", c.file, d)
		}
		if err := drop(w.c.DeleteApplication(t.Context(), w.owner, id, core.Removal{})); err != nil {
			t.Error(err)
		}
	}
}

// TestWithoutTheSecret: who cannot sign learns nothing and changes nothing.
func TestWithoutTheSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnishAll(t, w.owner)
	in := x.applicationInput() // has no secrets at all
	in.Source.Repository = ptr("https://git.example.com/acme/open")
	open := must(w.c.CreateApplication(t.Context(), w.owner, in))(t).Application.UUID
	body := must(json.Marshal(pushHook(nil)))(t)
	nobodys := must(json.Marshal(pushHook(hook{"repository": hook{"clone_url": "https://git.example.com/no/body"}})))(t)
	opens := must(json.Marshal(pushHook(hook{"repository": hook{"clone_url": "https://git.example.com/acme/open"}})))(t)
	before := w.dump(t)
	var refusals []string
	for _, p := range []webhook.Provider{webhook.GitHub, webhook.GitLab, webhook.Gitea, webhook.Bitbucket, webhook.Generic} {
		content, event := body, "push"
		switch p {
		case webhook.GitLab:
			content = []byte(`{"object_kind":"push","ref":"refs/heads/main","after":"` + firstCommit + `","project":{"git_http_url":"` + address + `"}}`)
		case webhook.Bitbucket:
			content, event = []byte(`{"repository":{"full_name":"acme/shop","links":{"html":{"href":"https://git.example.com/acme/shop"}}},"push":{"changes":[{"new":{"type":"branch","name":"main","target":{"hash":"`+firstCommit+`"}}}]}}`), "repo:push"
		case webhook.Generic:
			content = []byte(`{"repository":"` + address + `","ref":"main","commit":"` + firstCommit + `"}`)
		default:
		}
		for what, d := range map[string]control.Delivery{
			"wrong secret": delivery(p, event, "1", "guessed", content), "empty secret": delivery(p, event, "1", "", content),
		} {
			_, err := w.c.HandleWebhook(t.Context(), d)
			if core.CodeOf(err) != core.CodeUnauthenticated {
				t.Errorf("%s, %s: %v", p, what, err)
				continue
			}
			refusals = append(refusals, err.Error())
		}
		unsigned := delivery(p, event, "1", hookSecret, content)
		for _, name := range []string{"X-Hub-Signature-256", "X-Hub-Signature", "X-Gitea-Signature", "X-Gitlab-Token", webhook.HeaderSignature} {
			unsigned.Header.Del(name)
		}
		wantCode(t, drop(w.c.HandleWebhook(t.Context(), unsigned)), core.CodeUnauthenticated, "")
		named := delivery(webhook.Generic, "", "1", "guessed", content)
		for _, id := range []core.ID{x.app.application, core.NewID(), "1", "../x", open} {
			named.Application = id
			if _, err := w.c.HandleWebhook(t.Context(), named); p == webhook.Generic && core.CodeOf(err) != core.CodeUnauthenticated {
				t.Errorf("generic for %q: %v", id, err)
			}
		}
	}
	for what, d := range map[string]control.Delivery{
		"nobody's":  delivery(webhook.GitHub, "push", "1", hookSecret, nobodys),
		"no secret": delivery(webhook.GitHub, "push", "1", "", opens),
		"blank":     delivery(webhook.GitHub, "push", "1", " ", opens),
	} {
		_, err := w.c.HandleWebhook(t.Context(), d)
		if core.CodeOf(err) != core.CodeUnauthenticated {
			t.Errorf("%s: %v", what, err)
			continue
		}
		refusals = append(refusals, err.Error())
	}
	for _, text := range refusals {
		if text != refusals[0] {
			t.Errorf("refusals differ: %q, %q", text, refusals[0])
		}
	}
	wantCode(t, drop(w.c.HandleWebhook(t.Context(), delivery(webhook.GitHub, "push", "1", hookSecret, []byte("{")))), core.CodeBadRequest, "")
	if w.dump(t) != before {
		t.Error("a refused delivery changed the database")
	}
}

// TestBrokenSignature changes one byte of what was signed.
func TestBrokenSignature(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.furnishAll(t, w.owner)
	d := gitHub(t, "push", "1", pushHook(nil))
	d.Body = append(d.Body, ' ')
	wantCode(t, drop(w.c.HandleWebhook(t.Context(), d)), core.CodeUnauthenticated, "")
}

func TestPushes(t *testing.T) {
	t.Parallel()
	off := func(change func(*control.ApplicationPatch)) control.ApplicationPatch {
		var p control.ApplicationPatch
		change(&p)
		return p
	}
	for name, c := range map[string]struct {
		patch control.ApplicationPatch
		body  hook
		says  string // empty: it deploys
	}{
		"to the branch":  {control.ApplicationPatch{}, pushHook(nil), ""},
		"to another":     {control.ApplicationPatch{}, pushHook(hook{"ref": "refs/heads/dev"}), `Nothing to deploy: the push is to "refs/heads/dev" and the application is deployed from "main".`},
		"to a tag":       {control.ApplicationPatch{}, pushHook(hook{"ref": "refs/tags/main2"}), `Nothing to deploy: the push is to "refs/tags/main2" and the application is deployed from "main".`},
		"a weapon":       {control.ApplicationPatch{}, pushHook(hook{"ref": "refs/heads/$(touch /tmp/p)"}), `Nothing to deploy: the push is to "refs/heads/$(touch /tmp/p)" and the application is deployed from "main".`},
		"a deleted one":  {control.ApplicationPatch{}, pushHook(hook{"after": strings.Repeat("0", 40), "deleted": true}), "Nothing to deploy: the branch or tag was deleted."},
		"by full name":   {off(func(p *control.ApplicationPatch) { p.Source.Branch = ptr("refs/heads/main") }), pushHook(nil), ""},
		"switched off":   {off(func(p *control.ApplicationPatch) { p.AutoDeploy.Enabled = ptr(false) }), pushHook(nil), "Nothing to deploy: automatic deployments are off."},
		"pinned":         {off(func(p *control.ApplicationPatch) { p.Source.Commit = ptr(secondCommit) }), pushHook(nil), "Nothing to deploy: the application stays at commit " + secondCommit + "."},
		"not watched":    {off(func(p *control.ApplicationPatch) { p.Source.WatchPaths = ptr("docs/") }), pushHook(nil), "Nothing to deploy: no watched path was changed."},
		"watched":        {off(func(p *control.ApplicationPatch) { p.Source.WatchPaths = ptr("docs/\nsrc/**") }), pushHook(nil), ""},
		"skipped":        {control.ApplicationPatch{}, pushHook(hook{"head_commit": hook{"id": firstCommit, "message": "x [skip ci]"}}), "Nothing to deploy: the message of the commit says to skip it."},
		"image, pushed":  {off(func(p *control.ApplicationPatch) { p.Build.Pack, p.Build.ImageName = ptr(core.PackImage), ptr("nginx") }), pushHook(nil), "none"},
		"by another URL": {control.ApplicationPatch{}, pushHook(hook{"repository": hook{"ssh_url": "ssh://git@GIT.example.com:2222/Acme/Shop.git"}}), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			x := w.furnishAll(t, w.owner)
			id := x.app.application
			must(w.c.UpdateApplication(t.Context(), w.owner, id, c.patch))(t)
			if c.says == "none" {
				wantCode(t, drop(w.c.HandleWebhook(t.Context(), gitHub(t, "push", "1", c.body))), core.CodeUnauthenticated, "")
				return
			}
			results := w.took(t, gitHub(t, "push", "1", c.body))
			list := w.deployments(t, w.owner, id)
			if len(results) != 1 || results[0].Application != id || results[0].Name != "Shop" {
				t.Fatalf("results %+v", results)
			}
			if c.says != "" {
				if results[0].Message != c.says || results[0].Deployment != "" || len(list) != 0 {
					t.Errorf("result %+v, deployments %+v", results[0], list)
				}
				return
			}
			if len(list) != 1 || results[0].Deployment != list[0].UUID || results[0].Message != "Deployment queued." {
				t.Fatalf("result %+v, deployments %+v", results[0], list)
			}
			if d := list[0]; d.Revision.Commit != firstCommit || d.Revision.Message != "Better prices" || d.Revision.Branch != "main" || d.Actor.Name != "ann" {
				t.Errorf("deployment %+v", d)
			}
		})
	}
}

func TestPushWhileARollbackStands(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnishAll(t, w.owner)
	ctx := t.Context()
	id := x.app.application
	d := must(w.c.StartApplication(ctx, w.owner, id, control.Action{}))(t).Deployment
	w.finish(t, id, d.UUID, firstCommit)
	must(w.c.Rollback(ctx, w.owner, id, control.RollbackInput{Deployment: d.UUID}))(t)
	r := w.took(t, gitHub(t, "push", "1", pushHook(hook{"after": secondCommit})))[0]
	if r.Deployment != "" || !strings.Contains(r.Message, "paused since a rollback by "+w.owner.Actor.Name) {
		t.Errorf("result %+v", r)
	}
	must(w.c.ResumeAutoDeploy(ctx, w.owner, id))(t)
	if r = w.took(t, gitHub(t, "push", "1", pushHook(hook{"after": secondCommit})))[0]; r.Deployment == "" {
		t.Errorf("sent again behind it: %+v", r) // it was ignored, not taken
	}
}

// TestTheSameDeliveryAtOnce sends one delivery many times in parallel.
func TestTheSameDeliveryAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnishAll(t, w.owner)
	d := gitHub(t, "push", "the-one", pushHook(nil))
	var all sync.WaitGroup
	got := make([][]control.HookResult, 100)
	faults := make([]error, len(got))
	for i := range got {
		all.Go(func() { got[i], faults[i] = w.c.HandleWebhook(t.Context(), d) })
	}
	all.Wait()
	list := w.deployments(t, w.owner, x.app.application)
	if len(list) != 1 {
		t.Fatalf("%d deployments", len(list))
	}
	for i, r := range got {
		if faults[i] != nil || len(r) != 1 || r[0].Deployment != list[0].UUID {
			t.Errorf("%d: %+v, %v", i, r, faults[i])
		}
	}
}

// TestManyPushes: the newest is deployed, and all are in the history.
func TestManyPushes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnishAll(t, w.owner)
	const pushes = 60 // more than a queue takes
	for i := range pushes {
		w.took(t, gitHub(t, "push", strconv.Itoa(i), pushHook(hook{"after": fmt.Sprintf("%040x", i+1)})))
	}
	list := w.deployments(t, w.owner, x.app.application)
	if len(list) != pushes || list[0].Status != core.StatusQueued || list[0].Revision.Commit != fmt.Sprintf("%040x", pushes) {
		t.Errorf("%d deployments, newest %+v", len(list), list[0])
	}
	for _, d := range list[1:] {
		if d.Status != core.StatusCancelled {
			t.Errorf("%s is %s", d.Revision.Commit, d.Status)
		}
	}
}

func TestQueueIsFull(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnishAll(t, w.owner)
	ctx := t.Context()
	must(w.c.UpdateServer(ctx, w.owner, x.server, control.ServerPatch{DeploymentQueueLimit: ptr(1)}))(t)
	d := gitHub(t, "push", "1", pushHook(nil))
	wantCode(t, drop(w.c.HandleWebhook(ctx, d)), core.CodeTooMany, "")
	must(w.c.UpdateServer(ctx, w.owner, x.server, control.ServerPatch{DeploymentQueueLimit: ptr(10)}))(t)
	if r := w.took(t, d)[0]; r.Deployment == "" {
		t.Errorf("sent again: %+v", r)
	}
}

// TestOneRepositoryOfManyTeams: a delivery is for those whose secret it is signed with.
func TestOneRepositoryOfManyTeams(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnishAll(t, w.owner)
	eve := w.otherTeam(t)
	theirs := w.furnishAll(t, eve)
	ctx := t.Context()
	must(w.c.UpdateApplication(ctx, eve, theirs.app.application, control.ApplicationPatch{Hooks: control.HooksPatch{GitHub: secret("secret-of-eve")}}))(t)
	in := x.hooked()
	in.Source.Branch, in.ForceDomainOverride = ptr("dev"), true
	second := must(w.c.CreateApplication(ctx, w.owner, in))(t).Application.UUID
	results := w.took(t, gitHub(t, "push", "1", pushHook(nil)))
	if len(results) != 2 || results[0].Application != x.app.application || results[0].Deployment == "" || results[1].Application != second || results[1].Deployment != "" {
		t.Errorf("results %+v", results)
	}
	if len(w.deployments(t, eve, theirs.app.application)) != 0 {
		t.Error("the push was for another team, too")
	}
	body := must(json.Marshal(pushHook(nil)))(t)
	results = w.took(t, delivery(webhook.GitHub, "push", "1", "secret-of-eve", body))
	if len(results) != 1 || results[0].Application != theirs.app.application || results[0].Message != "Deployment queued." {
		t.Errorf("the same id, signed by another: %+v", results)
	}
}

func TestSecretOfAGitHubApp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnishAll(t, w.owner)
	ctx := t.Context()
	in := x.applicationInput()
	in.From, in.Source.GitHubApp, in.Source.Repository = control.FromGitHubApp, ptr(string(x.app.gitHub)), ptr("acme/site")
	id := must(w.c.CreateApplication(ctx, w.owner, in))(t).Application.UUID
	body := func(installation int) []byte {
		return must(json.Marshal(pushHook(hook{
			"repository": hook{"full_name": "acme/site", "clone_url": "https://github.com/acme/site.git"}, "installation": hook{"id": installation},
		})))(t)
	}
	wantCode(t, drop(w.c.HandleWebhook(ctx, delivery(webhook.GitHub, "push", "1", appSecret, body(99)))), core.CodeUnauthenticated, "")
	wantCode(t, drop(w.c.HandleWebhook(ctx, delivery(webhook.Gitea, "push", "1", appSecret, body(12)))), core.CodeUnauthenticated, "")
	if r := w.took(t, delivery(webhook.GitHub, "push", "1", appSecret, body(12))); len(r) != 1 || r[0].Application != id || r[0].Deployment == "" {
		t.Errorf("results %+v", r)
	}
}

func TestGenericSender(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnishAll(t, w.owner)
	ctx := t.Context()
	in := x.applicationInput()
	in.From, in.Build.ImageName = control.FromImage, ptr("nginx")
	in.Hooks.Generic = secret("secret-of-the-image")
	image := must(w.c.CreateApplication(ctx, w.owner, in))(t).Application.UUID
	body := []byte(`{"ref":"main","commit":"` + firstCommit + `","author":"ci"}`)
	d := delivery(webhook.Generic, "", "1", "secret-of-the-image", body)
	wantMessage := func(d control.Delivery, want string) {
		t.Helper()
		if r := w.took(t, d); len(r) != 1 || r[0].Message != want {
			t.Errorf("results %+v, want %q", r, want)
		}
	}
	wantMessage(d, "Ignored: it names no repository.")
	d.Application = image
	wantMessage(d, "Deployment queued.")
	if list := w.deployments(t, w.owner, image); len(list) != 1 || list[0].Revision.Commit != "HEAD" || list[0].Actor.Name != "ci" || list[0].Revision.Provider != "" {
		t.Errorf("deployments %+v", list)
	}
	own := delivery(webhook.Generic, "", "1", hookSecret, body)
	own.Application = x.app.application
	wantMessage(own, "Deployment queued.") // ids of one application are not those of another
	other := delivery(webhook.Generic, "", "2", hookSecret, []byte(`{"repository":"https://git.example.com/other/one","ref":"main","commit":"`+firstCommit+`"}`))
	other.Application = x.app.application
	wantCode(t, drop(w.c.HandleWebhook(ctx, other)), core.CodeUnauthenticated, "")
}

func TestDeliveriesThatAreAboutNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.furnishAll(t, w.owner)
	for event, want := range map[string]string{
		"ping": "A ping without a repository: its signature was not checked.", "star": "Ignored: only pushes and pull requests are looked at.",
	} {
		r := w.took(t, delivery(webhook.GitHub, event, "1", "", []byte("{}")))
		if len(r) != 1 || r[0].Message != want || r[0].Application != "" {
			t.Errorf("%s: %+v", event, r)
		}
	}
	r := w.took(t, gitHub(t, "ping", "1", hook{"zen": "x", "repository": hook{"clone_url": address}}))
	if len(r) != 1 || r[0].Message != "The webhook is set up right." {
		t.Errorf("ping %+v", r)
	}
}
