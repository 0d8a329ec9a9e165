package webhook_test

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/webhook"
)

func payload(tb testing.TB, name string) string {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		tb.Fatal(err)
	}
	return string(data)
}

// parse wants one event, or n of them.
func parse(tb testing.TB, p webhook.Provider, body string, pairs ...string) []webhook.Event {
	tb.Helper()
	events, err := webhook.Parse(p, header(pairs...), []byte(body))
	if err != nil || len(events) == 0 {
		tb.Fatalf("%d events, %v", len(events), err)
	}
	return events
}

func repository(name string, urls ...string) webhook.Repository {
	return webhook.Repository{FullName: name, URLs: urls}
}

func TestPushes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		file  string
		pairs []string
		want  webhook.Event
	}{
		{"github-push", []string{"X-GitHub-Event", "push", "X-GitHub-Delivery", "72d3162e-cc78-11e3"}, webhook.Event{
			Provider: webhook.GitHub, Delivery: "72d3162e-cc78-11e3", Kind: webhook.Push, Installation: 4242, Ref: "refs/heads/main", Branch: "main",
			Repository: repository("Codertocat/Hello-World", "https://github.com/Codertocat/Hello-World.git", "git@github.com:Codertocat/Hello-World.git", "https://github.com/Codertocat/Hello-World"),
			Before:     "6113728f27ae82c7b1a177c8d03f9e96e0adf246", After: "0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c", Message: "Update README.md\n\nWith more.", Author: "Codertocat",
			Changes: webhook.Changes{Paths: []string{"new/file.go", "old", "README.md"}, Complete: true},
		}},
		{"github-tag", []string{"X-GitHub-Event", "push", "X-GitHub-Delivery", "1"}, webhook.Event{
			Provider: webhook.GitHub, Delivery: "1", Kind: webhook.Push, Ref: "refs/tags/v1.0", Tag: "v1.0", After: strings.Repeat("2", 40), Message: "release", Author: "ann",
			Repository: repository("o/r", "https://github.com/o/r.git", "git@github.com:o/r.git", "https://github.com/o/r"),
		}},
		{"github-delete", []string{"X-GitHub-Event", "push", "X-GitHub-Delivery", "1"}, webhook.Event{
			Provider: webhook.GitHub, Delivery: "1", Kind: webhook.Ignored, Reason: "the branch or tag was deleted", Ref: "refs/heads/gone", Branch: "gone", Before: strings.Repeat("1", 40), Author: "ann",
			Repository: repository("o/r", "https://github.com/o/r"),
		}},
		{"github-forced", []string{"X-GitHub-Event", "push", "X-GitHub-Delivery", "1"}, webhook.Event{
			Provider: webhook.GitHub, Delivery: "1", Kind: webhook.Push, Ref: "refs/heads/main", Branch: "main", Before: strings.Repeat("1", 40), After: strings.Repeat("2", 40), Message: "x [Skip CI]", Author: "ann",
			Repository: repository("o/r", "https://github.com/o/r"), Changes: webhook.Changes{Paths: []string{"a"}},
		}},
		{"github-ping", []string{"X-GitHub-Event", "ping", "X-GitHub-Delivery", "1"}, webhook.Event{
			Provider: webhook.GitHub, Delivery: "1", Kind: webhook.Ping, Repository: repository("o/r", "https://github.com/o/r"),
		}},
		{"gitlab-push", []string{"X-Gitlab-Event", "Push Hook", "X-Gitlab-Event-UUID", "e", "Idempotency-Key", "i"}, webhook.Event{
			Provider: webhook.GitLab, Delivery: "i", Kind: webhook.Push, Ref: "refs/heads/main", Branch: "main", Author: "jsmith", Message: "fixed readme [ci skip]",
			Repository: repository("mike/diaspora", "https://gitlab.example.com/mike/diaspora.git", "ssh://git@gitlab.example.com:2222/mike/diaspora.git", "https://gitlab.example.com/mike/diaspora"),
			Before:     "95790bf891e76fee5e1747ab589903a6a1f80f22", After: "da1560886d4f094c3e6c9ef40349f7d38b5d27d7",
			Changes: webhook.Changes{Paths: []string{"CHANGELOG", "app/controller/application.rb"}, Complete: true},
		}},
		{"gitlab-tag", []string{"X-Gitlab-Event-UUID", "e"}, webhook.Event{
			Provider: webhook.GitLab, Delivery: "e", Kind: webhook.Push, Ref: "refs/tags/v1.0.0", Tag: "v1.0.0", After: "5937ac0a7beb003549fc5fd26fc247adbce4a52e", Author: "John Smith",
			Repository: repository("a/b", "https://gitlab.example.com/a/b.git", "git@gitlab.example.com:a/b.git", "https://gitlab.example.com/a/b"),
		}},
		{"gitea-push", []string{"X-Gitea-Event", "push", "X-Gitea-Delivery", "f6266f16"}, webhook.Event{
			Provider: webhook.Gitea, Delivery: "f6266f16", Kind: webhook.Push, Ref: "refs/heads/develop", Branch: "develop", Author: "gitea", Message: "Webhooks Yay!",
			Repository: repository("gitea/webhooks", "http://localhost:3000/gitea/webhooks.git", "ssh://gitea@localhost:2222/gitea/webhooks.git", "http://localhost:3000/gitea/webhooks"),
			Before:     "28e1879d029cb852e4844d9c718537df08844e03", After: "bffeb74224043ba2feb48d137756c8a9331c449a",
			Changes: webhook.Changes{Paths: []string{"a", "b"}, Complete: true},
		}},
	} {
		provider, _, _ := strings.Cut(c.file, "-")
		got := parse(t, webhook.Provider(provider), payload(t, c.file), c.pairs...)
		if diff := cmp.Diff([]webhook.Event{c.want}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.file, diff)
		}
	}
}

