// Package database is the kind "database": it adds to the life cycle what the engines'
// catalog says of a database, readiness by a query, and dumps.
package database

import (
	"context"

	"github.com/taffrail/taffrail/internal/core"
)

// Store is what the kind reads and writes. sqlstore implements it.
type Store interface {
	// LoadDatabase reads everything that d takes, deleted databases too.
	LoadDatabase(ctx context.Context, d core.Deployment) (core.LoadedDatabase, error)
	// SetDatabaseStatus writes what was seen of a database; an empty hash and a nil ran
	// leave what is stored. Empty fields of ran leave theirs.
	SetDatabaseStatus(ctx context.Context, team, row int64, status, configHash string, ran *core.DatabaseRan) error
	// SaveBackup writes what came of a backup: all fields but its ids, by uuid.
	SaveBackup(ctx context.Context, b core.Backup) error
	// GetAuthority reads the CA of a server; CodeNotFound when there is none yet.
	GetAuthority(ctx context.Context, team, server int64) (core.Certificate, error)
	// CreateAuthority stores the CA of a server unless there is one, and returns the one there is.
	CreateAuthority(ctx context.Context, team, server int64, c core.Certificate) (core.Certificate, error)
	// GetCertificate reads the certificate of a database; CodeNotFound when there is none yet.
	GetCertificate(ctx context.Context, team, database int64) (core.Certificate, error)
	// PutCertificate stores the certificate of a database in place of an older one.
	PutCertificate(ctx context.Context, team, database int64, c core.Certificate) error
}
