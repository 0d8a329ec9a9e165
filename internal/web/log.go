package web

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/httpio"
	"github.com/taffrail/taffrail/internal/logs"
)

const (
	linesAtOnce = 500
	readAtOnce  = 2000
	maxMatches  = 5000 // that are named; the rest is counted
	textStuck   = time.Minute
	maxStored   = 1 << 15 // characters of one line that are shown; the file has all
)

// shownLine is a line as the viewer gets it.
type shownLine struct {
	Seq    int64       `json:"n"`
	Step   int         `json:"s"`
	Type   string      `json:"t,omitempty"` // e: stderr, i: our own words, w: our warning
	Hidden bool        `json:"h,omitempty"`
	At     int64       `json:"a"` // milliseconds
	Cmd    string      `json:"c,omitempty"`
	Spans  [][2]string `json:"p"`
}

func show(l core.Line) shownLine {
	out := shownLine{Seq: l.Seq, Step: l.Step, Hidden: l.Hidden, At: l.At.UnixMilli(), Cmd: l.Command, Spans: [][2]string{}}
	switch l.Stream {
	case core.Stderr:
		out.Type = "e"
	case core.Info:
		out.Type = "i"
	case core.Warning:
		out.Type = "w"
	}
	left := maxStored
	for _, s := range parseSGR(l.Output) {
		text := s.Text
		if len(text) > left {
			text = strings.ToValidUTF8(text[:left], "") + " … (the line goes on: the download has all of it)"
		}
		left -= len(text)
		out.Spans = append(out.Spans, [2]string{s.Class, text})
		if left <= 0 {
			break
		}
	}
	return out
}

// logLines gives script the lines from a number on.
func logLines(v *visit) error {
	d, err := v.site.control.OpenLog(v.r.Context(), v.p, v.id("deployment"))
	if err != nil {
		return err
	}
	from := max(v.number("from"), 1)
	limit := int(min(max(v.number("limit"), 1), linesAtOnce))
	lines, err := v.site.deps.Lines.LinesAfter(v.r.Context(), d.LogID, from-1, limit)
	if err != nil {
		return err
	}
	out := make([]shownLine, 0, len(lines))
	for _, l := range lines {
		out = append(out, show(l))
	}
	return httpio.WriteJSON(v.w, http.StatusOK, map[string]any{"lines": out})
}

// eachLine calls fn with every line from a number on that is there now. io.EOF of fn
// ends it without an error.
func (v *visit) eachLine(ctx context.Context, logID, from int64, fn func(core.Line) error) error {
	for after := max(from, 1) - 1; ; {
		lines, err := v.site.deps.Lines.LinesAfter(ctx, logID, after, readAtOnce)
		if err != nil {
			return err
		}
		for _, l := range lines {
			if err := fn(l); err != nil {
				if err == io.EOF { //nolint:errorlint // the callback's own word
					return nil
				}
				return err
			}
			after = l.Seq
		}
		if len(lines) < readAtOnce {
			return nil
		}
	}
}

// matches are the lines that have a text.
type matches struct {
	Count int     `json:"count"`
	Lines []int64 `json:"lines"`
}

// findInLog searches the whole log, whatever its case. Without script it leads to the
// page with the first match behind ?after=.
func findInLog(v *visit) error {
	d, err := v.site.control.OpenLog(v.r.Context(), v.p, v.id("deployment"))
	if err != nil {
		return err
	}
	q := strings.ToLower(v.r.URL.Query().Get("q"))
	hidden := v.r.URL.Query().Get("hidden") == "1"
	after := v.number("after")
	found := matches{Lines: []int64{}}
	if q != "" {
		err = v.eachLine(v.r.Context(), d.LogID, 1, func(l core.Line) error {
			if l.Hidden && !hidden || !strings.Contains(strings.ToLower(plain(l.Output)), q) && !strings.Contains(strings.ToLower(l.Command), q) {
				return nil
			}
			found.Count++
			if len(found.Lines) < maxMatches {
				found.Lines = append(found.Lines, l.Seq)
			}
			if !v.wantsData() && l.Seq > after {
				found.Lines = []int64{l.Seq}
				return io.EOF
			}
			return nil
		})
	}
	switch {
	case err != nil:
		return err
	case v.wantsData():
		return httpio.WriteJSON(v.w, http.StatusOK, found)
	case len(found.Lines) == 0:
		return v.done(deploymentPath(d), "No line has that text.")
	}
	return v.redirect(lineAddress(d, found.Lines[0]))
}

