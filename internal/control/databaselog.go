package control

import (
	"context"
	"slices"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/redact"
)

// DatabaseLogs returns the last lines (1 to 10,000) that a database wrote, with its
// passwords and the values of its variables masked. CodeBadRequest when it has no container.
func (c *Control) DatabaseLogs(ctx context.Context, p auth.Principal, id core.ID, lines int, timestamps bool) (string, error) {
	if err := p.Require(auth.Read); err != nil {
		return "", err
	}
	db, err := c.database(ctx, p, id)
	if err != nil {
		return "", err
	}
	if err := checkTail(lines); err != nil {
		return "", err
	}
	server, err := c.serverByRow(ctx, p, db.ServerID)
	if err != nil {
		return "", err
	}
	secrets, err := c.databaseSecrets(ctx, p, db)
	if err != nil {
		return "", err
	}
	owner := core.Owner{Kind: core.KindDatabase, RowID: db.RowID}
	mask, err := c.mask(ctx, p, owner, secrets)
	if err != nil {
		return "", err
	}
	text, err := c.deps.Containers.Logs(ctx, server, string(db.UUID), lines, timestamps)
	if core.CodeOf(err) == core.CodeNotFound {
		return "", core.Errorf(core.CodeBadRequest, "Database is not running.")
	}
	return mask.String(text), err
}

// databaseSecrets are what a database knows that nobody is to read in its log.
func (c *Control) databaseSecrets(ctx context.Context, p auth.Principal, db core.Database) ([]redact.Value, error) {
	spec, err := specOf(db.Type)
	if err != nil {
		return nil, err
	}
	var out []redact.Value
	for _, field := range spec.Fields {
		if value := db.Fields[field.Name]; field.Secret() && !value.Empty() {
			out = append(out, redact.Value{Name: field.Name, Value: value.Reveal()})
		}
	}
	slices.SortFunc(out, func(a, b redact.Value) int { return len(b.Value) - len(a.Value) })
	return out, nil
}
