package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
)

// errUnusable is how the check of a bucket ends that cannot be used.
var errUnusable = errors.New("the bucket cannot be used")

func (a *app) bucketsCommand() *cobra.Command {
	return group("s3-storages", "Buckets for backups, of any service that speaks S3",
		a.bucketsList(), a.bucketsAdd(), a.bucketsCheck(), a.bucketsDelete())
}

func findBucket(ctx context.Context, c *client.Client, word string) (named, error) {
	list, err := c.ListS3Storages(ctx)
	if err != nil {
		return named{}, err
	}
	return pick("bucket", word, collect(list, func(s api.S3Storage) named { return named{s.UUID, s.Name, s.Endpoint + "/" + s.Bucket} }))
}

func (a *app) bucketsList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Aliases: []string{"ls"}, Short: "List the buckets", Args: exactly(),
		RunE: a.do(func(ctx context.Context, c *client.Client, _ []string) error {
			list, err := c.ListS3Storages(ctx)
			if err != nil {
				return err
			}
			return a.print(list, func() table {
				view := table{head: []string{"NAME", "ENDPOINT", "BUCKET", "USABLE", "UUID"}}
				for _, s := range list {
					view.rows = append(view.rows, []string{s.Name, s.Endpoint, s.Bucket, yesNo(s.IsUsable), s.UUID})
					view.names = append(view.names, s.Name)
				}
				return view
			})
		}),
	}
}

func (a *app) bucketsAdd() *cobra.Command {
	var r api.S3StorageCreate
	cmd := &cobra.Command{
		Use: "add NAME", Short: "Add a bucket; its secret key comes from S3_SECRET_KEY in the environment", Args: exactly("NAME"),
		Example: `  S3_SECRET_KEY=… taffrail s3-storages add offsite --endpoint https://s3.example.com --region eu-1 \
    --bucket dumps --key AKIA…`,
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			r.Name, r.Secret = args[0], a.Getenv("S3_SECRET_KEY")
			made, err := c.CreateS3Storage(ctx, r)
			if err != nil {
				return err
			}
			return a.print(made, func() table { return table{rows: [][]string{{made.UUID}}, names: args} })
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&r.Endpoint, "endpoint", "", "URL of the service (needed)")
	flags.StringVar(&r.Region, "region", "us-east-1", "region")
	flags.StringVar(&r.Bucket, "bucket", "", "name of the bucket (needed)")
	flags.StringVar(&r.Path, "path", "", "prefix of the keys of objects")
	flags.StringVar(&r.Key, "key", "", "access key (needed)")
	flags.StringVar(&r.Description, "description", "", "what it is for")
	for _, name := range []string{"endpoint", "bucket", "key"} {
		_ = cmd.MarkFlagRequired(name)
	}
	return cmd
}

func (a *app) bucketsCheck() *cobra.Command {
	return &cobra.Command{
		Use: "check NAME", Short: "Try whether a bucket can be written to and read from", Args: exactly("NAME"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			found, err := findBucket(ctx, c, args[0])
			if err != nil {
				return err
			}
			v, err := c.ValidateS3Storage(ctx, found.uuid)
			if err != nil {
				return err
			}
			if err := a.print(v, func() table { return table{rows: [][]string{{v.Message}}, names: args} }); err != nil || v.Valid {
				return err
			}
			return errUnusable
		}),
	}
}

func (a *app) bucketsDelete() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "delete NAME", Aliases: []string{"rm"}, Short: "Forget a bucket; what is in it stays", Args: exactly("NAME"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			found, err := findBucket(ctx, c, args[0])
			if err != nil {
				return err
			}
			if err := a.confirm(yes, "Forget the bucket "+found.name+"?"); err != nil {
				return err
			}
			return a.message(c.DeleteS3Storage(ctx, found.uuid))
		}),
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}
