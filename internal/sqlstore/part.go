package sqlstore

import (
	"context"
	"strings"

	"github.com/taffrail/taffrail/internal/core"
)

// partTables are where the two sorts of parts live.
var partTables = []struct {
	kind core.PartKind
	name string
}{
	{core.PartApplication, "service_applications"},
	{core.PartDatabase, "service_databases"},
}

// unionParts is a text filled in for both sorts, as one query in the order of the names.
func unionParts(text string) string {
	parts := make([]string, len(partTables))
	for i, t := range partTables {
		parts[i] = strings.NewReplacer("{sort}", string(t.kind), "{parts}", t.name).Replace(text)
	}
	return strings.Join(parts, "\nUNION ALL ") + "\nORDER BY 1, 5"
}

const selectPart = `SELECT a.service_id, '{sort}', a.id, a.uuid, a.name, a.human_name, a.description, a.image, a.fqdn,
	a.exclude_from_status, a.status, a.created_at, a.updated_at FROM {parts} a `

var (
	partsOfService = unionParts(selectPart + `WHERE a.service_id = $1`)
	partsOfTeam    = unionParts(selectPart + `JOIN services v ON v.id = a.service_id WHERE v.team_id = $1 AND v.deleted_at IS NULL`)
)

func scanPart(r row) (core.ServicePart, error) {
	var p core.ServicePart
	err := r.Scan(&p.ServiceID, &p.Kind, &p.RowID, &p.UUID, &p.Name, &p.HumanName, &p.Description, &p.Image, &p.Fqdn,
		&p.ExcludeFromStatus, &p.Status, stamp{&p.CreatedAt}, stamp{&p.UpdatedAt})
	return p, err
}

// putParts makes the parts of a service those given. A part keeps its ids and status as
// long as its name and sort stay.
func putParts(ctx context.Context, s *session, now, service int64, parts []core.ServicePart) error {
	for _, t := range partTables {
		names := []any{service}
		for _, p := range parts {
			if p.Kind != t.kind {
				continue
			}
			if err := putPart(ctx, s, now, service, t.name, p); err != nil {
				return err
			}
			names = append(names, p.Name)
		}
		text := `DELETE FROM ` + t.name + ` WHERE service_id = $1`
		if len(names) > 1 {
			text += ` AND name NOT IN (` + marks(2, len(names)-1) + `)`
		}
		if _, err := s.exec(ctx, text, names...); err != nil {
			return err
		}
	}
	return nil
}

func putPart(ctx context.Context, s *session, now, service int64, table string, p core.ServicePart) error {
	if p.Status == "" {
		p.Status = "exited"
	}
	_, err := s.exec(ctx,
		`INSERT INTO `+table+` (uuid, service_id, name, human_name, description, image, fqdn, exclude_from_status, status, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (service_id, name) DO UPDATE SET human_name = excluded.human_name, description = excluded.description, image = excluded.image,
			fqdn = excluded.fqdn, exclude_from_status = excluded.exclude_from_status, updated_at = excluded.updated_at`,
		string(orNew(p.UUID)), service, p.Name, p.HumanName, p.Description, p.Image, p.Fqdn, p.ExcludeFromStatus, p.Status, now, now)
	return err
}

func setPartStatus(ctx context.Context, s *session, now, service int64, status map[string]string) error {
	for name, value := range status {
		if value == "" {
			continue
		}
		for _, t := range partTables {
			_, err := s.exec(ctx, `UPDATE `+t.name+` SET status = $1, updated_at = $2 WHERE service_id = $3 AND name = $4 AND `+changedTo, value, now, service, name)
			if err != nil {
				return err
			}
		}
	}
	return nil
}
