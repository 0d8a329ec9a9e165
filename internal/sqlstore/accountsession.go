package sqlstore

import (
	"context"
	"time"

	"github.com/taffrail/taffrail/internal/core"
)

// TouchSession notes when a session was used last and when it ends.
func (db *DB) TouchSession(ctx context.Context, id int64, seen, expires time.Time) error {
	return db.inTx(ctx, "touch session", func(s *session) error {
		_, err := s.exec(ctx, `UPDATE sessions SET seen_at = $1, expires_at = $2 WHERE id = $3`, micro(seen), micro(expires), id)
		return err
	})
}

// ListSessions returns the whole sessions of a user that have not ended, the one that
// was used last first.
func (db *DB) ListSessions(ctx context.Context, user int64, now time.Time) ([]core.Session, error) {
	return getList(ctx, db, "sessions", scanSession, selectSession+`WHERE s.user_id = $1 AND s.expires_at > $2 AND NOT s.pending ORDER BY s.seen_at DESC, s.id DESC`,
		user, micro(now))
}

// DeleteSession ends one session of a user, or with id 0 all but keep.
func (db *DB) DeleteSession(ctx context.Context, user, id, keep int64) error {
	return db.inTx(ctx, "end session", func(s *session) error {
		if id == 0 {
			_, err := s.exec(ctx, `DELETE FROM sessions WHERE user_id = $1 AND id <> $2`, user, keep)
			return err
		}
		return must(ctx, s, "Session", `DELETE FROM sessions WHERE id = $1 AND user_id = $2`, id, user)
	})
}
