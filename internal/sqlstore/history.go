package sqlstore

import (
	"context"
	"fmt"
	"strings"

	"github.com/taffrail/taffrail/internal/core"
)

const (
	historyLimit    = 25
	historyLimitMax = 100
)

// ListHistory returns a page of the deployments of all kinds of a team, newest first and
// without snapshots, and the cursor of the next page: "" at the end. A page costs the
// same however long the history is and however far back the page lies.
func (db *DB) ListHistory(ctx context.Context, team int64, f core.HistoryFilter) ([]core.Deployment, string, error) {
	if f.Limit <= 0 {
		f.Limit = historyLimit
	}
	f.Limit = min(f.Limit, historyLimitMax)
	text, args, err := historyQuery(team, f)
	if err != nil || text == "" {
		return []core.Deployment{}, "", err
	}
	page, err := getList(ctx, db, "deployments", db.scanDeployment, text, args...)
	if err != nil || len(page) <= f.Limit {
		return page, "", err
	}
	page = page[:f.Limit]
	last := page[f.Limit-1]
	return page, fmt.Sprintf("%d.%d", last.CreatedAt.UnixMicro(), last.LogID), nil
}

// historyQuery makes the statement for a page; "" when no kind is left. Each table gives
// its own newest rows by its index, and of these the newest are taken. One more than
// wanted tells whether there is a next page.
func historyQuery(team int64, f core.HistoryFilter) (string, []any, error) {
	of := historyKinds(f.Kinds)
	where, err := historyWhere(team, f)
	if err != nil || len(of) == 0 {
		return "", nil, err
	}
	bound := where.param(f.Limit+1) + " + 0"
	branch := `SELECT * FROM (` + selectDeployment + `WHERE ` + where.text() + ` ORDER BY d.created_at DESC, d.log_id DESC LIMIT ` + bound + `) AS {kind}`
	return unionOf(of, branch) + "\nORDER BY created_at DESC, log_id DESC LIMIT " + bound, where.args, nil
}

func historyKinds(wanted []core.Kind) []kind {
	if len(wanted) == 0 {
		return kinds
	}
	var of []kind
	for _, k := range kinds {
		for _, w := range wanted {
			if k.name == w {
				of = append(of, k)
				break
			}
		}
	}
	return of
}

// conditions collects the parts of a WHERE with their parameters.
type conditions struct {
	parts []string
	args  []any
}

func (c *conditions) param(v any) string {
	c.args = append(c.args, v)
	return fmt.Sprintf("$%d", len(c.args))
}

// add takes a condition in which %s stands for v.
func (c *conditions) add(format string, v any) {
	c.parts = append(c.parts, fmt.Sprintf(format, c.param(v)))
}

func (c *conditions) text() string { return strings.Join(c.parts, " AND ") }

func historyWhere(team int64, f core.HistoryFilter) (*conditions, error) {
	c := &conditions{}
	c.add("d.team_id = %s", team)
	if f.Cursor != "" {
		var at, log int64
		if n, err := fmt.Sscanf(f.Cursor, "%d.%d", &at, &log); err != nil || n != 2 {
			return nil, core.Invalid("cursor", "The cursor is not one that a previous page gave.")
		}
		c.parts = append(c.parts, fmt.Sprintf("(d.created_at, d.log_id) < (%s, %s)", c.param(at), c.param(log)))
	}
	if len(f.Statuses) > 0 {
		from := len(c.args) + 1
		for _, s := range f.Statuses {
			c.args = append(c.args, string(s))
		}
		c.parts = append(c.parts, "d.status IN ("+marks(from, len(f.Statuses))+")")
	}
	for _, exact := range []struct{ column, value string }{
		{"d.server_uuid", string(f.Server)}, {"d.resource_uuid", string(f.Resource)}, {"d.trigger", string(f.Trigger)},
		{"lower(d.actor_name)", strings.ToLower(f.Actor)},
	} {
		if exact.value != "" {
			c.add(exact.column+" = %s", exact.value)
		}
	}
	if f.Query != "" {
		like := c.param("%" + escapeLike(strings.ToLower(f.Query)) + "%")
		c.parts = append(c.parts, fmt.Sprintf(`(lower(d.{title}) LIKE %s ESCAPE '\' OR lower(d.note) LIKE %s ESCAPE '\')`, like, like))
	}
	return c, nil
}

func escapeLike(text string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text)
}
