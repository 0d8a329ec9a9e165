package cli

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
)

func (a *app) applicationsCommand() *cobra.Command {
	return group("applications", "Applications from git, Dockerfiles and images",
		a.applicationsList(), a.applicationsGet(), a.applicationsCreate(), a.applicationsUpdate(),
		a.deleteCommand(applications(), "its folder and unused images"),
		a.applicationsAction("start", "Build and start an application; use 'taffrail deploy' to say more", (*client.Client).StartApplication),
		a.applicationsAction("stop", "Stop an application", (*client.Client).StopApplication),
		a.applicationsAction("restart", "Restart an application without building it", (*client.Client).RestartApplication),
		a.applicationsLogs(), a.envsCommand(applications()), a.storagesCommand(applications()), a.taggingCommand(applications()),
		a.applicationsImages(), a.applicationsResume(), a.previewsCommand())
}

func (a *app) applicationsList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Aliases: []string{"ls"}, Short: "List the applications", Args: exactly(),
		RunE: a.do(func(ctx context.Context, c *client.Client, _ []string) error {
			list, err := c.ListApplications(ctx)
			if err != nil {
				return err
			}
			return a.print(list, func() table {
				view := table{head: []string{"NAME", "STATUS", "FROM", "DOMAINS", "UUID"}}
				for _, one := range list {
					view.rows = append(view.rows, []string{one.Name, one.Status, origin(one), first(text(one.Fqdn), "-"), one.UUID})
					view.names = append(view.names, one.Name)
				}
				return view
			})
		}),
	}
}

// origin says in a few words where an application comes from.
func origin(one api.Application) string {
	switch {
	case one.GitRepository != "":
		return one.GitRepository + " " + one.GitBranch
	case text(one.ImageName) != "":
		return text(one.ImageName) + ":" + first(text(one.ImageTag), "latest")
	default:
		return "a Dockerfile"
	}
}

func (a *app) applicationsGet() *cobra.Command {
	return &cobra.Command{
		Use: "get NAME", Aliases: []string{"show"}, Short: "Show an application", Args: exactly("NAME"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			found, err := applications().find(ctx, c, args[0])
			if err != nil {
				return err
			}
			one, err := c.GetApplication(ctx, found.uuid)
			if err != nil {
				return err
			}
			return a.print(one, func() table { return applicationTable(one) })
		}),
	}
}

func applicationTable(one api.Application) table {
	view := table{names: []string{one.Name}, rows: [][]string{
		{"name", one.Name}, {"uuid", one.UUID}, {"description", text(one.Description)}, {"status", one.Status},
		{"from", origin(one)}, {"build pack", one.BuildPack}, {"domains", text(one.Fqdn)}, {"ports", one.PortsExposes},
		{"configuration", text(one.ConfigHash)}, {"made", one.CreatedAt.String()},
	}}
	if p := one.AutoDeployPaused; p != nil {
		view.rows = append(view.rows, []string{"auto-deploy", "paused by " + p.By + " at " + moment(p.At) + "; 'taffrail applications resume' lets pushes deploy again"})
	}
	return view
}

// applicationsAction is one of start, stop and restart.
func (a *app) applicationsAction(verb, short string, do func(c *client.Client, ctx context.Context, uuid string, r api.ApplicationActionRequest) (api.Accepted, error)) *cobra.Command {
	var r api.ApplicationActionRequest
	cmd := a.actCommand(applications(), verb, short, func(ctx context.Context, c *client.Client, uuid string) (api.Accepted, error) {
		return do(c, ctx, uuid, r)
	})
	cmd.Flags().StringVar(&r.Note, "note", "", "why; kept with the deployment")
	if verb == "start" {
		cmd.Flags().BoolVar(&r.Force, "force", false, "build without cache")
	}
	return cmd
}

func (a *app) applicationsLogs() *cobra.Command {
	var tail tailFlags
	cmd := &cobra.Command{
		Use: "logs NAME", Short: "Show the last lines that a running application wrote", Args: exactly("NAME"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			found, err := applications().find(ctx, c, args[0])
			if err != nil {
				return err
			}
			return a.containerLogs(c.ApplicationLogs(ctx, found.uuid, "", tail.lines, tail.timestamps))
		}),
	}
	tail.add(cmd)
	return cmd
}

func (a *app) applicationsImages() *cobra.Command {
	return &cobra.Command{
		Use: "images NAME", Short: "List what an application can be rolled back to", Args: exactly("NAME"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			found, err := applications().find(ctx, c, args[0])
			if err != nil {
				return err
			}
			list, err := c.ListRollbackImages(ctx, found.uuid)
			if err != nil {
				return err
			}
			return a.print(list, func() table {
				view := table{head: []string{"DEPLOYED", "TAG", "MESSAGE", "DEPLOYMENT"}}
				for _, i := range list.Images {
					tag := i.Tag
					if i.IsCurrent {
						tag += " (runs)"
					}
					view.rows = append(view.rows, []string{moment(i.CreatedAt), tag, text(i.CommitMessage), i.DeploymentUUID})
					view.names = append(view.names, i.DeploymentUUID)
				}
				return view
			})
		}),
	}
}

