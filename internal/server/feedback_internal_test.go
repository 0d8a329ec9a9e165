package server

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/logs"
)

var commit = strings.Repeat("a1", 20)

// newTelling starts a feedback that tells a fake of GitHub.
func newTelling(t testing.TB) (*logs.Hub, *paper, *fakeGitHub) {
	t.Helper()
	g := newFakeGitHub(t)
	p := newPaper(t, g.URL)
	p.team.AllowHostAccess = true
	if _, err := p.db.Raw().ExecContext(t.Context(), `UPDATE teams SET allow_host_access = TRUE`); err != nil {
		t.Fatal(err)
	}
	hub := logs.NewHub()
	f := newFeedback(hub, p.db, newGitHubApps(p.db), "https://taffrail.example/", slog.New(slog.DiscardHandler))
	events, done := hub.All() // from now on: the service itself subscribes in its own time
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		f.listen(ctx, events)
	}()
	t.Cleanup(func() {
		stop()
		<-ended
		done()
	})
	return hub, p, g
}

func event(d core.Deployment, s core.Status) logs.Event {
	return logs.Event{TeamID: d.TeamID, Kind: d.Kind, Deployment: d.UUID, Resource: d.Resource.UUID, Status: s}
}

func TestCommitStatus(t *testing.T) {
	t.Parallel()
	hub, p, g := newTelling(t)
	d := p.queue(t, core.Revision{Commit: commit, Branch: "main"}, core.VerbDeploy)
	page := "https://taffrail.example/project/" + string(d.Resource.Project) + "/environment/" + string(d.Resource.Environment) +
		"/application/" + string(p.a.UUID) + "/deployment/" + string(d.UUID)
	for status, want := range map[core.Status][2]string{
		core.StatusInProgress: {"pending", "Deployment in progress."}, core.StatusFinished: {"success", "Deployed."},
		core.StatusFailed: {"failure", "Deployment failed."}, core.StatusCancelled: {"error", "Deployment cancelled."},
	} {
		hub.Publish(event(d, status))
		a := g.next(t)
		if a.method != http.MethodPost || a.path != "/repos/acme/shop/statuses/"+commit || !strings.HasSuffix(a.auth, "ghs_ofTheFake") {
			t.Errorf("told %+v", a)
		}
		if a.body["state"] != want[0] || a.body["description"] != want[1] || a.body["context"] != "taffrail/web" || a.body["target_url"] != page {
			t.Errorf("%s: told %v", status, a.body)
		}
	}
}

func TestCommentOfAPreview(t *testing.T) {
	t.Parallel()
	hub, p, g := newTelling(t)
	d := p.queue(t, core.Revision{Commit: commit, PullRequest: 3}, core.VerbDeploy)
	hub.Publish(event(d, core.StatusInProgress))
	if a := g.next(t); a.body["context"] != "taffrail/web (preview)" {
		t.Errorf("status %+v", a)
	}
	first := g.next(t)
	text, _ := first.body["body"].(string)
	if first.method != http.MethodPost || first.path != "/repos/acme/shop/issues/3/comments" || !strings.Contains(text, "in progress") || strings.Contains(text, "Preview:") {
		t.Errorf("comment %+v", first)
	}
	hub.Publish(event(d, core.StatusFinished))
	g.next(t)
	second := g.next(t)
	text, _ = second.body["body"].(string)
	if second.method != http.MethodPatch || second.path != "/repos/acme/shop/issues/comments/4711" || !strings.Contains(text, "Preview: https://3.b.example") ||
		!strings.Contains(text, "[Log of the deployment](https://taffrail.example/project/") || !strings.Contains(text, "<!--") {
		t.Errorf("comment %+v", second)
	}
	v, err := p.db.GetPreview(t.Context(), p.team.RowID, p.a.RowID, 3)
	ok(t, err)
	if v.CommentID != 4711 || v.Domains != p.preview.Domains || v.Branch != "feature" {
		t.Errorf("preview %+v", v)
	}
}

// TestNobodyToTell: what is no news is not told, and a GitHub that fails stops nothing.
func TestNobodyToTell(t *testing.T) {
	t.Parallel()
	hub, p, g := newTelling(t)
	last := p.queue(t, core.Revision{Commit: commit}, core.VerbDeploy)
	for _, d := range []core.Deployment{
		p.queue(t, core.Revision{Commit: "HEAD"}, core.VerbDeploy), p.queue(t, core.Revision{Commit: commit}, core.VerbStop),
		p.queue(t, core.Revision{Commit: commit, OnlyHere: true}, core.VerbDeploy),
		{TeamID: p.team.RowID, Kind: core.KindApplication, UUID: core.NewID()}, {TeamID: p.team.RowID, Kind: core.KindService, UUID: last.UUID},
		{TeamID: p.team.RowID + 1, Kind: core.KindApplication, UUID: last.UUID},
	} {
		hub.Publish(event(d, core.StatusFinished))
	}
	g.fail(true)
	hub.Publish(event(last, core.StatusFailed))
	if a := g.next(t); a.body["state"] != "failure" {
		t.Errorf("told %+v", a)
	}
	g.fail(false)
	hub.Publish(event(last, core.StatusFinished))
	if a := g.next(t); a.body["state"] != "success" {
		t.Errorf("told %+v", a)
	}
	g.none(t)
}

// TestFeedbackStopsAndFallsBehind: as a service it ends when it is told to, and goes on
// when it missed something.
func TestFeedbackStopsAndFallsBehind(t *testing.T) {
	t.Parallel()
	hub := logs.NewHub()
	f := newFeedback(hub, nil, nil, "", slog.New(slog.DiscardHandler))
	events, done := hub.All()
	defer done()
	for range cap(events) + 1 {
		hub.Publish(logs.Event{TeamID: 5, Kind: core.KindService})
	}
	f.listen(t.Context(), events) // comes back since the channel is closed
	ok(t, f.Start(t.Context()))
	ok(t, f.Stop(t.Context()))
	if f.url(core.Deployment{}) != "" {
		t.Error("without an address there is a link")
	}
}
