package web

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

const (
	pageLines   = 200 // of a page without script, and those that script begins with
	beforeError = 12  // lines above the first error that are shown with it
	usualOf     = 20  // finished deployments that the usual duration is the median of
)

// deploymentView is all that the page of a deployment shows.
type deploymentView struct {
	D          core.Deployment
	Wait       control.Wait
	Steps      []stepView
	Usual      time.Duration // 0: nobody knows
	Last       *core.Deployment
	Changes    []core.Change
	Log        *logView // nil: the visitor may not read it
	CanRetry   bool
	CanGoBack  bool
	ResourceAt string
}

// Ended says whether nothing changes any more.
func (d deploymentView) Ended() bool { return d.D.Status.Terminal() }

// Began is when the deployment left the queue, or came into it.
func (d deploymentView) Began() time.Time {
	if d.D.StartedAt.IsZero() {
		return d.D.CreatedAt
	}
	return d.D.StartedAt
}

// Waited is how long it was queued.
func (d deploymentView) Waited() time.Duration {
	if d.D.StartedAt.IsZero() {
		return 0
	}
	return d.D.StartedAt.Sub(d.D.CreatedAt)
}

// stepView is a step with its bar in the timeline, in thousandths of the whole.
type stepView struct {
	core.Step
	Badge   badge
	X, W    int
	Lines   int64
	First   int64 // number of its first line; 0: none
	Current bool  // it runs, or is what failed
}

// Took is how long the step ran.
func (s stepView) Took() string {
	switch {
	case s.StartedAt.IsZero():
		return ""
	case s.EndedAt.IsZero():
		return "…"
	}
	return took(s.EndedAt.Sub(s.StartedAt))
}

// logView is what the viewer begins with.
type logView struct {
	Data  logData
	From  int64 // of the page without script
	Prev  int64 // first line of the page before; 0: none
	Next  int64
	Lines []core.Line
}

// logData is for script.
type logData struct {
	Base    string      `json:"base"`
	Outline [][4]int64  `json:"outline"`
	Last    int64       `json:"last"`
	At      int64       `json:"at"` // line that is shown first; 0: the end
	Ended   bool        `json:"ended"`
	Start   int64       `json:"start"` // milliseconds, for relative times
	Lines   []shownLine `json:"lines"`
}

// findDeployment leads from the short address of a deployment to its page.
func findDeployment(v *visit) error {
	d, err := v.site.control.GetDeployment(v.r.Context(), v.p, v.id("deployment"))
	if err != nil {
		return err
	}
	return v.redirect(deploymentPath(d))
}

func showDeployment(v *visit) error {
	ctx, c := v.r.Context(), v.site.control
	d, err := c.GetDeployment(ctx, v.p, v.id("deployment"))
	if err != nil {
		return err
	}
	out := deploymentView{D: d, ResourceAt: resourcePath(d.Resource.Project, d.Resource.Environment, d.Kind, d.Resource.UUID)}
	if out.Wait, err = c.WaitReason(ctx, v.p, d.UUID); err != nil {
		return err
	}
	steps, err := c.Steps(ctx, v.p, d.UUID)
	if err != nil {
		return err
	}
	if err := v.compareWithOthers(&out); err != nil {
		return err
	}
	var sections []section
	if v.p.SeesSecrets() {
		var last int64
		if sections, last, err = v.site.outlines.of(ctx, d.LogID); err != nil {
			return err
		}
		if out.Log, err = v.logOf(ctx, d, sections, last); err != nil {
			return err
		}
	}
	out.Steps = timeline(d, steps, sections, v.site.deps.Now())
	out.CanRetry = out.Ended() && v.p.Can(auth.Deploy) && retryable(d)
	out.CanGoBack = out.CanRetry && d.Status == core.StatusFailed && out.Last != nil && d.Kind == core.KindApplication
	return v.show("deployment", view{
		Title: verbWord(d.Verb) + " " + d.Resource.Name, Section: "deployments", Data: out,
		Crumbs: []crumb{{"Deployments", "/deployments"}, {d.Resource.Name, out.ResourceAt}, {string(d.UUID[:min(8, len(d.UUID))]), ""}},
	})
}

