package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/taffrail/taffrail/internal/config"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

// Restore puts a backup into a data folder, or a PostgreSQL database, that has nothing of
// a controller yet. What was queued when the backup was made is ended. What was running
// is found again on its server by the next start, or marked as lost.
func Restore(ctx context.Context, cfg config.Config, log *slog.Logger, o BackupOrder) (report BackupReport, err error) {
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return report, cannotWrite(cfg.Data, err)
	}
	if path := filepath.Join(cfg.Data, databaseFile); cfg.SQLite() && there(path) {
		return report, core.Errorf(core.CodeConflict,
			"There is a database in %s already. A backup is restored into a new folder: choose another with --data, or move this one away.", cfg.Data)
	}
	dir, err := os.MkdirTemp(cfg.Data, ".taffrail-restore-*")
	if err != nil {
		return report, cannotWrite(cfg.Data, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path, err := fetchArchive(ctx, o, dir)
	if err != nil {
		return report, err
	}
	m, err := readArchive(path, dir)
	if err != nil {
		return report, err
	}
	m.File = o.File
	if err := fits(m, cfg); err != nil {
		return m.BackupReport, err
	}
	if err := placeKey(m, cfg, filepath.Join(dir, partKey)); err != nil {
		return m.BackupReport, err
	}
	m.Ended, err = fill(ctx, cfg, log, m, filepath.Join(dir, partDatabase))
	return m.BackupReport, err
}

func fits(m manifest, cfg config.Config) error {
	switch embedded := m.Engine == "sqlite"; {
	case !embedded && cfg.SQLite():
		return core.Errorf(core.CodeBadRequest, "The backup is not of the embedded database. Name an empty one with --database-url.")
	case embedded && !cfg.SQLite():
		return core.Errorf(core.CodeBadRequest, "The backup is of the embedded database. Restore it without --database-url.")
	}
	return nil
}

// placeKey puts the key where the controller looks for it, and replaces no other.
func placeKey(m manifest, cfg config.Config, from string) error {
	have, err := os.ReadFile(cfg.SecretKeyFile)
	switch {
	case err != nil && !errors.Is(err, os.ErrNotExist):
		return cannotWrite(cfg.SecretKeyFile, err)
	case !m.WithKey && err != nil:
		return core.Errorf(core.CodeBadRequest,
			"The backup holds no secret key. Put the key file of the controller that it was made of to %s first, or name it with --secret-key-file.", cfg.SecretKeyFile)
	case !m.WithKey:
		return nil
	}
	own, readErr := os.ReadFile(from)
	if readErr != nil {
		return readErr
	}
	if err == nil {
		if !bytes.Equal(bytes.TrimSpace(have), bytes.TrimSpace(own)) {
			return core.Errorf(core.CodeConflict, "%s holds another key than the backup. Move it away, or name another file with --secret-key-file.", cfg.SecretKeyFile)
		}
		return nil
	}
	if err := copyFile(cfg.SecretKeyFile, bytes.NewReader(own)); err != nil {
		return cannotWrite(cfg.SecretKeyFile, err)
	}
	return nil
}

// fill puts the database back and makes it ready. What does not go with the key is taken
// away again.
func fill(ctx context.Context, cfg config.Config, log *slog.Logger, m manifest, part string) (ended int, err error) {
	target := filepath.Join(cfg.Data, databaseFile)
	if err := sqlstore.Fill(ctx, sqlstore.Options{Path: target, DSN: cfg.DatabaseURL.Reveal()}, part); err != nil {
		return 0, err
	}
	db, err := openStore(ctx, cfg, log, "", false)
	if err != nil {
		if cfg.SQLite() {
			for _, end := range []string{"", "-wal", "-shm"} {
				_ = os.Remove(target + end)
			}
		}
		return 0, fmt.Errorf("restore: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return db.Restored(ctx, m.TakenAt)
}
