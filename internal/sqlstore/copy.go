package sqlstore

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/taffrail/taffrail/internal/core"
)

// restoredGap is how far ids jump when a copy is put back: behind all that may have been
// given out since the copy was made.
const restoredGap = 100_000

// CopyTo writes a copy of the whole database, as it is at one moment, to a file that must
// not exist. Whoever reads and writes beside it is not kept waiting. The copy of a
// PostgreSQL database is a dump by pg_dump, which must be on this machine.
func (db *DB) CopyTo(ctx context.Context, path string) error {
	if db.dsn != "" {
		return postgresTool(ctx, db.dsn, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", "--file="+path)
	}
	// Not in a transaction, and not by the readers, which may write nothing at all.
	_, err := db.write.db.ExecContext(ctx, `VACUUM INTO $1`, path)
	return explain("copy the database", err)
}

// Fill puts a copy that CopyTo made into the database of o, which must be empty: for
// SQLite there is no such file yet.
func Fill(ctx context.Context, o Options, path string) error {
	if o.DSN != "" {
		return postgresTool(ctx, o.DSN, "pg_restore", "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error", path)
	}
	if err := os.Link(path, o.Path); err != nil { // which, unlike a rename, replaces nothing
		return unusable(o.Path, err)
	}
	return os.Remove(path)
}

// postgresTool runs a program of PostgreSQL against a database. The password is not on its
// command line.
func postgresTool(ctx context.Context, dsn, program string, args ...string) error {
	path, err := exec.LookPath(program)
	if err != nil {
		return &core.Error{Op: program, Code: core.CodeUnavailable, Err: err, Msg: "A backup of a PostgreSQL database needs " + program +
			", which is not on this machine. Install PostgreSQL's client programs in the version of the server, or back the database up on its own server; the secret key file is needed besides."}
	}
	bare, password := withoutPassword(dsn)
	cmd := exec.CommandContext(ctx, path, append([]string{"--dbname=" + bare, "--no-password"}, args...)...)
	cmd.Env = os.Environ()
	if password != "" {
		cmd.Env = append(cmd.Env, "PGPASSWORD="+password)
	}
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		line, _, _ := strings.Cut(strings.TrimSpace(said.String()), "\n")
		return &core.Error{Op: program, Code: core.CodeUnavailable, Err: err, Msg: fmt.Sprintf("%s did not succeed: %s", program, line)}
	}
	return nil
}

// withoutPassword takes the password out of a database's address.
func withoutPassword(dsn string) (bare, password string) {
	u, err := url.Parse(dsn)
	if err != nil {
		return dsn, ""
	}
	query := u.Query()
	password = query.Get("password")
	query.Del("password")
	u.RawQuery = query.Encode()
	if u.User != nil {
		if own, set := u.User.Password(); set {
			password = own
		}
		u.User = url.User(u.User.Username())
	}
	return u.String(), password
}

// Restored makes a database that was put back fit to be used again: no id is given out
// twice, no lease is held, and what was queued then is ended, since nobody knows whether
// it ran after the copy was made. It returns how many were ended.
func (db *DB) Restored(ctx context.Context, taken time.Time) (ended int, err error) {
	why := fmt.Sprintf("Deployment cancelled: it was queued when the controller's backup of %s was made, which has been restored.", taken.UTC().Format(time.RFC3339))
	err = db.inTx(ctx, "begin again with a restored database", func(s *session) error {
		ended = 0
		if err := db.leaveGap(ctx, s); err != nil {
			return err
		}
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		for _, k := range kinds {
			if _, err := s.exec(ctx, k.fill(release), "", ""); err != nil {
				return err
			}
			queued, err := list(ctx, s, db.scanDeployment, k.fill(selectDeployment+`WHERE `+active+` AND d.status = 'queued' ORDER BY d.log_id`))
			if err != nil {
				return err
			}
			for _, d := range queued {
				if _, err := db.endQueued(ctx, s, k, now, d, why, ""); err != nil {
					return err
				}
			}
			ended += len(queued)
		}
		_, err = s.exec(ctx, `INSERT INTO audit_entries (team_id, actor_kind, actor_name, trigger, action, created_at)
			SELECT id, 'system', 'restore', 'cli', 'controller restored from a backup', $1 FROM teams`, now)
		return err
	})
	return ended, err
}

// leaveGap moves the next id of every table on.
func (db *DB) leaveGap(ctx context.Context, s *session) error {
	if db.dsn == "" {
		_, err := s.exec(ctx, `UPDATE sqlite_sequence SET seq = seq + $1`, restoredGap)
		return err
	}
	names, err := list(ctx, s, scanValue[string], `SELECT quote_ident(sequencename) FROM pg_sequences WHERE schemaname = current_schema() ORDER BY 1`)
	for _, name := range names {
		if err == nil {
			_, err = one(ctx, s, scanValue[int64], `SELECT setval('`+name+`', (SELECT last_value FROM `+name+`) + $1)`, restoredGap)
		}
	}
	return err
}
