package sqlstore

import (
	"context"
	"time"

	"github.com/taffrail/taffrail/internal/core"
)

// selectToken reads the user's present role with the token: ” when the user has left
// the team.
const selectToken = `SELECT t.id, t.team_id, t.user_id, t.name, t.hash, t.abilities, COALESCE(m.role, ''), t.expires_at, t.last_used_at, t.created_at
	FROM tokens t LEFT JOIN team_user m ON m.team_id = t.team_id AND m.user_id = t.user_id `

func scanToken(r row) (core.Token, error) {
	t := core.Token{Abilities: []string{}}
	err := r.Scan(&t.RowID, &t.TeamID, &t.UserID, &t.Name, &t.Hash, fromJSON[[]string]{&t.Abilities}, &t.Role,
		stamp{&t.ExpiresAt}, stamp{&t.LastUsedAt}, stamp{&t.CreatedAt})
	return t, err
}

// CreateToken stores a token for a member of its team.
func (db *DB) CreateToken(ctx context.Context, t core.Token) (core.Token, error) {
	var made core.Token
	err := db.inTx(ctx, "create token", func(s *session) error {
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		member, err := exists(ctx, s, `SELECT 1 FROM team_user WHERE team_id = $1 AND user_id = $2`, t.TeamID, t.UserID)
		if err == nil && !member {
			return core.NotFound("User")
		}
		if err != nil {
			return err
		}
		id, err := one(ctx, s, scanValue[int64],
			`INSERT INTO tokens (team_id, user_id, name, hash, abilities, expires_at, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id`,
			t.TeamID, t.UserID, t.Name, t.Hash, toJSON(t.Abilities), micro(t.ExpiresAt), now)
		if err != nil {
			return err
		}
		made, err = one(ctx, s, scanToken, selectToken+`WHERE t.id = $1`, id)
		return err
	})
	return made, err
}

// GetToken reads a token by row id, for authentication, with its user's present role:
// an empty one when the user is no longer in the team.
func (db *DB) GetToken(ctx context.Context, row int64) (core.Token, error) {
	return getOne(ctx, db, "Token", scanToken, selectToken+`WHERE t.id = $1`, row)
}

// ListTokens returns the tokens of a team.
func (db *DB) ListTokens(ctx context.Context, team int64) ([]core.Token, error) {
	return getList(ctx, db, "tokens", scanToken, selectToken+`WHERE t.team_id = $1 ORDER BY t.id`, team)
}

// DeleteToken takes a token away at once.
func (db *DB) DeleteToken(ctx context.Context, team, row int64) error {
	return db.inTx(ctx, "delete token", func(s *session) error {
		return must(ctx, s, "Token", `DELETE FROM tokens WHERE id = $1 AND team_id = $2`, row, team)
	})
}

// TouchTokens records last uses, row id to time, and never sets one back. Tokens that
// are gone are passed over.
func (db *DB) TouchTokens(ctx context.Context, used map[int64]time.Time) error {
	if len(used) == 0 {
		return nil
	}
	return db.inTx(ctx, "record the use of tokens", func(s *session) error {
		for id, at := range used {
			_, err := s.exec(ctx, `UPDATE tokens SET last_used_at = $1 WHERE id = $2 AND COALESCE(last_used_at, 0) < $3`,
				at.UnixMicro(), id, at.UnixMicro())
			if err != nil {
				return err
			}
		}
		return nil
	})
}
