package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
)

// errTimeout is why a wait ended although the deployment goes on.
var errTimeout = errors.New("the time given with --timeout is over")

// watchFlags say whether and how to wait for a deployment.
type watchFlags struct {
	wait       bool
	json       bool
	hidden     bool
	timestamps bool
	timeout    time.Duration
}

func (f *watchFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVarP(&f.wait, "wait", "w", false, "follow the log until the deployment has ended; the exit code tells how")
	flags.BoolVar(&f.json, "json", false, "print the deployment as JSON; with --wait, as it ended, and the log on standard error")
	flags.BoolVar(&f.hidden, "hidden", false, "show the details too")
	flags.BoolVarP(&f.timestamps, "timestamps", "t", false, "show when each line was written")
	flags.DurationVar(&f.timeout, "timeout", 0, "with --wait: how long to wait; the deployment goes on (exit code 4)")
}

func (a *app) deployCommand() *cobra.Command {
	var r api.DeployRequest
	var watch watchFlags
	cmd := &cobra.Command{
		Use: "deploy NAME | --tag TAG", Short: "Deploy a resource, or all that have a tag",
		Long: `Queues a deployment of the resource with this name or uuid. With --wait its log is
followed, through lost connections and restarts of the controller, until it has ended.

Exit codes: 0 finished, 1 usage or API error, 2 failed, 3 cancelled, 4 timed out,
5 superseded by another deployment.`,
		Example: `  taffrail deploy shop --wait --note "new checkout page"
  taffrail deploy shop --pull --wait --timeout 10m
  taffrail deploy --tag eu-west`,
		Args: func(cmd *cobra.Command, args []string) error {
			if r.Tag != "" {
				return exactly()(cmd, args)
			}
			return exactly("NAME")(cmd, args)
		},
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			if r.Tag != "" {
				return a.deployTagged(ctx, c, watch, r)
			}
			found, err := findResource(ctx, c, args[0])
			if err != nil {
				return err
			}
			r.UUID = found.uuid
			reply, err := c.Deploy(ctx, r)
			if err != nil {
				return err
			}
			if len(reply.Deployments) != 1 {
				return fmt.Errorf("the controller answered with %d deployments instead of one", len(reply.Deployments))
			}
			return a.afterwards(ctx, c, watch, reply.Deployments[0])
		}),
	}
	flags := cmd.Flags()
	flags.BoolVar(&r.Force, "force", false, "build without cache, and do not join an equal deployment that is queued")
	flags.BoolVar(&r.PullLatest, "pull", false, "pull images even when they are there")
	flags.BoolVar(&r.StopBeforeStart, "stop-first", false, "stop what runs before the new one starts")
	flags.StringVar(&r.Note, "note", "", "why; kept with the deployment")
	flags.StringVar(&r.Tag, "tag", "", "deploy all resources with this tag, or with one of several, separated by commas")
	watch.add(cmd)
	return cmd
}

// deployTagged deploys what has a tag. With --wait the deployments are followed one after
// another; the exit code is that of the first that did not finish.
func (a *app) deployTagged(ctx context.Context, c *client.Client, watch watchFlags, r api.DeployRequest) error {
	reply, err := c.Deploy(ctx, r)
	if err != nil {
		return err
	}
	if watch.wait {
		var verdict error
		for _, item := range reply.Deployments {
			if err := a.afterwards(ctx, c, watch, item); verdict == nil {
				verdict = err
			}
		}
		return verdict
	}
	return a.print(reply, func() table {
		view := table{head: []string{"DEPLOYMENT", "WHAT"}}
		for _, item := range reply.Deployments {
			view.rows = append(view.rows, []string{item.DeploymentUUID, item.Message})
			view.names = append(view.names, item.DeploymentUUID)
		}
		return view
	})
}

func findResource(ctx context.Context, c *client.Client, word string) (named, error) {
	list, err := c.ListResources(ctx)
	if err != nil {
		return named{}, err
	}
	return pick("resource", word, collect(list, func(r api.Resource) named { return named{r.UUID, r.Name, r.Type + "  " + r.Status} }))
}

// afterwards tells what was queued, or waits for its end.
func (a *app) afterwards(ctx context.Context, c *client.Client, watch watchFlags, item api.DeployedItem) error {
	if watch.json {
		a.output = "json"
	}
	if watch.wait {
		return a.watch(ctx, c, watch, item.DeploymentUUID)
	}
	return a.print(item, func() table {
		return table{names: []string{item.DeploymentUUID}, rows: [][]string{
			{item.DeploymentUUID, item.Message}, {"", "taffrail logs " + item.DeploymentUUID + " -f"}}}
	})
}

// watch follows a deployment to its end and turns the end into an exit code.
func (a *app) watch(ctx context.Context, c *client.Client, f watchFlags, uuid string) error {
	out := a.Out
	if a.output != "table" {
		out = a.Err
	}
	lines := a.linePrinter(out, f.hidden, f.timestamps)
	waiting, cancel := ctx, context.CancelFunc(func() {})
	if f.timeout > 0 {
		waiting, cancel = context.WithTimeoutCause(ctx, f.timeout, errTimeout)
	}
	defer cancel()
	d, err := c.Follow(waiting, uuid, 0, lines.print)
	if err != nil {
		return left(waiting, uuid, err)
	}
	d.Logs = nil // said above, line by line
	if a.output != "table" {
		if err := a.print(d, func() table { return table{names: []string{uuid}} }); err != nil {
			return err
		}
	}
	return a.verdict(d)
}

// left explains why the waiting ended before the deployment did.
func left(ctx context.Context, uuid string, err error) error {
	var code int
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errTimeout):
		code = ExitTimeout
	case cause != nil:
		code = 128 + 2 // as the shell reports an interrupt
	default:
		return err
	}
	return &exitError{code: code, message: fmt.Sprintf(
		"Stopped waiting; the deployment goes on. See it with: taffrail logs %s -f", uuid)}
}

// verdict is the end of a deployment in words and as an exit code.
func (a *app) verdict(d api.Deployment) error {
	took := ""
	if !d.StartedAt.IsZero() && !d.FinishedAt.IsZero() {
		took = " after " + duration(d.StartedAt.Time, d.FinishedAt.Time)
	}
	switch d.Status {
	case api.StatusFinished:
		a.say("Finished%s.", took)
		return nil
	case api.StatusCancelled:
		if by := text(d.SupersededBy); by != "" {
			return &exitError{code: ExitSuperseded, message: "Superseded by " + by + took + "."}
		}
		return &exitError{code: ExitCancelled, message: "Cancelled" + took + "."}
	}
	return &exitError{code: ExitFailed, message: "Failed" + took + reason(d) + "."}
}

func reason(d api.Deployment) string {
	if d.Outcome == nil || d.Outcome.Reason == "" {
		return ""
	}
	return ": " + strings.TrimSuffix(d.Outcome.Reason, ".")
}

// duration is the time between two moments, as exact as a person wants it.
func duration(from, to time.Time) string {
	d := to.Sub(from)
	if d < 10*time.Second {
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