// lineAddress is the page of a deployment at one of its lines.
func lineAddress(d core.Deployment, seq int64) string {
	n := strconv.FormatInt(seq, 10)
	return deploymentPath(d) + "?at=" + n + "#L" + n
}

// errorWords are how programs begin to say that something is wrong.
var errorWords = regexp.MustCompile(`(?i)\b(error|fatal|panic|exception|failed|cannot|denied)\b`)

// errorParts are what lines have that errorWords may match: to look for these first
// makes the search of a long log many times as fast.
var errorParts = []string{
	"rror", "RROR", "atal", "ATAL", "anic", "ANIC", "xception", "XCEPTION", "ailed", "AILED", "annot", "ANNOT", "enied", "ENIED",
}

func tellsOfError(text string) bool {
	for _, part := range errorParts {
		if strings.Contains(text, part) {
			return errorWords.MatchString(text)
		}
	}
	return false
}

// failingStep is the number of the step that a deployment failed by; 0: none.
func (v *visit) failingStep(ctx context.Context, d core.Deployment) (int, error) {
	if d.Outcome.Step == "" {
		return 0, nil
	}
	steps, err := v.site.control.Steps(ctx, v.p, d.UUID)
	for _, s := range steps {
		if s.State == "failed" && s.Name == d.Outcome.Step {
			return s.Number, err
		}
	}
	return 0, err
}

// firstError finds the first line that tells of an error: of the step that failed if one
// did, otherwise of all. Standard error is no proof, many programs write all there.
func (v *visit) firstError(ctx context.Context, d core.Deployment) (int64, error) {
	failing, err := v.failingStep(ctx, d)
	if err != nil {
		return 0, err
	}
	sections, _, err := v.site.outlines.of(ctx, d.LogID)
	if err != nil {
		return 0, err
	}
	from := int64(1)
	for _, s := range sections {
		if failing != 0 && s.Step == failing {
			from = s.First
			break
		}
	}
	var found signs
	err = v.eachLine(ctx, d.LogID, from, func(l core.Line) error {
		if failing != 0 && l.Step > failing || found.said != 0 {
			return io.EOF
		}
		if failing == 0 && !l.Hidden || failing != 0 && l.Step == failing {
			found.see(l)
		}
		return nil
	})
	return first(first(found.said, found.stderr), found.warned), err
}

// signs are the first lines that may tell of an error, from the surest to the least.
type signs struct{ said, stderr, warned int64 }

func (s *signs) see(l core.Line) {
	switch {
	case l.Stream == core.Warning:
		s.warned = first(s.warned, l.Seq)
	case l.Stream == core.Info:
	case tellsOfError(l.Output):
		s.said = first(s.said, l.Seq)
	case l.Stream == core.Stderr:
		s.stderr = first(s.stderr, l.Seq)
	}
}

func first(a, b int64) int64 {
	if a != 0 {
		return a
	}
	return b
}

func firstError(v *visit) error {
	d, err := v.site.control.OpenLog(v.r.Context(), v.p, v.id("deployment"))
	if err != nil {
		return err
	}
	seq, err := v.firstError(v.r.Context(), d)
	switch {
	case err != nil:
		return err
	case v.wantsData():
		return httpio.WriteJSON(v.w, http.StatusOK, map[string]int64{"line": seq})
	case seq == 0:
		return v.done(deploymentPath(d), "No line tells of an error.")
	}
	return v.redirect(lineAddress(d, seq))
}

