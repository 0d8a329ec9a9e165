package rest

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/httpio"
	"github.com/taffrail/taffrail/internal/logs"
)

// recheck is how often a stream makes sure that its token is still good.
const recheck = 3 * time.Second

type followLog struct {
	UUID   string `path:"uuid"`
	After  int64  `query:"after" default:"0" rule:"min=0" doc:"Order of the last line that the reader has. The header Last-Event-ID has the last word."`
	Hidden bool   `query:"hidden" doc:"Hidden lines too."`
}

// followLog streams a log: what is there, then what comes, until the deployment has
// ended. It reads the store by cursor, so a slow reader lags and never loses.
func (a *API) followLog(w http.ResponseWriter, r *http.Request, p auth.Principal, in followLog) error {
	d, err := a.control.OpenLog(r.Context(), p, core.ID(in.UUID))
	if err != nil {
		return err
	}
	after, err := lastEvent(r, in.After)
	if err != nil {
		return err
	}
	stream, err := httpio.OpenStream(w)
	if err != nil {
		return nil //nolint:nilerr // the reader is gone: nobody is left to tell
	}
	t := &tail{api: a, stream: stream, request: r, seen: p, id: d.UUID, hidden: in.Hidden}
	err = logs.Follow(r.Context(), a.deps.Lines, a.deps.Hub, logs.Feed{
		LogID: d.LogID, After: after, Ended: t.ended, Lines: t.lines, Idle: stream.Beat,
	})
	if err == nil {
		err = t.end()
	}
	if err != nil {
		a.log.DebugContext(r.Context(), "log stream cut", "uuid", string(d.UUID), "error", err)
	}
	return nil
}

// lastEvent is where a reader goes on who was cut off.
func lastEvent(r *http.Request, after int64) (int64, error) {
	header := r.Header.Get("Last-Event-ID")
	if header == "" {
		return after, nil
	}
	n, err := strconv.ParseInt(header, 10, 64)
	if err != nil || n < 0 {
		return 0, core.Errorf(core.CodeBadRequest, "The header Last-Event-ID must be the id of an event of this stream.")
	}
	return n, nil
}

// tail is one reader of one log.
type tail struct {
	api     *API
	stream  *httpio.Stream
	request *http.Request
	seen    auth.Principal
	id      core.ID
	hidden  bool
	last    core.Deployment
	checked time.Time
}

// ended tells the reader of a new status, and says whether it is the last one.
func (t *tail) ended(ctx context.Context) (bool, error) {
	if err := t.admitted(); err != nil {
		return false, err
	}
	d, err := t.api.control.GetDeployment(ctx, t.seen, t.id)
	if err != nil {
		return false, err
	}
	before := t.last.Status
	t.last = d
	if d.Status == before || d.Status.Terminal() {
		return d.Status.Terminal(), nil
	}
	return false, t.stream.Event(api.EventStatus, "", t.status())
}

// admitted ends the stream soon after its token has been revoked or has expired, or its
// user has left the team.
func (t *tail) admitted() error {
	now := t.api.deps.Now()
	if t.checked.IsZero() {
		t.checked = now // the request was admitted just now
	}
	if now.Sub(t.checked) < recheck {
		return nil
	}
	t.checked = now
	p, err := t.api.identify(t.request)
	if err != nil {
		return err
	}
	t.seen = p
	return p.Require(auth.ReadSensitive)
}

func (t *tail) lines(lines []core.Line) error {
	for _, l := range lines {
		if l.Hidden && !t.hidden {
			continue
		}
		if err := t.stream.Event(api.EventLine, strconv.FormatInt(l.Seq, 10), showLine(l)); err != nil {
			return err
		}
	}
	return t.stream.Flush()
}

func (t *tail) end() error {
	if err := t.stream.Event(api.EventEnd, "", t.status()); err != nil {
		return err
	}
	return t.stream.Flush()
}

func (t *tail) status() api.StreamStatus {
	return api.StreamStatus{
		DeploymentUUID: string(t.id), Status: api.Status(t.last.Status), Outcome: showOutcome(t.last),
	}
}
