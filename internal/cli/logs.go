package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
)

func (a *app) logsCommand() *cobra.Command {
	var follow bool
	var watch watchFlags
	cmd := &cobra.Command{
		Use: "logs UUID", Short: "Show the log of a deployment",
		Long: `Shows the log of a deployment, or of the latest one of the resource with this name.
With -o json every line is one JSON object.`,
		Example: "  taffrail logs shop -f",
		Args:    exactly("UUID"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			uuid, err := findDeployment(ctx, c, args[0])
			if err != nil {
				return err
			}
			show := a.linePrinter(a.Out, watch.hidden, watch.timestamps).print
			if a.output == "json" {
				show = func(l api.LogLine) error { return jsonLine(a.Out, l) }
			}
			if !follow {
				return eachLine(ctx, c, uuid, watch.hidden || a.output == "json", show)
			}
			d, err := c.Follow(ctx, uuid, 0, show)
			if err != nil {
				return left(ctx, uuid, err)
			}
			return a.verdict(d)
		}),
	}
	flags := cmd.Flags()
	flags.BoolVarP(&follow, "follow", "f", false, "wait for more until the deployment has ended; the exit code tells how")
	flags.BoolVar(&watch.hidden, "hidden", false, "show the details too")
	flags.BoolVarP(&watch.timestamps, "timestamps", "t", false, "show when each line was written")
	return cmd
}

// eachLine hands on all lines that are there now.
func eachLine(ctx context.Context, c *client.Client, uuid string, hidden bool, fn func(api.LogLine) error) error {
	for after := int64(0); ; {
		page, err := c.GetLog(ctx, uuid, after, 1000, hidden)
		if err != nil {
			return err
		}
		for _, line := range page.Lines {
			if err := fn(line); err != nil {
				return err
			}
		}
		if !page.More {
			return nil
		}
		after = page.Next
	}
}

// findDeployment takes the uuid of a deployment, or the name or uuid of a resource, of
// which it means the latest deployment.
func findDeployment(ctx context.Context, c *client.Client, word string) (string, error) {
	d, err := c.GetDeployment(ctx, word)
	if err == nil {
		return d.DeploymentUUID, nil
	}
	if !api.IsCode(err, api.CodeNotFound) {
		return "", err
	}
	list, err := c.ListResources(ctx)
	if err != nil {
		return "", err
	}
	found, err := pick("deployment or resource", word, collect(list, func(r api.Resource) named { return named{r.UUID, r.Name, r.Type} }))
	if err != nil {
		return "", err
	}
	page, err := c.ListHistory(ctx, client.HistoryFilter{Resource: found.uuid, Limit: 1})
	if err != nil {
		return "", err
	}
	if len(page.Deployments) == 0 {
		return "", fmt.Errorf("%s has no deployments yet", found.name)
	}
	return page.Deployments[0].DeploymentUUID, nil
}
