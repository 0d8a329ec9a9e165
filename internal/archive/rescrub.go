package archive

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/queue"
	"github.com/taffrail/taffrail/internal/redact"
)

// KindRescrub is the kind of the jobs that mask values in logs that are stored.
const KindRescrub = "rescrub"

const (
	scrubPage = 500  // lines that are read at once
	logsPage  = 50   // deployments that are read at once
	nearby    = 4000 // how far lines that are stored together may be from each other: about two chunks
	most      = 200  // lines that are stored together
)

// RescrubStore is where logs are read and rewritten.
type RescrubStore interface {
	// ListLogsAfter returns deployments of a resource behind a log, in order.
	ListLogsAfter(ctx context.Context, team int64, kind core.Kind, resource, after int64, limit int) ([]core.Deployment, error)
	GetDeployment(ctx context.Context, team int64, id core.ID) (core.Deployment, error)
	LinesAfter(ctx context.Context, logID, after int64, limit int) ([]core.Line, error)
	ListSteps(ctx context.Context, logID int64) ([]core.Step, error)
	// RewriteLines replaces the texts of lines of an ended deployment.
	RewriteLines(ctx context.Context, logID int64, changed []core.Line) error
	// RewriteRecord replaces what else was kept of what was said, and adds a line.
	RewriteRecord(ctx context.Context, d core.Deployment, steps []core.Step, record string) error
}

// Secrets tells what no log of a deployment's resource may show now.
type Secrets func(ctx context.Context, d core.Deployment) ([]redact.Value, error)

// Order says what a rescrub is to go over: one deployment, or all of a resource.
type Order struct {
	Kind       core.Kind `json:"kind,omitempty"`
	Resource   int64     `json:"resource,omitempty"`
	Deployment core.ID   `json:"deployment,omitempty"`
	Why        string    `json:"why"` // who asked for it, or what has changed; shown in the logs
}

// Job is the job for an order.
func (o Order) Job(team int64) core.Job {
	text, _ := json.Marshal(o) // strings and numbers always are JSON
	name := fmt.Sprintf("%s %d", o.Kind, o.Resource)
	if o.Deployment != "" {
		name = "deployment " + string(o.Deployment)
	}
	return core.Job{Kind: KindRescrub, Name: name, TeamID: team, Payload: string(text)}
}

// progress is how far the rescrub of a resource is.
type progress struct {
	Done int64 `json:"done"` // last log that is done
	To   int64 `json:"to"`   // last log that there was at first: later ones know the values
}

// Rescrubbing rewrites stored logs, packed or not, for values that became secret after they
// were written, and leaves a line in each that it changed. Logs of deployments that still
// run wait until these have ended. It does nothing twice that is done: broken off at any
// moment it goes on, and ends with the same lines.
func Rescrubbing(store RescrubStore, secrets Secrets) queue.Work {
	return queue.Work{Kind: KindRescrub, Do: func(ctx context.Context, j core.Job, keep func(string) error) error {
		r := &rescrub{store: store, secrets: secrets, team: j.TeamID, sets: map[bool]*redact.Set{}}
		if err := json.Unmarshal([]byte(j.Payload), &r.order); err != nil {
			return fmt.Errorf("read what to rescrub: %w", err)
		}
		if r.order.Deployment != "" {
			return r.one(ctx)
		}
		if j.State != "" {
			if err := json.Unmarshal([]byte(j.State), &r.at); err != nil {
				return fmt.Errorf("read how far the rescrub is: %w", err)
			}
		}
		return r.all(ctx, keep)
	}}
}

type rescrub struct {
	store   RescrubStore
	secrets Secrets
	team    int64
	order   Order
	at      progress
	sets    map[bool]*redact.Set // by whether it is about a pull request
}

// one goes over a single deployment, and says so in its log in any case.
func (r *rescrub) one(ctx context.Context) error {
	d, err := r.store.GetDeployment(ctx, r.team, r.order.Deployment)
	if core.CodeOf(err) == core.CodeNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	if !d.Status.Terminal() {
		return queue.ErrNotYet
	}
	return r.log(ctx, d, true)
}

// all goes over the logs of a resource, the oldest first.
func (r *rescrub) all(ctx context.Context, keep func(string) error) error {
	if r.at.To == 0 {
		if err := r.survey(ctx); err != nil || r.at.To == 0 {
			return err
		}
	}
	waiting := false
	for after := r.at.Done; ; {
		list, err := r.store.ListLogsAfter(ctx, r.team, r.order.Kind, r.order.Resource, after, logsPage)
		if err != nil {
			return err
		}
		for _, d := range list {
			if after = d.LogID; after > r.at.To {
				return notYet(waiting)
			}
			if waiting = waiting || !d.Status.Terminal(); !d.Status.Terminal() {
				continue
			}
			if err := r.log(ctx, d, false); err != nil {
				return err
			}
			if waiting {
				continue // what is to be come back to is behind what is done
			}
			r.at.Done = d.LogID
			text, _ := json.Marshal(r.at) // numbers always are JSON
			if err := keep(string(text)); err != nil {
				return err
			}
		}
		if len(list) < logsPage {
			return notYet(waiting)
		}
	}
}