// logText writes the log as text, a page in memory at a time: all of it, or the lines
// from ?from= to ?to=. With ?bare=1 it has neither times nor colours.
func logText(v *visit) error {
	d, err := v.site.control.OpenLog(v.r.Context(), v.p, v.id("deployment"))
	if err != nil {
		return err
	}
	q := v.r.URL.Query()
	bare, hidden, to := q.Get("bare") == "1", q.Get("hidden") == "1", v.number("to")
	h := v.w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	if !bare {
		h.Set("Content-Disposition", `attachment; filename="deployment-`+string(d.UUID)+`.log"`)
	}
	ctl := http.NewResponseController(v.w)
	_ = ctl.SetReadDeadline(time.Time{}) // the limit on reading a request is not for a long reply
	count := 0
	err = v.eachLine(v.r.Context(), d.LogID, v.number("from"), func(l core.Line) error {
		if to > 0 && l.Seq > to {
			return io.EOF
		}
		if count%readAtOnce == 0 {
			_ = ctl.SetWriteDeadline(time.Now().Add(textStuck))
		}
		count++
		if l.Hidden && !hidden {
			return nil
		}
		_, err := io.WriteString(v.w, textLine(l, bare))
		return err
	})
	if err != nil && count > 0 {
		panic(http.ErrAbortHandler) // part of it is out: only a broken connection tells that this is not all
	}
	return err
}

func textLine(l core.Line, bare bool) string {
	text := plain(l.Output)
	if l.Command != "" {
		text = strings.TrimRight("$ "+l.Command+"\n"+text, "\n")
	}
	if !bare {
		text = stamp(l.At) + " " + text
	}
	return text + "\n"
}

// followLog streams the lines behind ?after= or Last-Event-ID, and says when a step or
// the status has changed, until the deployment has ended. The store is read by cursor: a
// slow reader lags and never loses.
func followLog(v *visit) error {
	d, err := v.site.control.OpenLog(v.r.Context(), v.p, v.id("deployment"))
	if err != nil {
		return err
	}
	after := v.number("after")
	if n, err := strconv.ParseInt(v.r.Header.Get("Last-Event-ID"), 10, 64); err == nil && n >= 0 {
		after = n
	}
	stream, err := httpio.OpenStream(v.w)
	if err != nil {
		return nil //nolint:nilerr // the reader is gone: nobody is left to tell
	}
	t := &tail{visit: v, stream: stream, id: d.UUID, status: d.Status, checked: v.site.deps.Now()}
	err = logs.Follow(v.r.Context(), v.site.deps.Lines, v.site.deps.Hub, logs.Feed{
		LogID: d.LogID, After: after, Ended: t.ended, Lines: t.lines, Idle: stream.Beat,
	})
	if err == nil {
		err = t.say("end")
	}
	if err != nil {
		v.site.deps.Log.DebugContext(v.r.Context(), "log stream cut", "uuid", string(d.UUID), "error", err)
	}
	return nil
}

// tail is one reader of one log.
type tail struct {
	visit   *visit
	stream  *httpio.Stream
	id      core.ID
	status  core.Status
	step    int
	checked time.Time
}

func (t *tail) ended(ctx context.Context) (bool, error) {
	if now := t.visit.site.deps.Now(); now.Sub(t.checked) >= recheck {
		t.checked = now
		if err := t.visit.identify(); err != nil {
			return false, err
		}
	}
	d, err := t.visit.site.control.OpenLog(ctx, t.visit.p, t.id)
	if err != nil || d.Status.Terminal() {
		return err == nil, err
	}
	if d.Status != t.status {
		t.status = d.Status
		return false, t.say("changed")
	}
	return false, nil
}

func (t *tail) say(event string) error {
	if err := t.stream.Event(event, "", map[string]string{"status": string(t.status)}); err != nil {
		return err
	}
	return t.stream.Flush()
}

func (t *tail) lines(list []core.Line) error {
	out := make([]shownLine, 0, len(list))
	before := t.step
	for _, l := range list {
		out = append(out, show(l))
		if l.Step != 0 {
			t.step = l.Step
		}
	}
	if err := t.stream.Event("lines", strconv.FormatInt(list[len(list)-1].Seq, 10), out); err != nil {
		return err
	}
	if t.step != before {
		return t.say("changed")
	}
	return t.stream.Flush()
}
