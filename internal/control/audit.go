package control

import (
	"context"
	"strconv"
	"time"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

// auditLimit is how long writing down a change may keep its answer waiting.
const auditLimit = 10 * time.Second

// Audit returns a page of the changes of the team, newest first, and the cursor of the
// next ("" at the end). It shows names and addresses, so it takes more than to read.
func (c *Control) Audit(ctx context.Context, p auth.Principal, f core.AuditFilter, cursor string) ([]core.AuditEntry, string, error) {
	if err := p.Require(auth.ReadSensitive); err != nil {
		return nil, "", err
	}
	if cursor != "" {
		var err error
		if f.Before, err = strconv.ParseInt(cursor, 10, 64); err != nil || f.Before < 1 {
			return nil, "", core.Invalid("cursor", "The cursor is not one that was given out.")
		}
	}
	want := f.Limit
	f.Limit++
	page, err := c.deps.Teams.ListAudit(ctx, p.TeamID, f)
	if err != nil || len(page) <= want {
		return page, "", err
	}
	page = page[:want]
	return page, strconv.FormatInt(page[want-1].RowID, 10), nil
}

// did writes down a change that has been made: in the audit log of the team, and as the
// one line that the operator's log has of it. That the change was made cannot be taken
// back by then, so it counts even when the request is over, and a fault is only told.
func (c *Control) did(ctx context.Context, p auth.Principal, what string, id core.ID) {
	c.log.Info(what, "uuid", string(id), "team", p.TeamID, "actor_kind", p.Actor.Kind, "actor_id", p.Actor.ID)
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), auditLimit)
	defer stop()
	e := core.AuditEntry{TeamID: p.TeamID, Actor: p.Actor, Trigger: p.Trigger, Address: p.Address, Action: what, Subject: string(id)}
	if err := c.deps.Teams.AppendAudit(ctx, e); err != nil {
		c.log.Error("change not written into the audit log", "what", what, "uuid", string(id), "team", p.TeamID, "error", err)
	}
}