func TestBitbucketPushesSeveral(t *testing.T) {
	t.Parallel()
	got := parse(t, webhook.Bitbucket, payload(t, "bitbucket-push"), "X-Event-Key", "repo:push", "X-Request-UUID", "u")
	repo := repository("team/app", "https://bitbucket.org/team/app")
	want := []webhook.Event{
		{Provider: webhook.Bitbucket, Delivery: "u", Kind: webhook.Push, Repository: repo, Ref: "refs/heads/main", Branch: "main", Author: "emmap1",
			Before: "1e65c05c1d5171631d92438a13901ca7dae9618c", After: "709d658dc5b6d6afcd46049c2f332ee3f515a67d", Message: "new commit message\n"},
		{Provider: webhook.Bitbucket, Delivery: "u#2", Kind: webhook.Push, Repository: repo, Ref: "refs/tags/v2", Tag: "v2", Author: "emmap1", After: "709d658dc5b6d6afcd46049c2f332ee3f515a67d", Message: "m"},
		{Provider: webhook.Bitbucket, Delivery: "u#3", Kind: webhook.Ignored, Reason: "the branch or tag was deleted", Repository: repo, Ref: "refs/heads/gone", Branch: "gone", Author: "emmap1",
			Before: "1e65c05c1d5171631d92438a13901ca7dae9618c"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for key, kind := range map[string]webhook.Kind{"diagnostics:ping": webhook.Ping, "repo:fork": webhook.Ignored, "": webhook.Ignored} {
		if got := parse(t, webhook.Bitbucket, "{}", "X-Event-Key", key); got[0].Kind != kind {
			t.Errorf("%q: %+v", key, got)
		}
	}
	if got := parse(t, webhook.Bitbucket, "{}", "X-Event-Key", "repo:push"); got[0].Kind != webhook.Ignored {
		t.Errorf("no changes: %+v", got)
	}
}

func TestPulls(t *testing.T) {
	t.Parallel()
	swap := func(file string, pairs ...string) string {
		return strings.NewReplacer(pairs...).Replace(payload(t, file))
	}
	hub := webhook.Pull{Number: 2, Title: "Update the README", URL: "https://github.com/o/r/pull/2", Branch: "changes", Base: "main", Repository: "o/r"}
	lab := webhook.Pull{Number: 1, Title: "MS-Viewport", URL: "https://gitlab.example.com/gitlabhq/gitlab-test/-/merge_requests/1", Branch: "ms-viewport", Base: "main",
		Repository: "awesome_space/awesome_project", Fork: true, Draft: true}
	gitea := webhook.Pull{Number: 3, Title: "Better", URL: "http://localhost:3000/gitea/webhooks/pulls/3", Branch: "fix", Base: "develop", Repository: "stranger/webhooks", Fork: true}
	bucket := webhook.Pull{Number: 1, Title: "Title", URL: "https://bitbucket.org/team/app/pull-requests/1", Branch: "feature", Base: "main", Repository: "team/app"}
	with := func(p webhook.Pull, change func(*webhook.Pull)) webhook.Pull { change(&p); return p }
	merged, fork := func(p *webhook.Pull) { p.Merged = true }, func(p *webhook.Pull) { p.Fork, p.Repository = true, "" }
	const hubSHA, labSHA, giteaSHA = "ec26c3e57ca3a959ca5aad62de7213c562f8c821", "da1560886d4f094c3e6c9ef40349f7d38b5d27d7", "bffeb74224043ba2feb48d137756c8a9331c449a"
	for _, c := range []struct {
		name   string
		p      webhook.Provider
		event  string // header
		body   string
		kind   webhook.Kind
		pull   webhook.Pull
		commit string
	}{
		{"opened", webhook.GitHub, "pull_request", payload(t, "github-pull"), webhook.Opened, hub, hubSHA},
		{"reopened", webhook.GitHub, "pull_request", swap("github-pull", `"opened"`, `"reopened"`), webhook.Opened, hub, hubSHA},
		{"pushed to", webhook.GitHub, "pull_request", swap("github-pull", `"opened"`, `"synchronize"`), webhook.Updated, hub, hubSHA},
		{"ready", webhook.GitHub, "pull_request", swap("github-pull", `"opened"`, `"ready_for_review"`), webhook.Updated, hub, hubSHA},
		{"other base", webhook.GitHub, "pull_request", swap("github-pull", `"opened",`, `"edited","changes":{"base":{"ref":{"from":"x"}}},`), webhook.Updated, hub, hubSHA},
		{"other title", webhook.GitHub, "pull_request", swap("github-pull", `"opened",`, `"edited","changes":{"title":{"from":"x"}},`), webhook.Ignored, hub, hubSHA},
		{"labeled", webhook.GitHub, "pull_request", swap("github-pull", `"opened"`, `"labeled"`), webhook.Ignored, hub, hubSHA},
		{"closed", webhook.GitHub, "pull_request", swap("github-pull", `"opened"`, `"closed"`), webhook.Closed, hub, hubSHA},
		{"merged", webhook.GitHub, "pull_request", swap("github-pull", `"opened"`, `"closed"`, `"merged":false`, `"merged":true`), webhook.Closed, with(hub, merged), hubSHA},
		{"fork gone", webhook.GitHub, "pull_request", swap("github-pull", `"repo":{"id":1,"full_name":"o/r","html_url":"https://github.com/o/r"}`, `"repo":null`), webhook.Opened, with(hub, fork), hubSHA},
		{"no link", webhook.GitHub, "pull_request", swap("github-pull", "https://github.com/o/r/pull/2", "javascript:alert(1)"), webhook.Opened, with(hub, func(p *webhook.Pull) { p.URL = "" }), hubSHA},
		{"opened", webhook.GitLab, "", payload(t, "gitlab-merge"), webhook.Opened, lab, labSHA},
		{"approved", webhook.GitLab, "", swap("gitlab-merge", `"open"`, `"approved"`), webhook.Ignored, lab, labSHA},
		{"other title", webhook.GitLab, "", swap("gitlab-merge", `"open"`, `"update"`), webhook.Ignored, lab, labSHA},
		{"pushed to", webhook.GitLab, "", swap("gitlab-merge", `"action":"open"`, `"action":"update","oldrev":"abc"`), webhook.Updated, lab, labSHA},
		{"merged", webhook.GitLab, "", swap("gitlab-merge", `"open"`, `"merge"`), webhook.Closed, with(lab, merged), labSHA},
		{"own", webhook.GitLab, "", swap("gitlab-merge", `"source_project_id":14`, `"source_project_id":1`), webhook.Opened, with(lab, func(p *webhook.Pull) { p.Fork = false }), labSHA},
		{"pushed to", webhook.Gitea, "pull_request", payload(t, "gitea-pull"), webhook.Updated, gitea, giteaSHA},
		{"synced", webhook.Gitea, "pull_request_sync", payload(t, "gitea-pull"), webhook.Updated, gitea, giteaSHA},
		{"opened", webhook.Bitbucket, "pullrequest:created", payload(t, "bitbucket-pull"), webhook.Opened, bucket, ""},
		{"updated", webhook.Bitbucket, "pullrequest:updated", payload(t, "bitbucket-pull"), webhook.Updated, bucket, ""},
		{"merged", webhook.Bitbucket, "pullrequest:fulfilled", payload(t, "bitbucket-pull"), webhook.Closed, with(bucket, merged), ""},
		{"declined", webhook.Bitbucket, "pullrequest:rejected", payload(t, "bitbucket-pull"), webhook.Closed, bucket, ""},
		{"fork gone", webhook.Bitbucket, "pullrequest:created", swap("bitbucket-pull", `"repository":{"full_name":"team/app"}},
"destination"`, `"repository":null},"destination"`), webhook.Opened, with(bucket, fork), ""},
	} {
		got := parse(t, c.p, c.body, "X-GitHub-Event", c.event, "X-Gitea-Event", c.event, "X-Event-Key", c.event)[0]
		if diff := cmp.Diff(c.pull, got.Pull); diff != "" || got.Kind != c.kind || got.After != c.commit || got.Branch != "" || (got.Reason != "") != (c.kind == webhook.Ignored) {
			t.Errorf("%s, %s: %s, commit %q, branch %q, reason %q\n%s", c.p, c.name, got.Kind, got.After, got.Branch, got.Reason, diff)
		}
	}
}

func TestGeneric(t *testing.T) {
	t.Parallel()
	sha := strings.Repeat("ab", 20)
	got := parse(t, webhook.Generic, `{"repository":"https://git.example.com/a/b","ref":"feature/x","commit":"`+strings.ToUpper(sha)+`","message":"m","author":"me","paths":["a","a","b"]}`, webhook.HeaderDelivery, "d-1")
	want := []webhook.Event{{
		Provider: webhook.Generic, Delivery: "d-1", Kind: webhook.Push, Repository: repository("", "https://git.example.com/a/b"), Ref: "refs/heads/feature/x", Branch: "feature/x",
		After: sha, Message: "m", Author: "me", Changes: webhook.Changes{Paths: []string{"a", "b"}, Complete: true},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	got = parse(t, webhook.Generic, `{"event":"pull_request","commit":"`+sha+`","pull_request":{"action":"closed","number":4,"branch":"x","fork":true}}`)
	if got[0].Kind != webhook.Closed || got[0].Pull.Number != 4 || !got[0].Pull.Fork || !strings.HasPrefix(got[0].Delivery, "sha256:") {
		t.Errorf("%+v", got)
	}
	if got := parse(t, webhook.Generic, `{"event":"ping"}`); got[0].Kind != webhook.Ping {
		t.Errorf("%+v", got)
	}
}

// TestOddNames: a branch is whatever its owner called it; it arrives as text.
func TestOddNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"$(touch /tmp/p)", "a;b", "--upload-pack=x", "../../x", strings.Repeat("x", 300), "ünïcode☃", "<script>"} {
		body := strings.ReplaceAll(payload(t, "gitea-push"), "refs/heads/develop", "refs/heads/"+name)
		if got := parse(t, webhook.Gitea, body, "X-Forgejo-Event", "push")[0]; got.Branch != name {
			t.Errorf("%q became %q", name, got.Branch)
		}
	}
	long := strings.Repeat("ü\x00", 20_000)
	body := strings.ReplaceAll(payload(t, "gitea-push"), "Webhooks Yay!", strings.ReplaceAll(long, "\x00", `\u0000`))
	if got := parse(t, webhook.Gitea, body, "X-Gitea-Event", "push")[0]; len(got.Message) > 16<<10 || strings.Contains(got.Message, "\x00") || !strings.HasPrefix(got.Message, "ü") {
		t.Errorf("%d bytes of message", len(got.Message))
	}
}

// TestUncertainChanges: where the sender cuts its list, nobody knows what changed.
func TestUncertainChanges(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		p           webhook.Provider
		file        string
		from, to    string
		wantUnknown bool
	}{
		"github":             {webhook.GitHub, "github-push", "", "", false},
		"github new branch":  {webhook.GitHub, "github-push", `"created":false`, `"created":true`, true},
		"github from zero":   {webhook.GitHub, "github-push", `"before":"6113728f27ae82c7b1a177c8d03f9e96e0adf246"`, `"before":"` + strings.Repeat("0", 40) + `"`, true},
		"gitlab":             {webhook.GitLab, "gitlab-push", "", "", false},
		"gitlab of more":     {webhook.GitLab, "gitlab-push", `"total_commits_count":2`, `"total_commits_count":21`, true},
		"gitea":              {webhook.Gitea, "gitea-push", "", "", false},
		"gitea of more":      {webhook.Gitea, "gitea-push", `"total_commits":1`, `"total_commits":6`, true},
		"gitea without path": {webhook.Gitea, "gitea-push", `"added":["a"],"removed":[],"modified":["b"]`, `"added":null,"removed":null,"modified":null`, true},
		"bitbucket":          {webhook.Bitbucket, "bitbucket-push", "", "", true},
	} {
		body := payload(t, c.file)
		if c.from != "" {
			if !strings.Contains(body, c.from) {
				t.Fatalf("%s: nothing to replace", name)
			}
			body = strings.Replace(body, c.from, c.to, 1)
		}
		got := parse(t, c.p, body, "X-GitHub-Event", "push", "X-Gitea-Event", "push", "X-Event-Key", "repo:push")[0]
		if got.Kind != webhook.Push || got.Changes.Complete == c.wantUnknown {
			t.Errorf("%s: %+v", name, got.Changes)
		}
	}
}

func TestSkipped(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]bool{
		"fix [skip ci]": true, "fix [CI Skip]": true, "[skip cd]\n\nx": true, "x\n\n[cd skip]": true, "skip ci": false, "": false, "[skip  ci]": false, "[skip tests]": false,
	} {
		if got := (webhook.Event{Kind: webhook.Push, Message: message}).Skipped(); got != want {
			t.Errorf("%q: %v", message, got)
		}
	}
	if !(webhook.Event{Kind: webhook.Opened, Pull: webhook.Pull{Title: "x [skip cd]"}}).Skipped() {
		t.Error("the title does not count")
	}
}

