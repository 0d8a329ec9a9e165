package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/docker"
	"github.com/taffrail/taffrail/internal/host"
	"github.com/taffrail/taffrail/internal/logs"
	"github.com/taffrail/taffrail/internal/queue"
)

// lastErrLines is how many lines of standard error a failure shows.
const lastErrLines = 20

// lookLimit is how long looking at the containers may keep the end of a deployment waiting.
const lookLimit = 3 * time.Second

// lastErrWindow is how far back they are looked for.
const lastErrWindow = 500

// settleEnd settles what the run's end record says.
func (j *journey) settleEnd(ctx context.Context) error {
	end := j.ingest.End()
	if j.cancelled() && end.State != "cancelled" {
		j.say(core.Info, "The cancel came too late: the run had ended by itself.")
	}
	outcome := core.Outcome{Step: end.Step, ExitCode: end.ExitCode, Reason: end.Reason}
	switch end.State {
	case "finished":
		return j.settle(ctx, core.StatusFinished, outcome)
	case "cancelled":
		outcome.Reason = strings.TrimSpace("Cancelled; the processes of the run are gone. " + end.Restored)
		return j.settle(ctx, core.StatusCancelled, outcome)
	default:
		return j.settle(ctx, core.StatusFailed, outcome)
	}
}

// settleDead settles a run that is gone without an end record: ended by force after a
// cancel, killed by somebody else, or lost with a reboot.
func (j *journey) settleDead(ctx context.Context) error {
	if j.cancelled() {
		return j.stopAndSettle(ctx)
	}
	reason := "killed"
	if status, err := j.on().Status(ctx, j.script().ID); err == nil && status.Reason != "" {
		reason = status.Reason
	}
	return j.settleLost(ctx, reason)
}

// settleLost settles a run that cannot end any more.
func (j *journey) settleLost(ctx context.Context, why string) error {
	if err := j.ingest.Abort(time.Now().UTC(), "failed"); err != nil {
		return err
	}
	return j.settle(ctx, core.StatusFailed, core.Outcome{Reason: "The run on the server was lost: " + why + "."})
}

// stopAndSettle makes sure that nothing of the run is left and settles the cancel.
func (j *journey) stopAndSettle(ctx context.Context) error {
	outcome := core.Outcome{Reason: "Cancelled; the processes of the run are gone."}
	if err := j.on().Kill(ctx, j.script().ID); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		outcome.Reason = "Cancelled, but the server could not be asked whether the processes of the run are gone: " + person(err)
	}
	if err := j.ingest.Abort(time.Now().UTC(), "cancelled"); err != nil {
		return err
	}
	return j.settle(ctx, core.StatusCancelled, outcome)
}

// giveUp settles a deployment that could not be launched.
func (j *journey) giveUp(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil || core.CodeOf(err) == core.CodeLost:
		return err
	case errors.Is(err, errCancelled):
		return j.settle(ctx, core.StatusCancelled, core.Outcome{Reason: "Cancelled before anything was started."})
	}
	if openErr := j.openLog(ctx); openErr != nil {
		return errors.Join(err, openErr)
	}
	reason := person(err)
	if core.CodeOf(err) == core.CodeInternal {
		ref := core.NewID()
		j.log.Error("deployment failed by a fault of ours", "reference", ref, "error", err)
		reason = fmt.Sprintf("Internal fault; the controller's log has it under the reference %s.", ref)
	}
	return j.settle(ctx, core.StatusFailed, core.Outcome{Reason: reason})
}

// settle ends the deployment: last lines, status and outcome in one transaction. What
// comes after it (the resource's status, notifications, clean-up on the target) cannot
// change it any more.
func (j *journey) settle(ctx context.Context, status core.Status, outcome core.Outcome) error {
	if !CanMove(core.StatusInProgress, status) {
		return fmt.Errorf("settle as %q: not a legal move", status)
	}
	j.d.Status, j.d.Outcome = status, outcome
	// What the run said goes first, which also asks whether the lease is still ours,
	// before the resource's status is touched. The last line waits for the end itself,
	// so that a takeover in between does not write it twice.
	if err := j.commit(ctx); err != nil {
		return err
	}
	if err := j.completeOutcome(ctx); err != nil {
		return err
	}
	j.record(ctx)
	j.sayOutcome()
	batch, err := j.ingest.Batch()
	if err != nil {
		return err
	}
	if err := j.retryStore(ctx, func() error { return j.deps.Store.Settle(ctx, j.d, batch) }); err != nil {
		return err
	}
	if j.deps.Settled != nil {
		j.deps.Settled() // the next one waits for this, and not for what follows
	}
	j.ingest.Committed(batch)
	j.log.Info("deployment settled", "status", status, "reason", j.d.Outcome.Reason)
	j.aftermath(ctx)
	return nil
}

// sayOutcome writes the log's last line.
func (j *journey) sayOutcome() {
	took := time.Since(j.d.StartedAt).Round(100 * time.Millisecond)
	switch j.d.Status {
	case core.StatusFinished:
		j.say(core.Info, fmt.Sprintf("%s finished in %s.", title(j.d.Verb), took))
	case core.StatusCancelled:
		j.say(core.Warning, j.d.Outcome.Reason)
	default:
		j.say(core.Warning, fmt.Sprintf("%s failed after %s: %s", title(j.d.Verb), took, j.d.Outcome.Reason))
	}
}

