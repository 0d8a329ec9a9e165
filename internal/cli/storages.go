package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
)

func (a *app) storagesCommand(of sort) *cobra.Command {
	return group("storages", "Volumes and files of a "+of.word, a.storagesList(of), a.storagesAdd(of), a.storagesRemove(of))
}

func all(s api.Storages) []api.Storage {
	return append(append([]api.Storage{}, s.PersistentStorages...), s.FileStorages...)
}

func (a *app) storagesList(of sort) *cobra.Command {
	return &cobra.Command{
		Use: "list NAME", Aliases: []string{"ls"}, Short: "List what a " + of.word + " mounts", Args: exactly("NAME"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			found, err := of.find(ctx, c, args[0])
			if err != nil {
				return err
			}
			list, err := c.ListStorages(ctx, of.kind, found.uuid)
			if err != nil {
				return err
			}
			return a.print(list, func() table {
				view := table{head: []string{"MOUNT PATH", "WHAT", "FROM", "UUID"}}
				for _, s := range all(list) {
					view.rows = append(view.rows, []string{s.MountPath, sortOf(s), first(text(s.HostPath), text(s.Name), text(s.FsPath)), s.UUID})
					view.names = append(view.names, s.MountPath)
				}
				return view
			})
		}),
	}
}

func sortOf(s api.Storage) string {
	switch {
	case s.IsReadOnly:
		return "data volume"
	case s.IsDirectory:
		return "folder"
	case s.FsPath != nil:
		return "file"
	case s.HostPath != nil:
		return "path of the server"
	}
	return "volume"
}

func (a *app) storagesAdd(of sort) *cobra.Command {
	var r api.StorageCreate
	var file string
	cmd := &cobra.Command{
		Use: "add NAME MOUNTPATH", Short: "Mount a volume or a file; restart the " + of.word + " to bring it about", Args: exactly("NAME", "MOUNTPATH"),
		Example: fmt.Sprintf(`  taffrail %[1]s storages add orders /archive --volume orders-archive
  taffrail %[1]s storages add orders /etc/extra.conf --file extra.conf`, of.kind),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			found, err := of.find(ctx, c, args[0])
			if err != nil {
				return err
			}
			r.Type, r.MountPath = "persistent", args[1]
			if file != "" {
				content, err := a.readFile(file)
				if err != nil {
					return err
				}
				r.Type, r.Content = "file", string(content)
			}
			made, err := c.CreateStorage(ctx, of.kind, found.uuid, r)
			if err != nil {
				return err
			}
			return a.print(made, func() table { return table{rows: [][]string{{made.UUID}}, names: []string{made.MountPath}} })
		}),
	}
	cmd.Flags().StringVar(&r.Name, "volume", "", "name of the volume (default: made of the path)")
	cmd.Flags().StringVar(&r.HostPath, "host-path", "", "path of the server to mount in place of a volume")
	cmd.Flags().StringVar(&file, "file", "", "file whose content is mounted; '-' reads standard input")
	cmd.MarkFlagsMutuallyExclusive("volume", "file")
	cmd.MarkFlagsMutuallyExclusive("host-path", "file")
	return cmd
}

func (a *app) storagesRemove(of sort) *cobra.Command {
	return &cobra.Command{
		Use: "remove NAME MOUNTPATH", Aliases: []string{"rm"}, Short: "Mount something no longer; its data stays", Args: exactly("NAME", "MOUNTPATH"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			found, err := of.find(ctx, c, args[0])
			if err != nil {
				return err
			}
			list, err := c.ListStorages(ctx, of.kind, found.uuid)
			if err != nil {
				return err
			}
			one, err := pick("storage", args[1], collect(all(list), func(s api.Storage) named { return named{s.UUID, s.MountPath, sortOf(s)} }))
			if err != nil {
				return err
			}
			return a.message(c.DeleteStorage(ctx, of.kind, found.uuid, one.uuid))
		}),
	}
}