func TestForm(t *testing.T) {
	t.Parallel()
	form := "payload=" + url.QueryEscape(payload(t, "github-push"))
	got := parse(t, webhook.GitHub, form, "X-GitHub-Event", "push", "Content-Type", "application/x-www-form-urlencoded")
	if got[0].Branch != "main" {
		t.Errorf("%+v", got)
	}
	_, err := webhook.Parse(webhook.GitHub, header("X-GitHub-Event", "push", "Content-Type", "application/x-www-form-urlencoded"), []byte("x=y"))
	if core.CodeOf(err) != core.CodeBadRequest {
		t.Error(err)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		p    webhook.Provider
		body string
	}{
		"no provider": {"svn", "{}"}, "no JSON": {webhook.GitHub, "<x>"}, "other JSON": {webhook.GitHub, `{"ref":5}`}, "no commit": {webhook.GitHub, `{"ref":"refs/heads/x","after":"main"}`},
		"short commit": {webhook.GitLab, `{"object_kind":"push","ref":"refs/heads/x","after":"abc"}`}, "option": {webhook.Generic, `{"ref":"x","commit":"--upload-pack=x"}`},
		"no number": {webhook.GitLab, `{"object_kind":"merge_request","object_attributes":{"action":"open"}}`}, "no action": {webhook.Generic, `{"event":"pull_request"}`},
		"other event": {webhook.Generic, `{"event":"deploy"}`}, "deep": {webhook.Gitea, strings.Repeat("[", 100_000)}, "empty": {webhook.Bitbucket, ""},
	} {
		events, err := webhook.Parse(c.p, header("X-GitHub-Event", "push", "X-Gitea-Event", "push", "X-Event-Key", "repo:push"), []byte(c.body))
		if core.CodeOf(err) != core.CodeBadRequest {
			t.Errorf("%s: %+v, %v", name, events, err)
		}
	}
	got := parse(t, webhook.GitHub, `{"ref":"refs/notes/x","after":"`+strings.Repeat("a", 40)+`"}`, "X-GitHub-Event", "push")
	if got[0].Kind != webhook.Ignored || got[0].Reason == "" {
		t.Errorf("%+v", got)
	}
	for _, p := range []webhook.Provider{webhook.GitHub, webhook.GitLab, webhook.Gitea} {
		if got := parse(t, p, `{"object_kind":"issue"}`, "X-GitHub-Event", "issues", "X-Gitea-Event", "issues"); got[0].Kind != webhook.Ignored {
			t.Errorf("%s: %+v", p, got)
		}
	}
}