// completeOutcome adds what the record shows of a failure, and the images that ran.
func (j *journey) completeOutcome(ctx context.Context) error {
	set := j.ingest.Set()
	j.d.Outcome.Reason = set.String(j.d.Outcome.Reason)
	if j.d.Status == core.StatusFailed {
		last, err := j.lastErr(ctx)
		if err != nil {
			return err
		}
		j.d.Outcome.LastErr = last
		if n := len(last); n > 0 && j.d.Outcome.Step != "" {
			// "exited with code 1" tells nobody anything; what it said last mostly does.
			j.d.Outcome.Reason += fmt.Sprintf(" The last words of %q: %s", j.d.Outcome.Step, last[n-1])
		}
		if slices.ContainsFunc(last, saysFull) {
			j.d.Outcome.Reason += fmt.Sprintf(" The disk of server %s is full, or the disk quota: delete what nobody needs there, "+
				"such as old images and build caches (docker system prune), or make it larger.", j.where().Name)
		}
	}
	j.d.Config.Digests = map[string]string{}
	for _, c := range j.ingest.Findings().Containers {
		j.d.Config.Digests[set.String(c.Image)] = digest(c)
	}
	return nil
}

// saysFull says whether a program complains of a full disk. Programs have nothing but the
// system's text for that to tell us.
func saysFull(line string) bool {
	line = strings.ToLower(line)
	return strings.Contains(line, "no space left on device") || strings.Contains(line, "disk quota exceeded")
}

// where is the server of the stage that is on.
func (j *journey) where() core.Server {
	if b, ok := j.target.(Builder); ok && j.building() {
		return b.Builder()
	}
	return j.target.Server()
}

// lastErr returns the last lines of standard error of the failing step.
func (j *journey) lastErr(ctx context.Context) ([]string, error) {
	failing := j.ingest.Failing()
	if failing.Step == 0 { // the run was lost in the middle of one
		failing = logs.Failing{Step: j.ingest.Step().Number, Seq: j.ingest.Seq()}
	}
	lines, err := j.deps.Lines.LinesAfter(ctx, j.d.LogID, max(failing.Seq-lastErrWindow, 0), lastErrWindow)
	if err != nil {
		return nil, err
	}
	var last []string
	for _, l := range lines {
		if l.Stream == core.Stderr && l.Step == failing.Step && l.Output != "" {
			last = append(last, cut(l.Output))
		}
	}
	return slices.Clone(last[max(len(last)-lastErrLines, 0):]), nil
}

// record stores what was seen of the containers. It comes before the end is told, so
// that whoever hears of the end finds the resource as it ended; recording it twice,
// after a takeover, does no harm.
func (j *journey) record(ctx context.Context) {
	if j.target == nil || j.host == nil || !j.planned() {
		return
	}
	found := j.ingest.Findings()
	if !found.Looked {
		// A run that was cancelled or failed on its way left something behind that it
		// did not look at: what is there now is what the resource's status must say.
		ctx, stop := context.WithTimeout(ctx, lookLimit)
		defer stop()
		var err error
		if found.Containers, err = docker.Containers(ctx, j.host, j.target.Project()); err != nil {
			j.log.Warn("containers not looked at", "error", err)
			if len(found.Artifacts) == 0 {
				return
			}
		}
		found.Looked = err == nil
	}
	if err := j.deps.Kinds[j.d.Kind].Record(ctx, j.d, found); err != nil {
		j.log.Error("status of the resource not recorded", "error", err)
	}
}

// aftermath does what follows from an end. Its faults are logged and change nothing.
func (j *journey) aftermath(ctx context.Context) {
	j.deps.Hub.Wake(j.d.LogID)
	j.deps.Hub.Publish(j.event(j.d.Status))
	if j.target == nil || j.host == nil || !j.planned() {
		return
	}
	// An end is no loss: the heartbeat no longer has this lease, which must not keep us
	// from clearing up. Only a stop of the controller does.
	clean, stop := context.WithTimeout(context.WithoutCancel(ctx), reachLimit)
	defer stop()
	defer context.AfterFunc(ctx, func() {
		if !errors.Is(context.Cause(ctx), queue.ErrLost) {
			stop()
		}
	})()
	j.tidy(clean, j.host, j.d.UUID)
	if j.snap.First != nil && j.builder != nil {
		j.tidy(clean, j.builder, j.snap.First.ID)
	}
}

// tidy takes away what a run left on its machine.
func (j *journey) tidy(ctx context.Context, at host.Host, id core.ID) {
	for pause := firstPause; ; pause = min(pause*2, longestPause) {
		err := at.Remove(ctx, id)
		if err == nil {
			return
		}
		if sleep(ctx, pause) != nil {
			j.log.Warn("spool not removed from the server", "error", err)
			return
		}
	}
}

// digest is what identifies the image of a container for good.
func digest(c core.Container) string {
	if c.Digest != "" {
		return c.Digest
	}
	return c.ImageID
}

// cut keeps a line of the outcome short.
func cut(text string) string {
	const longest = 2000
	if len(text) <= longest {
		return text
	}
	return text[:longest] + "…"
}
