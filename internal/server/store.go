package server

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/taffrail/taffrail/internal/config"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/secretbox"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

// databaseFile is the SQLite database in the data folder.
const databaseFile = "taffrail.db"

// openStore opens the data folder, the key and the database. shared is for a short job
// beside a running controller; address is told to those who find the folder in use.
func openStore(ctx context.Context, cfg config.Config, log *slog.Logger, address string, shared bool) (*sqlstore.DB, error) {
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return nil, &core.Error{Op: "open data folder", Code: core.CodeUnavailable, Err: err,
			Msg: fmt.Sprintf("The data folder %s cannot be made: %v.", cfg.Data, err)}
	}
	box, err := secretbox.OpenKeyFile(cfg.SecretKeyFile)
	if err != nil {
		return nil, err
	}
	o := sqlstore.Options{Box: box, Log: log, Address: address, Shared: shared, Audit: cfg.AuditKeep}
	if cfg.SQLite() {
		o.Path = filepath.Join(cfg.Data, databaseFile)
	} else {
		o.DSN = cfg.DatabaseURL.Reveal()
	}
	return sqlstore.Open(ctx, o)
}
