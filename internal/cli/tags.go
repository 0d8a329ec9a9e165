package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
)

func (a *app) tagsCommand() *cobra.Command {
	return group("tags", "Words by which resources are found and deployed together", a.tagsList(), a.tagsCreate(), a.tagsRename(), a.tagsDelete())
}

func tagTable(list []api.Tag) table {
	view := table{head: []string{"NAME", "UUID"}}
	for _, t := range list {
		view.rows = append(view.rows, []string{t.Name, t.UUID})
		view.names = append(view.names, t.Name)
	}
	return view
}

// tags shows tags that a call answered with.
func (a *app) tags(list []api.Tag, err error) error {
	if err != nil {
		return err
	}
	return a.print(list, func() table { return tagTable(list) })
}

func findTag(word string, list []api.Tag, err error) (named, error) {
	if err != nil {
		return named{}, err
	}
	return pick("tag", strings.ToLower(word), collect(list, func(t api.Tag) named { return named{t.UUID, t.Name, ""} }))
}

func (a *app) tagsList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Aliases: []string{"ls"}, Short: "List the tags of the team", Args: exactly(),
		RunE: a.do(func(ctx context.Context, c *client.Client, _ []string) error { return a.tags(c.ListTags(ctx)) }),
	}
}

func (a *app) tagsCreate() *cobra.Command {
	return &cobra.Command{
		Use: "create TAG", Short: "Make a tag", Args: exactly("TAG"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			t, err := c.CreateTag(ctx, args[0])
			return a.tags([]api.Tag{t}, err)
		}),
	}
}

func (a *app) tagsRename() *cobra.Command {
	return &cobra.Command{
		Use: "rename TAG NAME", Short: "Give a tag another name", Args: exactly("TAG", "NAME"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			list, err := c.ListTags(ctx)
			found, err := findTag(args[0], list, err)
			if err != nil {
				return err
			}
			t, err := c.RenameTag(ctx, found.uuid, args[1])
			return a.tags([]api.Tag{t}, err)
		}),
	}
}

func (a *app) tagsDelete() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "delete TAG", Aliases: []string{"rm"}, Short: "Delete a tag, from everything that has it, too", Args: exactly("TAG"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			list, err := c.ListTags(ctx)
			found, err := findTag(args[0], list, err)
			if err != nil {
				return err
			}
			if err := a.confirm(yes, "Delete the tag "+found.name+"?"); err != nil {
				return err
			}
			return a.message(c.DeleteTag(ctx, found.uuid))
		}),
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}

// taggingCommand is about the tags of one resource.
func (a *app) taggingCommand(of sort) *cobra.Command {
	list := &cobra.Command{
		Use: "list NAME", Aliases: []string{"ls"}, Short: "List the tags of a " + of.word, Args: exactly("NAME"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			found, err := of.find(ctx, c, args[0])
			if err != nil {
				return err
			}
			return a.tags(c.ListResourceTags(ctx, of.kind, found.uuid))
		}),
	}
	add := &cobra.Command{
		Use: "add NAME TAG", Short: "Give a " + of.word + " a tag, which is made if need be", Args: exactly("NAME", "TAG"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			found, err := of.find(ctx, c, args[0])
			if err != nil {
				return err
			}
			return a.tags(c.AddTags(ctx, of.kind, found.uuid, args[1]))
		}),
	}
	remove := &cobra.Command{
		Use: "remove NAME TAG", Aliases: []string{"rm"}, Short: "Take a tag away from a " + of.word, Args: exactly("NAME", "TAG"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			found, err := of.find(ctx, c, args[0])
			if err != nil {
				return err
			}
			list, err := c.ListResourceTags(ctx, of.kind, found.uuid)
			tag, err := findTag(args[1], list, err)
			if err != nil {
				return err
			}
			return a.message(c.RemoveTag(ctx, of.kind, found.uuid, tag.uuid))
		}),
	}
	return group("tags", "Tags of a "+of.word, list, add, remove)
}
