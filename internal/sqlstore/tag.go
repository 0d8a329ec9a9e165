package sqlstore

import (
	"context"
	"strings"

	"github.com/taffrail/taffrail/internal/core"
)

const tagColumns = `id, uuid, team_id, name, created_at, updated_at`

const tagNoun = "Tag"

func scanTag(r row) (core.Tag, error) {
	var t core.Tag
	err := r.Scan(&t.RowID, &t.UUID, &t.TeamID, &t.Name, stamp{&t.CreatedAt}, stamp{&t.UpdatedAt})
	return t, err
}

func tagTaken(err error) error {
	if isTaken(err) {
		return &core.Error{Op: "store tag", Code: core.CodeConflict, Err: err, Msg: "There is a tag with this name already."}
	}
	return err
}

// CreateTag stores a tag. CodeConflict when the team has one of this name.
func (db *DB) CreateTag(ctx context.Context, t core.Tag) (core.Tag, error) {
	var made core.Tag
	err := db.inTx(ctx, "create tag", func(s *session) error {
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		made, err = one(ctx, s, scanTag, `INSERT INTO tags (uuid, team_id, name, created_at, updated_at) VALUES ($1, $2, $3, $4, $5) RETURNING `+tagColumns,
			string(orNew(t.UUID)), t.TeamID, t.Name, now, now)
		return tagTaken(err)
	})
	return made, err
}

// ListTags returns the tags of a team, by name.
func (db *DB) ListTags(ctx context.Context, team int64) ([]core.Tag, error) {
	return getList(ctx, db, "tags", scanTag, `SELECT `+tagColumns+` FROM tags WHERE team_id = $1 ORDER BY name`, team)
}

// UpdateTag writes the name of the tag with t's uuid. CodeConflict as for CreateTag.
func (db *DB) UpdateTag(ctx context.Context, t core.Tag) (core.Tag, error) {
	var changed core.Tag
	err := db.inTx(ctx, "update tag", func(s *session) error {
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		changed, err = one(ctx, s, scanTag, `UPDATE tags SET name = $1, updated_at = $2 WHERE uuid = $3 AND team_id = $4 RETURNING `+tagColumns,
			t.Name, now, string(t.UUID), t.TeamID)
		return missing(tagNoun, tagTaken(err))
	})
	return changed, err
}

// DeleteTag removes a tag, from everything that has it, too.
func (db *DB) DeleteTag(ctx context.Context, team int64, id core.ID) error {
	return db.inTx(ctx, "delete tag", func(s *session) error {
		return must(ctx, s, tagNoun, `DELETE FROM tags WHERE uuid = $1 AND team_id = $2`, string(id), team)
	})
}

const tagsOf = `SELECT ` + tagColumns + ` FROM tags WHERE id IN (SELECT x.tag_id FROM resource_tags x WHERE x.{owner} = $1) ORDER BY name`

// ListResourceTags returns the tags of a resource, by name.
func (db *DB) ListResourceTags(ctx context.Context, team int64, o core.Owner) ([]core.Tag, error) {
	s := db.view()
	k, err := ownerOf(ctx, s, team, o)
	if err != nil {
		return nil, explain("list tags", err)
	}
	all, err := list(ctx, s, scanTag, k.fill(tagsOf), o.RowID)
	return all, explain("list tags", err)
}

// TagResource gives a resource the tags with these names, which are made when the team
// does not have them, and returns all that it has then.
func (db *DB) TagResource(ctx context.Context, team int64, o core.Owner, names []string) ([]core.Tag, error) {
	var all []core.Tag
	err := db.inTx(ctx, "tag resource", func(s *session) error {
		k, err := ownerOf(ctx, s, team, o)
		if err != nil {
			return err
		}
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		for _, name := range names {
			tag, err := one(ctx, s, scanValue[int64], `INSERT INTO tags (uuid, team_id, name, created_at, updated_at) VALUES ($1, $2, $3, $4, $5)
				ON CONFLICT (team_id, name) DO UPDATE SET name = excluded.name RETURNING id`, string(core.NewID()), team, name, now, now)
			if err != nil {
				return err
			}
			if _, err := s.exec(ctx, k.fill(`INSERT INTO resource_tags (tag_id, {owner}, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`), tag, o.RowID, now); err != nil {
				return err
			}
		}
		all, err = list(ctx, s, scanTag, k.fill(tagsOf), o.RowID)
		return err
	})
	return all, err
}

// UntagResource takes a tag away from a resource. CodeNotFound when it has it not.
func (db *DB) UntagResource(ctx context.Context, team int64, o core.Owner, id core.ID) error {
	return db.inTx(ctx, "untag resource", func(s *session) error {
		k, err := ownerOf(ctx, s, team, o)
		if err != nil {
			return err
		}
		return must(ctx, s, tagNoun, k.fill(`DELETE FROM resource_tags WHERE {owner} = $1 AND tag_id IN (SELECT t.id FROM tags t WHERE t.uuid = $2 AND t.team_id = $3)`),
			o.RowID, string(id), team)
	})
}

// ListTagged returns the ids of the live resources of a team that have at least one of
// these tags, each once.
func (db *DB) ListTagged(ctx context.Context, team int64, names []string) ([]core.ID, error) {
	if len(names) == 0 {
		return []core.ID{}, nil
	}
	args := []any{team}
	for _, name := range names {
		args = append(args, name)
	}
	text := strings.ReplaceAll(union(`SELECT '{kind}' AS kind, r.id, r.uuid FROM {resources} r WHERE r.team_id = $1 AND r.deleted_at IS NULL AND r.id IN (
		SELECT x.{owner} FROM resource_tags x JOIN tags t ON t.id = x.tag_id WHERE t.team_id = $1 AND t.name IN (names))`), "(names)", "("+marks(2, len(names))+")")
	return getList(ctx, db, "tagged resources", scanValue[core.ID], `SELECT q.uuid FROM (`+text+`) AS q ORDER BY q.kind, q.id`, args...)
}