// compareWithOthers finds the usual duration and, of one that did not go well, what has
// changed since the last success.
func (v *visit) compareWithOthers(out *deploymentView) error {
	good, _, err := v.site.control.History(v.r.Context(), v.p, core.HistoryFilter{
		Kinds: []core.Kind{out.D.Kind}, Resource: out.D.Resource.UUID, Statuses: []core.Status{core.StatusFinished}, Limit: usualOf,
	})
	if err != nil {
		return err
	}
	out.Usual = usual(good, out.D)
	for i := range good {
		if brings(good[i].Verb) && good[i].CreatedAt.Before(out.D.CreatedAt) {
			out.Last = &good[i]
			break
		}
	}
	if out.D.Status != core.StatusFailed || out.Last == nil {
		return nil
	}
	told, err := v.site.control.CompareDeployments(v.r.Context(), v.p, out.Last.UUID, out.D.UUID)
	if err != nil {
		return err
	}
	out.Changes = changes(*out.Last, out.D, told)
	return nil
}

// brings says whether a verb brings up what is configured, so that it can be gone back to.
func brings(v core.Verb) bool {
	return v == core.VerbDeploy || v == core.VerbStart || v == core.VerbRestart || v == core.VerbRollback
}

// usual is the median duration of other deployments of the same verb.
func usual(list []core.Deployment, d core.Deployment) time.Duration {
	var all []time.Duration
	for _, o := range list {
		if o.Verb == d.Verb && o.UUID != d.UUID && !o.StartedAt.IsZero() {
			all = append(all, o.FinishedAt.Sub(o.StartedAt))
		}
	}
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// changes is what two deployments ran with differently: what their records tell, and
// what of their configurations is known.
func changes(before, after core.Deployment, told control.Comparison) []core.Change {
	var out []core.Change
	add := func(what, old, new string) {
		if old != new && new != "" {
			out = append(out, core.Change{What: what, How: "changed", Old: old, New: new})
		}
	}
	add("commit", short(before.Revision.Commit), short(after.Revision.Commit))
	add("branch", before.Revision.Branch, after.Revision.Branch)
	add("image tag", before.Revision.Tag, after.Revision.Tag)
	add("server", before.Server.Name, after.Server.Name)
	for name, digest := range after.Config.Digests {
		if old := before.Config.Digests[name]; old != digest {
			add("image "+name, short(strings.TrimPrefix(old, "sha256:")), short(strings.TrimPrefix(digest, "sha256:")))
		}
	}
	slices.SortFunc(out, func(a, b core.Change) int { return strings.Compare(a.What, b.What) })
	for _, c := range told.Changes {
		out = append(out, core.Change{What: c.Field, How: c.How, Old: c.Old, New: c.New})
	}
	if !told.Known && before.Config.Hash != "" && after.Config.Hash != "" && before.Config.Hash != after.Config.Hash {
		out = append(out, core.Change{What: "configuration", How: "changed"})
	}
	return out
}

// timeline puts the steps where they lie in time.
func timeline(d core.Deployment, steps []core.Step, sections []section, now time.Time) []stepView {
	out := make([]stepView, 0, len(steps))
	from, to := d.StartedAt, d.FinishedAt
	if len(steps) > 0 && (from.IsZero() || steps[0].StartedAt.Before(from)) {
		from = steps[0].StartedAt
	}
	if to.IsZero() {
		to = now
	}
	for _, s := range steps {
		if s.EndedAt.After(to) {
			to = s.EndedAt
		}
	}
	whole := max(to.Sub(from), time.Millisecond)
	for _, s := range steps {
		v := stepView{Step: s, Badge: stepOf(s.State)}
		end := s.EndedAt
		if end.IsZero() {
			end = now
		}
		v.X = int(1000 * s.StartedAt.Sub(from) / whole)
		v.W = max(int(1000*end.Sub(s.StartedAt)/whole), 6)
		v.X = max(min(v.X, 1000-v.W), 0)
		v.Current = s.State == "running" || s.State == "failed"
		for _, section := range sections {
			if section.Step == s.Number {
				v.Lines += section.Last - section.First + 1
				v.First = first(v.First, section.First)
			}
		}
		out = append(out, v)
	}
	return out
}

// logOf is the part of the log that the page begins with: where ?at= says, the first
// error of a failed one, the end of one that runs, otherwise the beginning.
func (v *visit) logOf(ctx context.Context, d core.Deployment, sections []section, last int64) (*logView, error) {
	out := &logView{Data: logData{
		Base: "/deployments/" + string(d.UUID), Outline: wire(sections), Last: last, Ended: d.Status.Terminal(), Lines: []shownLine{},
	}}
	if begin := first(unix(d.StartedAt), unix(d.CreatedAt)); begin > 0 {
		out.Data.Start = begin
	}
	if v.r.URL.Query().Get("part") == "live" {
		return out, nil // only what is around the log is asked for
	}
	at := v.number("at")
	switch {
	case at > 0:
		out.Data.At = at
	case d.Status == core.StatusFailed:
		seq, err := v.whereItFailed(ctx, d, sections, last)
		if err != nil {
			return nil, err
		}
		out.Data.At = seq
	case d.Status.Terminal():
		out.Data.At = 1
	}
	out.From = max(out.Data.At-beforeError, 1)
	if out.Data.At == 0 {
		out.From = max(last-pageLines+1, 1)
	}
	var err error
	out.Lines, err = v.site.deps.Lines.LinesAfter(ctx, d.LogID, out.From-1, pageLines)
	for _, l := range out.Lines {
		out.Data.Lines = append(out.Data.Lines, show(l))
	}
	if out.From > 1 {
		out.Prev = max(out.From-pageLines+beforeError, 1)
	}
	if n := out.From + int64(len(out.Lines)); n <= last {
		out.Next = n + beforeError
	}
	return out, err
}

// soonRead is how many lines are looked through while a page waits for them.
const soonRead = 4000

// whereItFailed is the first error of the step that failed, or, when that is long, its
// last line: a page does not wait for a search.
func (v *visit) whereItFailed(ctx context.Context, d core.Deployment, sections []section, last int64) (int64, error) {
	failing, err := v.failingStep(ctx, d)
	if err != nil {
		return 0, err
	}
	from, to := int64(1), last
	for _, s := range sections {
		if failing != 0 && s.Step == failing {
			if from == 1 {
				from = s.First
			}
			to = s.Last
		}
	}
	if to-from < soonRead {
		return v.firstError(ctx, d)
	}
	return to, nil
}

func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func cancelDeployment(v *visit) error {
	d, err := v.site.control.CancelDeployment(v.r.Context(), v.p, v.id("deployment"))
	if err != nil {
		return err
	}
	if d.Status == core.StatusCancelled {
		return v.done(deploymentPath(d), "The deployment is cancelled.")
	}
	return v.done(deploymentPath(d), "The deployment is being cancelled: what it started on the server ends first.")
}

// retryable says whether the button is worth showing: control has the last word.
func retryable(d core.Deployment) bool {
	return brings(d.Verb) && d.Verb != core.VerbRollback || d.Verb == core.VerbStop && !d.Options.Remove.Any()
}

func retryDeployment(v *visit) error {
	q, err := v.site.control.Retry(v.r.Context(), v.p, v.id("deployment"), "")
	if err != nil {
		return err
	}
	return v.redirect(deploymentPath(q.Deployment))
}

// rollBack goes back to the last deployment that went well before the one of the page.
func rollBack(v *visit) error {
	d, err := v.site.control.GetDeployment(v.r.Context(), v.p, v.id("deployment"))
	if err != nil {
		return err
	}
	out := deploymentView{D: d}
	if err := v.compareWithOthers(&out); err != nil {
		return err
	}
	if out.Last == nil {
		return core.Errorf(core.CodeBadRequest, "There is no earlier deployment that went well.")
	}
	q, err := v.site.control.RollbackDeployment(v.r.Context(), v.p, out.Last.UUID, "")
	if err != nil {
		return err
	}
	return v.redirect(deploymentPath(q.Deployment))
}

func pinDeployment(v *visit) error {
	d, err := v.site.control.PinDeployment(v.r.Context(), v.p, v.id("deployment"), v.checked("pinned"))
	if err != nil {
		return err
	}
	if d.Pinned {
		return v.done(deploymentPath(d), "The deployment is pinned: it is kept for as long as it is.")
	}
	return v.done(deploymentPath(d), "The deployment is no longer pinned.")
}
