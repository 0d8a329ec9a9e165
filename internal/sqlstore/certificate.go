package sqlstore

import (
	"context"
	"time"

	"github.com/taffrail/taffrail/internal/core"
)

const (
	authorityNoun   = "Certificate authority"
	certificateNoun = "Certificate"
)

// selectCertificate reads a certificate with its team and the uuid of whose it is, to
// which the key is sealed.
const selectCertificate = `SELECT c.team_id, COALESCE(v.uuid, r.uuid), c.certificate, c.private_key, c.not_after FROM certificates c
	LEFT JOIN servers v ON v.id = c.server_id LEFT JOIN databases r ON r.id = c.database_id `

func (db *DB) scanCertificate(r row) (core.Certificate, error) {
	var (
		c      core.Certificate
		team   int64
		of     core.ID
		sealed []byte
	)
	if err := r.Scan(&team, &of, &c.Cert, &sealed, stamp{&c.NotAfter}); err != nil {
		return c, err
	}
	var err error
	c.Key, err = db.unseal(team, "certificates", of, "private_key", sealed)
	return c, err
}

// GetAuthority reads the CA of a server. CodeNotFound when there is none yet.
func (db *DB) GetAuthority(ctx context.Context, team, server int64) (core.Certificate, error) {
	return getOne(ctx, db, authorityNoun, db.scanCertificate, selectCertificate+`WHERE c.server_id = $1 AND c.team_id = $2`, server, team)
}

// CreateAuthority stores the CA of a server unless there is one, and returns the one
// there is then.
func (db *DB) CreateAuthority(ctx context.Context, team, server int64, c core.Certificate) (core.Certificate, error) {
	var kept core.Certificate
	err := db.inTx(ctx, "store certificate authority", func(s *session) error {
		of, err := one(ctx, s, scanValue[core.ID], `SELECT uuid FROM servers WHERE id = $1 AND team_id = $2`, server, team)
		if err != nil {
			return missing("Server", err)
		}
		err = db.putCertificate(ctx, s, team, of, c, `INSERT INTO certificates (server_id, `+certificateValues+` ON CONFLICT (server_id) DO NOTHING`, server)
		if err != nil {
			return err
		}
		kept, err = one(ctx, s, db.scanCertificate, selectCertificate+`WHERE c.server_id = $1`, server)
		return err
	})
	return kept, err
}

// GetCertificate reads the certificate of a database. CodeNotFound when there is none
// yet.
func (db *DB) GetCertificate(ctx context.Context, team, database int64) (core.Certificate, error) {
	return getOne(ctx, db, certificateNoun, db.scanCertificate, selectCertificate+`WHERE c.database_id = $1 AND c.team_id = $2`, database, team)
}

// PutCertificate stores the certificate of a database in place of an older one.
func (db *DB) PutCertificate(ctx context.Context, team, database int64, c core.Certificate) error {
	return db.inTx(ctx, "store certificate", func(s *session) error {
		of, err := one(ctx, s, scanValue[core.ID], `SELECT uuid FROM databases WHERE id = $1 AND team_id = $2`, database, team)
		if err != nil {
			return missing("Database", err)
		}
		return db.putCertificate(ctx, s, team, of, c, `INSERT INTO certificates (database_id, `+certificateValues+` ON CONFLICT (database_id) DO UPDATE
			SET certificate = excluded.certificate, private_key = excluded.private_key, not_after = excluded.not_after, updated_at = excluded.updated_at`, database)
	})
}

const certificateValues = `team_id, certificate, private_key, not_after, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`

// putCertificate runs a statement that stores c for the row with the uuid of.
func (db *DB) putCertificate(ctx context.Context, s *session, team int64, of core.ID, c core.Certificate, text string, row int64) error {
	sealed, err := db.seal(team, "certificates", of, "private_key", c.Key)
	if err != nil {
		return err
	}
	now, err := db.engine.now(ctx, s)
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, text, row, team, c.Cert, sealed, c.NotAfter.UnixMicro(), now, now)
	return err
}

// expiring are the databases at rest whose certificate is in use and ends before $1.
const expiring = `SELECT 'database' AS kind, r.id, r.uuid, r.team_id, r.server_id AS server, r.status, r.updated_at
	FROM certificates c JOIN databases r ON r.id = c.database_id
	WHERE c.database_id IS NOT NULL AND c.not_after < $1 AND r.enable_ssl AND r.deleted_at IS NULL AND r.server_id IS NOT NULL
		AND NOT EXISTS (SELECT 1 FROM database_deployment_queues d WHERE d.database_id = r.uuid AND ` + active + `)
	ORDER BY c.not_after, r.id`

// ListExpiring returns the databases at rest of all teams that have TLS on and a
// certificate that ends before then, the first to end first.
func (db *DB) ListExpiring(ctx context.Context, before time.Time) ([]core.Resting, error) {
	return getList(ctx, db, "certificates that end", scanResting, expiring, before.UnixMicro())
}
