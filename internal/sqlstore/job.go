package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/taffrail/taffrail/internal/core"
)

const jobColumns = `id, kind, name, COALESCE(team_id, 0), payload, state, version, run_at, attempts, error, fence`

func scanJob(r row) (core.Job, error) {
	var j core.Job
	err := r.Scan(&j.RowID, &j.Kind, &j.Name, &j.TeamID, &j.Payload, &j.State, &j.Version, stamp{&j.RunAt}, &j.Attempts, &j.Error, &j.Fence)
	return j, err
}

// AddJob asks for a job: j.Kind, Name, TeamID, Payload and RunAt (zero: now). One that was
// asked for already gets the new payload; one that is being done is done once more after it.
func (db *DB) AddJob(ctx context.Context, j core.Job) error {
	return db.inTx(ctx, "add a job", func(s *session) error {
		return db.addJob(ctx, s, j, `payload = excluded.payload, version = jobs.version + 1, updated_at = excluded.updated_at, attempts = 0,
			run_at = CASE WHEN excluded.run_at < jobs.run_at THEN excluded.run_at ELSE jobs.run_at END`)
	})
}

// EnsureJob is AddJob for a job that comes again and again: one that is there stays as it is.
func (db *DB) EnsureJob(ctx context.Context, j core.Job) error {
	return db.inTx(ctx, "add a job", func(s *session) error { return db.addJob(ctx, s, j, `kind = jobs.kind`) })
}

func (db *DB) addJob(ctx context.Context, s *session, j core.Job, again string) error {
	now, err := db.engine.now(ctx, s)
	if err != nil {
		return err
	}
	at := now
	if !j.RunAt.IsZero() {
		at = j.RunAt.UnixMicro()
	}
	_, err = s.exec(ctx, `INSERT INTO jobs (kind, name, team_id, payload, run_at, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (kind, name) DO UPDATE SET `+again, j.Kind, j.Name, refOrNil(j.TeamID), clean(j.Payload), at, now, now)
	return err
}

// dueJob is the job that has been due for longest and that nobody is doing.
const dueJob = `SELECT id FROM jobs WHERE run_at <= $1 AND lease_until < $2 ORDER BY run_at, id LIMIT 1`

// ClaimJob gives owner the next job to do for a lease's time; false when there is none.
func (db *DB) ClaimJob(ctx context.Context, owner string, lease time.Duration) (core.Job, bool, error) {
	var j core.Job
	err := db.inTx(ctx, "claim a job", func(s *session) error {
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		id, err := one(ctx, s, scanValue[int64], dueJob, now, now)
		if err != nil {
			return err
		}
		// The condition is repeated: on PostgreSQL another controller may have been faster.
		j, err = one(ctx, s, scanJob, `UPDATE jobs SET lease_owner = $1, lease_until = $2, fence = fence + 1, attempts = attempts + 1, updated_at = $3
			WHERE id = $4 AND lease_until < $5 RETURNING `+jobColumns, owner, now+lease.Microseconds(), now, id, now)
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return core.Job{}, false, nil
	}
	return j, err == nil, err
}

// KeepJob extends the lease of a job that is being done, and keeps j.State. CodeLost when
// another controller does it.
func (db *DB) KeepJob(ctx context.Context, j core.Job, lease time.Duration) error {
	return db.holdJob(ctx, "keep a job", func(s *session, now int64) (int64, error) {
		return s.exec(ctx, `UPDATE jobs SET lease_until = $1, state = $2, updated_at = $3 WHERE id = $4 AND fence = $5 AND lease_until > 0`,
			now+lease.Microseconds(), clean(j.State), now, j.RowID, j.Fence)
	})
}

// FinishJob ends a job that is done: it goes, unless it was asked for again meanwhile, or
// comes again after a time. CodeLost when another controller does it.
func (db *DB) FinishJob(ctx context.Context, j core.Job, again time.Duration) error {
	return db.holdJob(ctx, "finish a job", func(s *session, now int64) (int64, error) {
		if again == 0 {
			n, err := s.exec(ctx, `DELETE FROM jobs WHERE id = $1 AND fence = $2 AND version = $3`, j.RowID, j.Fence, j.Version)
			if err != nil || n > 0 {
				return n, err
			}
		}
		return s.exec(ctx, `UPDATE jobs SET lease_owner = '', lease_until = 0, state = '', error = '', attempts = 0, updated_at = $1,
			run_at = CASE WHEN version = $2 THEN CAST($3 AS BIGINT) ELSE CAST($4 AS BIGINT) END WHERE id = $5 AND fence = $6 AND lease_until > 0`,
			now, j.Version, now+again.Microseconds(), now, j.RowID, j.Fence)
	})
}

// PutOffJob lets go of a job until a time has passed: it failed (j.Error) or has to wait.
// What it keeps is j.State and j.Attempts. CodeLost when another controller does it.
func (db *DB) PutOffJob(ctx context.Context, j core.Job, wait time.Duration) error {
	return db.holdJob(ctx, "put off a job", func(s *session, now int64) (int64, error) {
		return s.exec(ctx, `UPDATE jobs SET lease_owner = '', lease_until = 0, state = $1, error = $2, attempts = $3, run_at = $4, updated_at = $5
			WHERE id = $6 AND fence = $7 AND lease_until > 0`,
			clean(j.State), clean(j.Error), j.Attempts, now+wait.Microseconds(), now, j.RowID, j.Fence)
	})
}

func (db *DB) holdJob(ctx context.Context, what string, write func(s *session, now int64) (int64, error)) error {
	return db.inTx(ctx, what, func(s *session) error {
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		n, err := write(s, now)
		if err == nil && n == 0 {
			return core.Errorf(core.CodeLost, "Another controller does this job.")
		}
		return err
	})
}

// ReleaseJobs ends the leases of owner now; with owner "" those of everybody, which a
// controller does that is the only one.
func (db *DB) ReleaseJobs(ctx context.Context, owner string) error {
	return db.inTx(ctx, "release jobs", func(s *session) error {
		_, err := s.exec(ctx, `UPDATE jobs SET lease_owner = '', lease_until = 0 WHERE lease_until > 0 AND (lease_owner = $1 OR $2 = '')`, owner, owner)
		return err
	})
}

// ListJobs returns the jobs of a kind, oldest first.
func (db *DB) ListJobs(ctx context.Context, kind string) ([]core.Job, error) {
	return getList(ctx, db, "jobs", scanJob, `SELECT `+jobColumns+` FROM jobs WHERE kind = $1 ORDER BY id`, kind)
}
