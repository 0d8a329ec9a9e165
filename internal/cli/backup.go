package cli

import (
	"github.com/spf13/cobra"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/server"
)

func (a *app) backupCommand() *cobra.Command {
	o := server.BackupOrder{Version: a.Version}
	cmd := &cobra.Command{
		Use: "backup FILE", Short: "Write all that the controller remembers to a file or a bucket",
		Long: `Writes the whole database of a controller, as it is at one moment, to a new file or to
s3://BUCKET/NAME. The controller may be running and goes on working. With PostgreSQL,
pg_dump must be on this machine.

The secret key, without which nothing sealed can be read, is left out: keep a copy of the
key file elsewhere. With --with-key it is inside, and whoever has the backup can read
every secret.

A bucket's service and who may use it come from AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID,
AWS_SECRET_ACCESS_KEY and AWS_REGION.`,
		Example: `  taffrail backup --data /var/lib/taffrail taffrail-backup.tar.gz
  taffrail backup --data /var/lib/taffrail s3://backups/taffrail.tar.gz`,
		Args: exactly("FILE"),
	}
	flags := addConfig(cmd, "data", "database-url", "secret-key-file")
	cmd.Flags().BoolVar(&o.WithKey, "with-key", false, "put the secret key into the backup too")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := flags.load(a)
		if err != nil {
			return err
		}
		o.File, o.Bucket = args[0], a.bucket()
		report, err := server.Backup(cmd.Context(), cfg, logger(a.Err, cfg), o)
		if err != nil {
			return err
		}
		if report.WithKey {
			a.say("The secret key is inside: whoever has this file can read every secret.")
		} else {
			a.say("The secret key is not inside: without %s the backup cannot be restored. Keep a copy of it elsewhere.", cfg.SecretKeyFile)
		}
		return a.print(report, func() table {
			return table{names: []string{report.File}, rows: [][]string{{report.File, size(report.Bytes)}}}
		})
	}
	return cmd
}

func (a *app) restoreCommand() *cobra.Command {
	var o server.BackupOrder
	cmd := &cobra.Command{
		Use: "restore FILE", Short: "Put a backup of a controller into a new data folder",
		Long: `Puts what 'taffrail backup' wrote into a data folder that has no database yet, or into an
empty PostgreSQL database. FILE may be s3://BUCKET/NAME, see 'taffrail backup --help'. A
backup without the key needs the key file beside it.

Stop the old controller first. Deployments that were queued in the backup are ended. Those
that were running are found again on their servers at the next start, or marked as lost.
No id is given out a second time.`,
		Example: `  taffrail restore --data /var/lib/taffrail taffrail-backup.tar.gz`,
		Args:    exactly("FILE"),
	}
	flags := addConfig(cmd, "data", "database-url", "secret-key-file")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := flags.load(a)
		if err != nil {
			return err
		}
		o.File, o.Bucket = args[0], a.bucket()
		report, err := server.Restore(cmd.Context(), cfg, logger(a.Err, cfg), o)
		if err != nil {
			return err
		}
		a.say("Restored the backup of %s. %d queued deployments were ended. Start it with: taffrail server --data %s",
			report.TakenAt.Format("2006-01-02 15:04:05 MST"), report.Ended, cfg.Data)
		return a.print(report, func() table { return table{names: []string{cfg.Data}} })
	}
	return cmd
}

// bucket is who may use a bucket, by the variables that all programs for S3 know.
func (a *app) bucket() server.Bucket {
	return server.Bucket{
		Endpoint: a.Getenv("AWS_ENDPOINT_URL"), Region: a.Getenv("AWS_REGION"),
		Access: a.Getenv("AWS_ACCESS_KEY_ID"), Secret: core.NewSecret(a.Getenv("AWS_SECRET_ACCESS_KEY")),
	}
}
