package rest

import (
	"context"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

type auditQuery struct {
	Actor   string `query:"actor" doc:"Name of who made the change."`
	Subject string `query:"subject" doc:"Uuid of what was changed."`
	Action  string `query:"action" doc:"Such as \"service created\"."`
	Cursor  string `query:"cursor" doc:"next_cursor of the page before."`
	Limit   int    `query:"limit" default:"20" rule:"min=1,max=100"`
}

func (a *API) audit(ctx context.Context, p auth.Principal, in auditQuery) (api.Audit, error) {
	found, next, err := a.control.Audit(ctx, p, core.AuditFilter{Actor: in.Actor, Subject: in.Subject, Action: in.Action, Limit: in.Limit}, in.Cursor)
	return api.Audit{Entries: list(found, showAudit), NextCursor: text(next)}, err
}

func showAudit(e core.AuditEntry) api.AuditEntry {
	return api.AuditEntry{
		ID: e.RowID, Actor: api.Actor{Kind: e.Actor.Kind, ID: e.Actor.ID, Name: e.Actor.Name},
		Trigger: string(e.Trigger), Address: e.Address, Action: e.Action, Subject: e.Subject, CreatedAt: at(e.At),
	}
}