func (a *app) applicationsResume() *cobra.Command {
	return &cobra.Command{
		Use: "resume NAME", Short: "Let pushes deploy again after a rollback", Args: exactly("NAME"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			found, err := applications().find(ctx, c, args[0])
			if err != nil {
				return err
			}
			return a.message(c.ResumeAutoDeploy(ctx, found.uuid))
		}),
	}
}

// rollbackCommand goes back to an earlier deployment of an application.
func (a *app) rollbackCommand() *cobra.Command {
	var r api.RollbackRequest
	var watch watchFlags
	cmd := &cobra.Command{
		Use: "rollback NAME DEPLOYMENT", Short: "Go back to an earlier deployment of an application", Args: exactly("NAME", "DEPLOYMENT"),
		Long: `Brings back the image and the configuration of an earlier deployment, which is named by
its uuid or its commit ('taffrail applications images' lists them). Pushes do not deploy
any more until 'taffrail applications resume'.`,
		Example: `  taffrail applications images shop
  taffrail rollback shop 3f2a1c… --dry-run
  taffrail rollback shop 3f2a1c… --wait`,
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			found, err := applications().find(ctx, c, args[0])
			if err != nil {
				return err
			}
			if r.DeploymentUUID, r.Commit, err = target(ctx, c, found.uuid, args[1]); err != nil {
				return err
			}
			back, err := c.Rollback(ctx, found.uuid, r)
			if err != nil {
				return err
			}
			if back.Plan != nil {
				return a.print(back.Plan, func() table { return changes(*back.Plan) })
			}
			return a.afterwards(ctx, c, watch, api.DeployedItem{
				Message: back.Message, ResourceUUID: found.uuid, DeploymentUUID: back.DeploymentUUID})
		}),
	}
	cmd.Flags().BoolVar(&r.DryRun, "dry-run", false, "only say what would change")
	cmd.Flags().StringVar(&r.Note, "note", "", "why; kept with the deployment")
	watch.add(cmd)
	return cmd
}

// target tells the uuid of a deployment from a commit.
func target(ctx context.Context, c *client.Client, uuid, word string) (deployment, commit string, err error) {
	list, err := c.ListRollbackImages(ctx, uuid)
	if err != nil {
		return "", "", err
	}
	for _, i := range list.Images {
		if i.DeploymentUUID == word {
			return word, "", nil
		}
	}
	return "", word, nil
}

func changes(p api.RollbackPlan) table {
	view := table{head: []string{"SETTING", "NOW", "THEN"}}
	for _, change := range p.Changes {
		view.rows = append(view.rows, []string{change.Field, first(text(change.Old), "-"), first(text(change.New), "-")})
		view.names = append(view.names, change.Field)
	}
	if len(p.Changes) == 0 {
		return table{rows: [][]string{{"Nothing would change."}}}
	}
	return view
}

func (a *app) previewsCommand() *cobra.Command {
	return group("previews", "Deployments of pull requests", a.previewsList(), a.previewsDelete())
}

func (a *app) previewsList() *cobra.Command {
	return &cobra.Command{
		Use: "list NAME", Aliases: []string{"ls"}, Short: "List the previews of an application", Args: exactly("NAME"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			found, err := applications().find(ctx, c, args[0])
			if err != nil {
				return err
			}
			list, err := c.ListPreviews(ctx, found.uuid)
			if err != nil {
				return err
			}
			return a.print(list, func() table {
				view := table{head: []string{"PULL REQUEST", "STATUS", "BRANCH", "DOMAINS", "TITLE"}}
				for _, p := range list {
					number := strconv.Itoa(p.PullRequestID)
					view.rows = append(view.rows, []string{number, p.Status, p.Branch, first(text(p.Fqdn), "-"), text(p.Title)})
					view.names = append(view.names, number)
				}
				return view
			})
		}),
	}
}

func (a *app) previewsDelete() *cobra.Command {
	return &cobra.Command{
		Use: "delete NAME NUMBER", Aliases: []string{"rm"}, Short: "Stop and delete the preview of a pull request", Args: exactly("NAME", "NUMBER"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			number, err := strconv.Atoi(args[1])
			if err != nil {
				return fmt.Errorf("%q is no number of a pull request", args[1])
			}
			found, err := applications().find(ctx, c, args[0])
			if err != nil {
				return err
			}
			accepted, err := c.DeletePreview(ctx, found.uuid, number)
			return a.message(api.Message{Message: accepted.Message}, err)
		}),
	}
}