// TestDelivery: an id that cannot be stored is replaced by one made from the body.
func TestDelivery(t *testing.T) {
	t.Parallel()
	body := payload(t, "github-push")
	made := parse(t, webhook.GitHub, body, "X-GitHub-Event", "push")[0].Delivery
	for _, id := range []string{"", "a b", "a\nb", strings.Repeat("a", 129), "ü"} {
		if got := parse(t, webhook.GitHub, body, "X-GitHub-Event", "push", "X-GitHub-Delivery", id)[0].Delivery; got != made || !strings.HasPrefix(got, "sha256:") {
			t.Errorf("%q: %q", id, got)
		}
	}
	if other := parse(t, webhook.GitHub, body+" ", "X-GitHub-Event", "push")[0].Delivery; other == made {
		t.Error("another body has the same id")
	}
}

// FuzzParse: whatever comes in, an event that asks for a deployment names a commit that is
// one, and text that can be stored.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, event := range []string{"push", "pull_request", "repo:push", "pullrequest:updated"} {
			f.Add(event, data)
		}
	}
	f.Fuzz(func(t *testing.T, event string, body []byte) {
		h := header("X-GitHub-Event", event, "X-Gitea-Event", event, "X-Event-Key", event)
		for _, p := range providers() {
			events, err := webhook.Parse(p, h, body)
			if err != nil {
				continue
			}
			for _, e := range events {
				commit := len(e.After) == 40 || len(e.After) == 64
				if e.Kind == webhook.Push && (!commit || strings.Trim(e.After, "0123456789abcdef") != "" || e.Branch+e.Tag == "") || strings.Contains(e.Message+e.Author+e.Pull.Title, "\x00") || e.Delivery == "" {
					t.Fatalf("%s: %+v", p, e)
				}
			}
		}
	})
}
