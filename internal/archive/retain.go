package archive

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/queue"
)

// KindRetain is the kind of the job that takes old deployments away.
const KindRetain = "retain"

const (
	retainEvery = time.Hour
	// keepTargets is how many deployments that brought a resource up stay in any case, so
	// that there is something to go back to.
	keepTargets = 3
)

// HistoryStore is where deployments are kept.
type HistoryStore interface {
	GetRetention(ctx context.Context) (core.HistoryLimits, error)
	// ListHistories returns the resources of a team, or of all with 0, that have deployments.
	ListHistories(ctx context.Context, team int64) ([]core.History, error)
	// ListPast returns all deployments of a resource, newest first.
	ListPast(ctx context.Context, h core.History) ([]core.Past, error)
	ListApplications(ctx context.Context, team int64) ([]core.Application, error)
	// DropDeployment deletes one that may go, and is CodeNotFound for one that has to stay.
	DropDeployment(ctx context.Context, h core.History, p core.Past) error
}

// Doomed is a deployment that retention takes away.
type Doomed struct {
	core.History
	core.Past
	Reason string
}

// Retaining takes away deployments that are older, more or larger than they may be.
func Retaining(store HistoryStore, now func() time.Time, log *slog.Logger) queue.Work {
	return queue.Work{Kind: KindRetain, Every: retainEvery, Do: func(ctx context.Context, _ core.Job, _ func(string) error) error {
		return EachDoomed(ctx, store, 0, now(), func(d Doomed) error {
			err := store.DropDeployment(ctx, d.History, d.Past)
			if core.CodeOf(err) == core.CodeNotFound {
				return nil // it was pinned just now, or is gone
			}
			if err == nil {
				log.InfoContext(ctx, "deployment deleted by retention", "uuid", string(d.UUID), "team", d.TeamID, "reason", d.Reason)
			}
			return err
		})
	}}
}

// EachDoomed calls do with each deployment of a team, or of all with 0, that retention
// takes away now.
func EachDoomed(ctx context.Context, store HistoryStore, team int64, now time.Time, do func(Doomed) error) error {
	limits, err := store.GetRetention(ctx)
	if err != nil {
		return err
	}
	all, err := store.ListHistories(ctx, team)
	if err != nil {
		return err
	}
	targets := map[int64]map[int64]target{} // by team, by row of the application
	for _, h := range all {
		past, err := store.ListPast(ctx, h)
		if err != nil {
			return err
		}
		if targets[h.TeamID] == nil {
			if targets[h.TeamID], err = targetsOf(ctx, store, h.TeamID); err != nil {
				return err
			}
		}
		keep := target{keep: keepTargets}
		if t, ok := targets[h.TeamID][h.Resource.RowID]; ok && h.Kind == core.KindApplication {
			keep = t
		}
		for _, d := range doomed(past, limits, keep, now) {
			d.History = h
			if err := do(d); err != nil {
				return err
			}
		}
	}
	return nil
}

// target is what an application may go back to.
type target struct {
	keep int     // deployments that ran an image
	runs core.ID // the one that runs
}

func targetsOf(ctx context.Context, store HistoryStore, team int64) (map[int64]target, error) {
	list, err := store.ListApplications(ctx, team)
	out := map[int64]target{}
	for _, a := range list {
		out[a.RowID] = target{keep: max(keepTargets, a.Build.KeepImages+1), runs: a.Ran.Deployment}
	}
	return out, err
}

// doomed chooses from the past of one resource, newest first, what is taken away, oldest
// last. What stays in any case counts like the rest.
func doomed(past []core.Past, limits core.HistoryLimits, keep target, now time.Time) []Doomed {
	needed := neededOf(past, keep)
	var out []Doomed
	count, size := 0, int64(0)
	for _, p := range past {
		reason := tooOld(p, limits, now)
		switch {
		case needed[p.UUID]:
			reason = ""
		case reason != "":
		case limits.Count > 0 && count >= limits.Count:
			reason = fmt.Sprintf("The resource has more than %d deployments.", limits.Count)
		case limits.Bytes > 0 && size+p.Size > limits.Bytes:
			reason = fmt.Sprintf("The logs of the resource take more than %d bytes.", limits.Bytes)
		}
		if reason != "" {
			out = append(out, Doomed{Past: p, Reason: reason})
			continue
		}
		count++
		size += p.Size
	}
	return out
}

func tooOld(p core.Past, limits core.HistoryLimits, now time.Time) string {
	by := map[core.Status]struct {
		days int
		word string
	}{
		core.StatusFinished:  {limits.Days, "finished"},
		core.StatusFailed:    {limits.FailedDays, "failed"},
		core.StatusCancelled: {limits.CancelledDays, "was cancelled"},
	}[p.Status]
	if by.days == 0 || now.Sub(p.EndedAt) <= time.Duration(by.days)*24*time.Hour {
		return ""
	}
	return fmt.Sprintf("It %s more than %d days ago.", by.word, by.days)
}

// place is where a resource runs: a preview and a further server have a life of their own.
type place struct{ lane, server int64 }

// neededOf are the deployments that stay in any case: those under way, pinned ones, the
// last success and what is live of each place, what can be gone back to, and what those
// went back to.
func neededOf(past []core.Past, keep target) map[core.ID]bool {
	needed := map[core.ID]bool{}
	seen := map[place]*successes{}
	for _, p := range past {
		at := place{p.Lane, p.Server}
		if seen[at] == nil {
			seen[at] = &successes{}
		}
		success := p.Status == core.StatusFinished && seen[at].needs(p, keep.keep)
		if success || !p.Status.Terminal() || p.Pinned || p.UUID == keep.runs {
			needed[p.UUID] = true
		}
	}
	for _, p := range past {
		if needed[p.UUID] && p.RollbackOf != "" {
			needed[p.RollbackOf] = true
		}
	}
	return needed
}

// successes are what was seen of those of one place, from the newest on.
type successes struct{ all, brought int }

// needs notes the next one and says whether it is needed: the first of all, the first that
// brought something up, and of those that say what they ran as many as are to be kept.
func (s *successes) needs(p core.Past, keep int) bool {
	s.all++
	if !bringsUp(p.Verb) || !p.Images && s.brought > 0 {
		return s.all == 1
	}
	s.brought++
	return s.all == 1 || s.brought <= keep
}

// bringsUp says whether a resource is what a deployment with this verb made of it.
func bringsUp(v core.Verb) bool {
	return v == core.VerbDeploy || v == core.VerbStart || v == core.VerbRestart || v == core.VerbRollback || v == core.VerbRestore
}
