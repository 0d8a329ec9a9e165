package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
)

func (a *app) backupsCommand() *cobra.Command {
	return group("backups", "Dumps of a database, and when they are taken",
		a.backupsList(), a.backupsRun(), a.backupsRestore(), a.backupsDelete(),
		a.backupsSchedules(), a.backupsSchedule(), a.backupsUnschedule())
}

func (a *app) backupsList() *cobra.Command {
	return &cobra.Command{
		Use: "list NAME", Aliases: []string{"ls"}, Short: "List the dumps of a database, newest first", Args: exactly("NAME"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			found, err := databases().find(ctx, c, args[0])
			if err != nil {
				return err
			}
			list, err := c.ListExecutions(ctx, found.uuid, "")
			if err != nil {
				return err
			}
			return a.print(list, func() table {
				view := table{head: []string{"TAKEN", "STATUS", "SIZE", "WHERE", "VERSION", "UUID"}}
				for _, e := range list.Executions {
					view.rows = append(view.rows, []string{moment(e.CreatedAt), strings.TrimSpace(e.Status + " " + text(e.Message)), size(e.Size), whereabouts(e), text(e.Version), e.UUID})
					view.names = append(view.names, e.UUID)
				}
				return view
			})
		}),
	}
}

// size shows bytes as people read them.
func size(bytes int64) string {
	const step = 1000
	value, unit := float64(bytes), ""
	for _, next := range []string{"k", "M", "G", "T"} {
		if value < step {
			break
		}
		value, unit = value/step, next
	}
	if unit == "" {
		return fmt.Sprintf("%d B", bytes)
	}
	return fmt.Sprintf("%.1f %sB", value, unit)
}

func whereabouts(e api.Execution) string {
	var where []string
	if e.IsLocal {
		where = append(where, "server")
	}
	if e.IsS3 {
		where = append(where, "s3")
	}
	return first(strings.Join(where, ", "), "-")
}

func (a *app) backupsRun() *cobra.Command {
	var r api.BackupRunRequest
	var bucket string
	var watch watchFlags
	cmd := &cobra.Command{
		Use: "run NAME", Short: "Dump a database once, now", Args: exactly("NAME"),
		Example: "  taffrail databases backups run orders --wait",
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			found, err := databases().find(ctx, c, args[0])
			if err != nil {
				return err
			}
			if r.S3StorageUUID, err = bucketUUID(ctx, c, bucket); err != nil {
				return err
			}
			started, err := c.RunBackup(ctx, found.uuid, r)
			if err != nil {
				return err
			}
			return a.afterwards(ctx, c, watch, api.DeployedItem{
				Message: started.Message, ResourceUUID: found.uuid, DeploymentUUID: started.DeploymentUUID})
		}),
	}
	cmd.Flags().StringVar(&r.DatabasesToBackup, "databases", "", "comma-separated names (default: the one of its settings)")
	cmd.Flags().StringVar(&bucket, "s3", "", "bucket to upload it to as well (see 'taffrail s3-storages')")
	cmd.Flags().StringVar(&r.Note, "note", "", "why; kept with the backup")
	watch.add(cmd)
	return cmd
}

// bucketUUID finds the bucket that a person means; none for no word.
func bucketUUID(ctx context.Context, c *client.Client, word string) (string, error) {
	if word == "" {
		return "", nil
	}
	found, err := findBucket(ctx, c, word)
	return found.uuid, err
}

func (a *app) backupsRestore() *cobra.Command {
	var r api.RestoreRequest
	var watch watchFlags
	cmd := &cobra.Command{
		Use: "restore NAME BACKUP", Short: "Read a dump back into a new database", Args: exactly("NAME", "BACKUP"),
		Long: `Makes a new database like the one that was dumped, with the same passwords but without
ports to the outside, starts it and reads the dump back. The old one is not touched.`,
		Example: `  taffrail databases backups list orders
  taffrail databases backups restore orders BACKUP --name orders-friday --wait`,
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			found, err := databases().find(ctx, c, args[0])
			if err != nil {
				return err
			}
			restored, err := c.RestoreExecution(ctx, found.uuid, "", args[1], r)
			if err != nil {
				return err
			}
			return a.afterwards(ctx, c, watch, api.DeployedItem{
				Message: restored.Message, ResourceUUID: restored.UUID, DeploymentUUID: restored.DeploymentUUID})
		}),
	}
	cmd.Flags().StringVar(&r.Name, "name", "", "name of the new database")
	cmd.Flags().StringVar(&r.Note, "note", "", "why; kept with the deployment")
	watch.add(cmd)
	return cmd
}

func (a *app) backupsDelete() *cobra.Command {
	var yes, s3 bool
	cmd := &cobra.Command{
		Use: "delete NAME BACKUP", Aliases: []string{"rm"}, Short: "Delete a dump", Args: exactly("NAME", "BACKUP"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			found, err := databases().find(ctx, c, args[0])
			if err != nil {
				return err
			}
			if err := a.confirm(yes, "Delete this dump of "+found.name+"?"); err != nil {
				return err
			}
			return a.message(c.DeleteExecution(ctx, found.uuid, "", args[1], api.DeleteBackupOptions{DeleteS3: s3}))
		}),
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	cmd.Flags().BoolVar(&s3, "s3", false, "delete its copy in S3, too")
	return cmd
}

