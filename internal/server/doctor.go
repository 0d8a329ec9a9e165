package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/taffrail/taffrail/internal/config"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

// State is how a thing that was examined is.
type State string

// The states.
const (
	Fine    State = "ok"
	Warning State = "warning" // works, but somebody should know
	Broken  State = "broken"
)

// Finding is one thing that was examined.
type Finding struct {
	What   string `json:"what"`
	State  State  `json:"state"`
	Detail string `json:"detail"`
	Mend   string `json:"mend,omitempty"` // what to do; empty when all is well
}

const (
	// examineLimit is how long one thing may take to be examined.
	examineLimit = 20 * time.Second
	// lowDisk is when a data folder has too little room.
	lowDisk = 1 << 30
)

// Examine looks at everything that a controller with this configuration needs. It
// changes nothing, and needs no running controller.
func Examine(ctx context.Context, cfg config.Config, o Options) []Finding {
	o = o.filled()
	findings := []Finding{examineFolder(cfg), examineKey(cfg)}
	db, database := examineDatabase(ctx, cfg, o.Log)
	findings = append(findings, database)
	findings = append(findings, examineTools(ctx)...)
	if db == nil {
		return findings
	}
	defer db.Close()
	return append(findings, examineServers(ctx, db, o)...)
}

func examineFolder(cfg config.Config) Finding {
	f := Finding{What: "data folder", State: Fine, Detail: cfg.Data}
	info, err := os.Stat(cfg.Data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.State, f.Detail, f.Mend = Warning, cfg.Data+" does not exist", "The first start of 'taffrail server' makes it; or name the right one with --data."
		return f
	case err != nil:
		f.State, f.Detail, f.Mend = Broken, err.Error(), "Run as the user that the controller runs as."
		return f
	case !info.IsDir():
		f.State, f.Detail, f.Mend = Broken, cfg.Data+" is no folder", "Name a folder with --data."
		return f
	case info.Mode().Perm()&0o077 != 0:
		f.State, f.Detail = Warning, fmt.Sprintf("%s can be entered by others (mode %04o)", cfg.Data, info.Mode().Perm())
		f.Mend = "chmod 700 " + cfg.Data
	}
	if unix.Access(cfg.Data, unix.W_OK) != nil {
		f.State, f.Detail, f.Mend = Broken, cfg.Data+" cannot be written", "Run as the user that owns it, or change its owner."
	}
	if free, err := freeBytes(cfg.Data); err == nil && free < lowDisk {
		f.State, f.Detail = Warning, fmt.Sprintf("%s has %d MiB left", cfg.Data, free>>20)
		f.Mend = "Make room on this file system: logs and the database grow."
	}
	return f
}

func freeBytes(path string) (int64, error) {
	var stat unix.Statfs_t
	if err := unix.Statfs(path, &stat); err != nil {
		return 0, err
	}
	return int64(stat.Bavail) * stat.Bsize, nil
}

func examineKey(cfg config.Config) Finding {
	f := Finding{What: "secret key", State: Fine, Detail: cfg.SecretKeyFile}
	info, err := os.Stat(cfg.SecretKeyFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.State, f.Detail = Warning, cfg.SecretKeyFile+" does not exist"
		f.Mend = "The first start makes one. If there is a database already, put the key that belongs to it here."
	case err != nil:
		f.State, f.Detail, f.Mend = Broken, err.Error(), "Run as the user that the controller runs as."
	case info.Mode().Perm()&0o077 != 0:
		f.State, f.Detail = Broken, fmt.Sprintf("%s can be read by others (mode %04o)", cfg.SecretKeyFile, info.Mode().Perm())
		f.Mend = "chmod 600 " + cfg.SecretKeyFile
	}
	return f
}

func examineDatabase(ctx context.Context, cfg config.Config, log *slog.Logger) (*sqlstore.DB, Finding) {
	f := Finding{What: "database", State: Fine}
	path := filepath.Join(cfg.Data, databaseFile)
	if cfg.SQLite() {
		if _, err := os.Stat(path); err != nil {
			f.State, f.Detail, f.Mend = Warning, path+" does not exist", "The first start of 'taffrail server' makes it."
			return nil, f
		}
	}
	ctx, cancel := context.WithTimeout(ctx, examineLimit)
	defer cancel()
	db, err := openStore(ctx, cfg, log, "", true)
	if err == nil {
		err = db.Ping(ctx)
	}
	if err != nil {
		f.State, f.Detail, f.Mend = Broken, message(err), "Check --database-url and --secret-key-file, and that the database runs."
		return nil, f
	}
	f.Detail = db.Engine()
	if cfg.SQLite() {
		f.Detail += ", " + path
	}
	return db, f
}

// message is what of an error is fit for a person.
func message(err error) string {
	var e *core.Error
	if errors.As(err, &e) {
		return e.Msg
	}
	return strings.TrimSpace(err.Error())
}
