package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver
	_ "modernc.org/sqlite"             // the driver
)

const databaseURL = "postgres://postgres@127.0.0.1:" + databasePort + "/postgres?sslmode=disable"

// storeFlags tell the controller where its data is.
func (a *arena) storeFlags() []string {
	if a.Store == "sqlite" {
		return nil
	}
	return []string{"--database-url", databaseURL}
}

// startDatabase makes a cluster of the arena's own. It trusts everybody: nobody else can
// reach it.
func (a *arena) startDatabase(ctx context.Context) error {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil || len(found) == 0 {
		return errors.New("PostgreSQL is not installed")
	}
	as, err := credential("postgres")
	if err != nil {
		return err
	}
	bin, folder := found[len(found)-1], filepath.Join(a.Dir, "database")
	if err := errors.Join(os.Mkdir(folder, 0o700), os.Chown(folder, int(as.Uid), int(as.Gid)), os.Chmod(filepath.Dir(a.Dir), 0o755)); err != nil {
		return err
	}
	initdb := []string{filepath.Join(bin, "initdb"), "-D", folder, "-U", "postgres", "-A", "trust", "--no-sync", "--no-instructions"}
	if err := runAs(ctx, as, initdb); err != nil {
		return err
	}
	a.database = &process{
		name: "database", as: as, log: filepath.Join(a.Dir, "database.log"),
		argv: []string{filepath.Join(bin, "postgres"), "-D", folder, "-p", databasePort, "-k", folder, "-c", "listen_addresses=127.0.0.1",
			"-c", "max_connections=60", "-c", "shared_buffers=32MB"},
		answer: answersSQL,
	}
	return a.database.start(ctx)
}

func answersSQL(ctx context.Context) bool {
	db, err := sql.Open("pgx", databaseURL)
	if err != nil {
		return false
	}
	defer db.Close()
	return db.PingContext(ctx) == nil
}

func credential(name string) (*syscall.Credential, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, err
}

// storedLine is a row as it lies in the store: a line, or several that were packed behind
// the end of their deployment, of which only the numbers can be seen.
type storedLine struct {
	seq, last int64
	stream    string
	continued bool
	output    string
}

// rows reads a log's rows past the controller, as they are at one moment.
func (a *arena) rows(ctx context.Context, deployment string) ([]storedLine, error) {
	driver, source := "pgx", databaseURL
	if a.Store == "sqlite" {
		driver, source = "sqlite", "file:"+filepath.Join(a.data.path, "taffrail.db")+"?mode=ro"
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	rows, err := db.QueryContext(ctx, `SELECT l.seq, l.seq, l.type, l.continued, l.output FROM log_lines l
		JOIN service_deployment_queues d ON d.log_id = l.log_id WHERE d.deployment_uuid = $1
		UNION ALL SELECT c.first_seq, c.last_seq, '', FALSE, '' FROM log_chunks c
		JOIN service_deployment_queues d ON d.log_id = c.log_id WHERE d.deployment_uuid = $2 ORDER BY 1`, deployment, deployment)
	if err != nil {
		return nil, fmt.Errorf("read rows: %w", err)
	}
	defer rows.Close()
	var list []storedLine
	for rows.Next() {
		var l storedLine
		if err := rows.Scan(&l.seq, &l.last, &l.stream, &l.continued, &l.output); err != nil {
			return nil, err
		}
		list = append(list, l)
	}
	return list, rows.Err()
}