func notYet(waiting bool) error {
	if waiting {
		return queue.ErrNotYet
	}
	return nil
}

// survey finds the last log that there is.
func (r *rescrub) survey(ctx context.Context) error {
	for {
		list, err := r.store.ListLogsAfter(ctx, r.team, r.order.Kind, r.order.Resource, r.at.To, logsPage)
		if err != nil || len(list) == 0 {
			return err
		}
		r.at.To = list[len(list)-1].LogID
	}
}

// set is what must not be shown. It is made once for many logs.
func (r *rescrub) set(ctx context.Context, d core.Deployment) (*redact.Set, error) {
	preview := d.Revision.PullRequest != 0
	if r.sets[preview] == nil {
		values, err := r.secrets(ctx, d)
		if err != nil {
			return nil, fmt.Errorf("load the secrets of %s %s: %w", d.Kind, d.Resource.Name, err)
		}
		r.sets[preview] = redact.Compile(redact.Options{Secrets: values})
	}
	return r.sets[preview], nil
}

// log rewrites one log. always says that it is told also when nothing was found.
func (r *rescrub) log(ctx context.Context, d core.Deployment, always bool) error {
	set, err := r.set(ctx, d)
	if core.CodeOf(err) == core.CodeNotFound {
		return nil // the resource is gone, with all that it had
	}
	if err != nil {
		return err
	}
	changed, err := r.lines(ctx, d, set)
	if err != nil {
		return gone(err)
	}
	steps, err := r.store.ListSteps(ctx, d.LogID)
	if err != nil {
		return err
	}
	again := maskRecord(set, &d, steps)
	if changed == 0 && !again && !always {
		return nil
	}
	record := fmt.Sprintf("This log was gone over for values that became secret after it was written: %s; %s.", lineCount(changed), set.String(r.order.Why))
	return gone(r.store.RewriteRecord(ctx, d, steps, record))
}

func lineCount(n int) string {
	switch n {
	case 0:
		return "no line was masked"
	case 1:
		return "1 line was masked"
	}
	return fmt.Sprintf("%d lines were masked", n)
}

// gone lets pass that a log was taken away meanwhile.
func gone(err error) error {
	if core.CodeOf(err) == core.CodeNotFound {
		return nil
	}
	return err
}

// lines rewrites the lines of a log and says how many it changed.
func (r *rescrub) lines(ctx context.Context, d core.Deployment, set *redact.Set) (int, error) {
	s := newScrubber(set)
	count := 0
	put := func(all bool) error {
		for list := s.take(); len(list) > 0; {
			n := batch(list)
			if n == len(list) && !all && n < most {
				s.changed = list // there may be more to come that is stored with them
				return nil
			}
			if err := r.store.RewriteLines(ctx, d.LogID, list[:n]); err != nil {
				return err
			}
			count += n
			list = list[n:]
		}
		return nil
	}
	for after := int64(0); ; {
		page, err := r.store.LinesAfter(ctx, d.LogID, after, scrubPage)
		if err != nil {
			return count, err
		}
		for _, l := range page {
			after = l.Seq
			if err := s.add(l); err != nil {
				return count, err
			}
		}
		last := len(page) < scrubPage
		if last {
			if err := s.flush(); err != nil {
				return count, err
			}
		}
		if err := put(last); err != nil || last {
			return count, err
		}
	}
}

// batch is how many of the lines are stored in one transaction.
func batch(list []core.Line) int {
	n := 1
	for n < len(list) && n < most && list[n].Seq-list[0].Seq < nearby {
		n++
	}
	return n
}

// maskRecord masks what else was kept of what was said, and says whether there was any.
func maskRecord(set *redact.Set, d *core.Deployment, steps []core.Step) bool {
	changed := false
	mask := func(text *string) {
		if masked := set.String(*text); masked != *text {
			*text, changed = masked, true
		}
	}
	mask(&d.Outcome.Reason)
	last := strings.Join(d.Outcome.LastErr, "\n")
	if mask(&last); last != "" {
		d.Outcome.LastErr = strings.Split(last, "\n")
	}
	for i := range steps {
		mask(&steps[i].Title)
		mask(&steps[i].Command)
	}
	return changed
}
