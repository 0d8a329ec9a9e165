package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"github.com/taffrail/taffrail/internal/core"
)

// storedInstance is the form of core.Instance in the row "settings".
type storedInstance struct {
	APIDisabled bool `json:"api_disabled"`
	LegacyGet   bool `json:"legacy_get"`
}

// GetInstance reads what is set for the whole instance.
func (db *DB) GetInstance(ctx context.Context) (core.Instance, error) {
	s := db.view()
	var set storedInstance
	text, err := one(ctx, s, scanValue[[]byte], `SELECT value FROM instance WHERE key = 'settings'`)
	if err == nil {
		err = json.Unmarshal(text, &set)
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return core.Instance{}, explain("read the settings of the instance", err)
	}
	root, err := one(ctx, s, scanValue[int64], `SELECT id FROM teams ORDER BY id LIMIT 1`)
	return core.Instance{RootTeam: root, APIDisabled: set.APIDisabled, LegacyGet: set.LegacyGet}, explain("read the root team", missing("Team", err))
}

// UpdateInstance writes all of it but the root team.
func (db *DB) UpdateInstance(ctx context.Context, v core.Instance) error {
	text, err := json.Marshal(storedInstance{APIDisabled: v.APIDisabled, LegacyGet: v.LegacyGet})
	if err != nil {
		return err
	}
	return db.inTx(ctx, "write the settings of the instance", func(s *session) error {
		_, err := s.exec(ctx, `INSERT INTO instance (key, value) VALUES ('settings', $1) ON CONFLICT (key) DO UPDATE SET value = $2`, text, text)
		return err
	})
}
