package rest

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

const (
	linesPage   = 200     // lines that are read at once
	maxLogPage  = 4 << 20 // bytes of text in one reply, however many lines were asked for
	maxRendered = 4 << 20 // bytes of the logs field of a deployment
	textStuck   = time.Minute
)

type getLog struct {
	UUID   string `path:"uuid"`
	After  int64  `query:"after" default:"0" rule:"min=0" doc:"Order of the last line that the reader has."`
	Limit  int    `query:"limit" default:"1000" rule:"min=1,max=10000" doc:"Fewer come when they are long."`
	Hidden bool   `query:"hidden" doc:"Hidden lines too."`
}

func (a *API) getLog(ctx context.Context, p auth.Principal, in getLog) (api.LogPage, error) {
	// The status is older than the lines: when it is terminal, the lines are all there are.
	d, err := a.control.OpenLog(ctx, p, core.ID(in.UUID))
	if err != nil {
		return api.LogPage{}, err
	}
	page := api.LogPage{Lines: []api.LogLine{}, Next: in.After, Status: api.Status(d.Status)}
	size := 0
	err = a.eachLine(ctx, d.LogID, in.After, func(l core.Line) error {
		if len(page.Lines) == in.Limit || size > maxLogPage {
			page.More = true
			return io.EOF
		}
		page.Next = l.Seq
		if in.Hidden || !l.Hidden {
			page.Lines = append(page.Lines, showLine(l))
			size += len(l.Output) + len(l.Command)
		}
		return nil
	})
	return page, err
}

// eachLine calls fn with every line after a seq that is there now, a page in memory at a
// time. io.EOF of fn ends it without an error.
func (a *API) eachLine(ctx context.Context, logID, after int64, fn func(core.Line) error) error {
	for {
		lines, err := a.deps.Lines.LinesAfter(ctx, logID, after, linesPage)
		if err != nil {
			return err
		}
		for _, l := range lines {
			if err := fn(l); err != nil {
				return orNil(err)
			}
			after = l.Seq
		}
		if len(lines) < linesPage {
			return nil
		}
	}
}

func orNil(err error) error {
	if err == io.EOF { //nolint:errorlint // the callback's own word
		return nil
	}
	return err
}

func showLine(l core.Line) api.LogLine {
	return api.LogLine{
		Order: l.Seq, Step: l.Step, Batch: l.Batch, Type: string(l.Stream), Hidden: l.Hidden,
		Continued: l.Continued, Timestamp: at(l.At), Command: text(l.Command), Output: l.Output,
	}
}

// entry is a line as the logs field has it.
type entry struct {
	Command   *string  `json:"command"`
	Output    string   `json:"output"`
	Type      string   `json:"type"`
	Timestamp api.Time `json:"timestamp"`
	Hidden    bool     `json:"hidden"`
	Batch     int      `json:"batch"`
	Order     int64    `json:"order"`
}

// renderLog makes the logs field: text that holds a JSON array. A log that is too long
// for it ends with an entry that says where the rest is.
func (a *API) renderLog(ctx context.Context, d core.Deployment) (string, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	b.WriteByte('[')
	add := func(e entry) error {
		if b.Len() > 1 { // a log whose beginning was deleted does not begin with 1
			b.WriteByte(',')
		}
		return enc.Encode(e)
	}
	err := a.eachLine(ctx, d.LogID, 0, func(l core.Line) error {
		if b.Len() < maxRendered {
			return add(entry{text(l.Command), l.Output, string(l.Stream), at(l.At), l.Hidden, l.Batch, l.Seq})
		}
		rest := "The log goes on: GET " + Prefix + "/deployments/" + string(d.UUID) + "/log.txt has all of it."
		if err := add(entry{nil, rest, string(core.Warning), at(l.At), false, l.Batch, l.Seq}); err != nil {
			return err
		}
		return io.EOF
	})
	b.WriteByte(']')
	return b.String(), err
}

type logText struct {
	UUID       string `path:"uuid"`
	Hidden     bool   `query:"hidden" default:"true" doc:"Hidden lines too."`
	Timestamps bool   `query:"timestamps" default:"true"`
}

// getLogText writes the whole log as text, a page in memory at a time.
func (a *API) getLogText(w http.ResponseWriter, r *http.Request, p auth.Principal, in logText) error {
	d, err := a.control.OpenLog(r.Context(), p, core.ID(in.UUID))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="deployment-`+string(d.UUID)+`.log"`)
	ctl := http.NewResponseController(w)
	_ = ctl.SetReadDeadline(time.Time{}) // the limit on reading a request is not for a long reply
	count := 0
	err = a.eachLine(r.Context(), d.LogID, 0, func(l core.Line) error {
		if count%linesPage == 0 {
			_ = ctl.SetWriteDeadline(time.Now().Add(textStuck))
		}
		count++
		if l.Hidden && !in.Hidden {
			return nil
		}
		_, err := io.WriteString(w, textLine(l, in.Timestamps))
		return err
	})
	if err != nil && count > 0 {
		// Part of it is out: only a broken connection tells that this is not all.
		panic(http.ErrAbortHandler)
	}
	return err
}

func textLine(l core.Line, timestamps bool) string {
	line := l.Output
	if l.Command != "" {
		line = strings.TrimRight("$ "+l.Command+"\n"+l.Output, "\n")
	}
	if timestamps {
		line = at(l.At).String() + " " + line
	}
	return line + "\n"
}
