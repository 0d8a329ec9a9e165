package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/taffrail/taffrail/internal/config"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/objects"
)

// BackupOrder says what Backup writes, and where to.
type BackupOrder struct {
	File    string         // path, or s3://bucket/key
	Bucket  objects.Bucket // for s3://: who may use it; its name comes from File
	WithKey bool           // put the secret key into it too
	Version string         // of this program
}

// BackupReport says what a backup is, or was when it was restored.
type BackupReport struct {
	File    string    `json:"file"`
	Bytes   int64     `json:"bytes"`
	Engine  string    `json:"engine"` // "sqlite" or "postgres"
	WithKey bool      `json:"with_key"`
	TakenAt time.Time `json:"taken_at"`
	Version string    `json:"version"` // of the program that made it
	Ended   int       `json:"ended"`   // restore: how many queued deployments were ended
}

// Backup writes a copy of all that a controller remembers to a file of its own, with or
// without a running controller, which goes on working. Without the key, nothing that is
// sealed in it can be read by whoever finds it, and nothing by its owner who has lost the
// key file. The file must not exist; it is for its owner alone, and there whole or not at all.
func Backup(ctx context.Context, cfg config.Config, log *slog.Logger, o BackupOrder) (report BackupReport, err error) {
	bucket, key, remote := remoteFile(o.File)
	if !remote && there(o.File) {
		return report, core.Errorf(core.CodeConflict, "The file %s exists. Choose another name, or remove it first.", o.File)
	}
	near := cfg.Data
	if !remote {
		near = filepath.Dir(o.File)
	}
	dir, err := os.MkdirTemp(near, ".taffrail-backup-*")
	if err != nil {
		return report, cannotWrite(near, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	packed, report, err := pack(ctx, cfg, log, o, dir)
	if err != nil {
		return report, err
	}
	report.File = o.File
	if !remote {
		if err := os.Link(packed, o.File); err != nil { // which, unlike a rename, replaces nothing
			return report, cannotWrite(o.File, err)
		}
		return report, syncFolder(near)
	}
	o.Bucket.Name = bucket
	return report, upload(ctx, o.Bucket, key, packed)
}

// pack makes the archive in dir.
func pack(ctx context.Context, cfg config.Config, log *slog.Logger, o BackupOrder, dir string) (path string, report BackupReport, err error) {
	db, err := openStore(ctx, cfg, log, "", true)
	if err != nil {
		return "", report, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	report = BackupReport{Engine: db.Engine(), WithKey: o.WithKey, TakenAt: time.Now().UTC().Truncate(time.Second), Version: o.Version}
	parts := map[string]string{partDatabase: filepath.Join(dir, partDatabase)}
	if err := db.CopyTo(ctx, parts[partDatabase]); err != nil {
		return "", report, err
	}
	if o.WithKey {
		parts[partKey] = cfg.SecretKeyFile
	}
	path = filepath.Join(dir, "archive")
	if err := writeArchive(path, report, parts); err != nil {
		return "", report, cannotWrite(dir, err)
	}
	info, err := os.Stat(path)
	if err == nil {
		report.Bytes = info.Size()
	}
	return path, report, err
}

// remoteFile takes s3://bucket/key apart.
func remoteFile(file string) (bucket, key string, remote bool) {
	rest, remote := strings.CutPrefix(file, "s3://")
	bucket, key, _ = strings.Cut(rest, "/")
	return bucket, key, remote
}

func upload(ctx context.Context, b objects.Bucket, key, path string) error {
	client, err := openBucket(b, key)
	if err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	_, _, err = client.Put(ctx, key, f, nil)
	return err
}

func openBucket(b objects.Bucket, key string) (*objects.Client, error) {
	if b.Name == "" || key == "" {
		return nil, core.Errorf(core.CodeBadRequest, "The address of a backup in a bucket is s3://BUCKET/NAME.")
	}
	if b.Endpoint == "" || b.Access == "" || b.Secret.Empty() {
		return nil, core.Errorf(core.CodeBadRequest, "A bucket needs AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment, and AWS_REGION if it has one.")
	}
	return objects.Open(b)
}

// fetchArchive returns a local copy of the archive.
func fetchArchive(ctx context.Context, o BackupOrder, dir string) (string, error) {
	bucket, key, remote := remoteFile(o.File)
	if !remote {
		return o.File, nil
	}
	o.Bucket.Name = bucket
	client, err := openBucket(o.Bucket, key)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "archive")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", cannotWrite(dir, err)
	}
	_, err = client.Get(ctx, key, f)
	return path, errors.Join(err, f.Close())
}

func there(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func cannotWrite(path string, err error) error {
	return &core.Error{Op: "backup", Code: core.CodeUnavailable, Err: err, Msg: fmt.Sprintf("%s cannot be written: %v.", path, err)}
}

func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// copyFile copies a whole file to a new one that only its owner may read.
func copyFile(to string, from io.Reader) error {
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	return errors.Join(err, f.Sync(), f.Close())
}

// Bucket is a bucket of a service that speaks S3.
type Bucket = objects.Bucket