func (a *app) backupsSchedules() *cobra.Command {
	return &cobra.Command{
		Use: "schedules NAME", Short: "List when a database is dumped", Args: exactly("NAME"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			found, err := databases().find(ctx, c, args[0])
			if err != nil {
				return err
			}
			list, err := c.ListBackups(ctx, found.uuid)
			if err != nil {
				return err
			}
			return a.print(list, func() table {
				view := table{head: []string{"WHEN", "NEXT", "WHAT", "KEEPS", "S3", "UUID"}}
				for _, s := range list {
					next := moment(s.NextRunAt)
					if !s.Enabled {
						next = "off"
					}
					what := first(text(s.DatabasesToBackup), "its database")
					if s.DumpAll {
						what = "all databases"
					}
					view.rows = append(view.rows, []string{s.Frequency, next, what, keeps(s.Retention), yesNo(s.SaveS3), s.UUID})
					view.names = append(view.names, s.UUID)
				}
				return view
			})
		}),
	}
}

func keeps(r api.Retention) string {
	var limits []string
	add := func(on bool, format string, value any) {
		if on {
			limits = append(limits, fmt.Sprintf(format, value))
		}
	}
	add(r.AmountLocally > 0, "%d dumps", r.AmountLocally)
	add(r.DaysLocally > 0, "%d days", r.DaysLocally)
	add(r.MaxStorageLocally > 0, "%g GB", r.MaxStorageLocally)
	return first(strings.Join(limits, ", "), "all")
}

func yesNo(on bool) string {
	if on {
		return "yes"
	}
	return "no"
}

func (a *app) backupsSchedule() *cobra.Command {
	var r api.BackupCreate
	var bucket, names string
	var amount, days int
	var storage float64
	var everything, only bool
	cmd := &cobra.Command{
		Use: "schedule NAME WHEN", Short: "Dump a database regularly", Args: exactly("NAME", "WHEN"),
		Long: `Dumps a database regularly. WHEN is five cron fields in UTC, or one of every_minute,
hourly, daily, weekly, monthly and yearly.`,
		Example: `  taffrail databases backups schedule orders daily --keep 14
  taffrail databases backups schedule orders "30 2 * * *" --keep-days 30 --s3 offsite`,
	}
	cmd.RunE = a.do(func(ctx context.Context, c *client.Client, args []string) error {
		found, err := databases().find(ctx, c, args[0])
		if err != nil {
			return err
		}
		if only && bucket == "" {
			return usage(cmd, "--s3-only needs --s3: there would be no dump anywhere.")
		}
		uuid, err := bucketUUID(ctx, c, bucket)
		if err != nil {
			return err
		}
		r.Frequency = args[1]
		r.DatabasesToBackup, r.DumpAll = given(cmd, "databases", &names), given(cmd, "all", &everything)
		if uuid != "" {
			on := true
			r.SaveS3, r.S3StorageUUID, r.DisableLocal = &on, &uuid, given(cmd, "s3-only", &only)
			r.AmountS3, r.DaysS3, r.MaxStorageS3 = given(cmd, "keep", &amount), given(cmd, "keep-days", &days), given(cmd, "keep-gb", &storage)
		}
		r.AmountLocally, r.DaysLocally, r.MaxStorageLocally = given(cmd, "keep", &amount), given(cmd, "keep-days", &days), given(cmd, "keep-gb", &storage)
		made, err := c.CreateBackup(ctx, found.uuid, r)
		if err != nil {
			return err
		}
		a.notes(made.Warnings)
		return a.print(made, func() table { return table{rows: [][]string{{made.UUID, made.Message}}, names: []string{made.UUID}} })
	})
	flags := cmd.Flags()
	flags.StringVar(&names, "databases", "", "comma-separated names (default: the one of its settings)")
	flags.BoolVar(&everything, "all", false, "all databases of the server")
	flags.IntVar(&amount, "keep", 0, "how many dumps stay (default: all)")
	flags.IntVar(&days, "keep-days", 0, "how many days a dump stays (default: for ever)")
	flags.Float64Var(&storage, "keep-gb", 0, "how many GB the dumps may take in all (default: any)")
	flags.StringVar(&bucket, "s3", "", "bucket to upload dumps to as well (see 'taffrail s3-storages')")
	flags.BoolVar(&only, "s3-only", false, "keep no dumps on the server")
	flags.BoolVar(&r.BackupNow, "now", false, "dump once at once, too")
	return cmd
}

func (a *app) backupsUnschedule() *cobra.Command {
	var yes, dumps bool
	cmd := &cobra.Command{
		Use: "unschedule NAME SCHEDULE", Short: "Delete a schedule; its dumps stay unless --dumps", Args: exactly("NAME", "SCHEDULE"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			found, err := databases().find(ctx, c, args[0])
			if err != nil {
				return err
			}
			question := "Delete this schedule of " + found.name + "?"
			if dumps {
				question = "Delete this schedule of " + found.name + " with all its dumps, those in S3 too?"
			}
			if err := a.confirm(yes, question); err != nil {
				return err
			}
			return a.message(c.DeleteBackup(ctx, found.uuid, args[1], api.DeleteBackupOptions{DeleteS3: dumps}))
		}),
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	cmd.Flags().BoolVar(&dumps, "dumps", false, "delete its dumps, on the server and in S3")
	return cmd
}
