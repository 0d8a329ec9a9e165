package rest

import (
	"context"
	"strings"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

type history struct {
	Kind     string `query:"kind" doc:"Comma-separated: application, service, database."`
	Status   string `query:"status" doc:"Comma-separated."`
	Server   string `query:"server" doc:"Uuid."`
	Resource string `query:"resource" doc:"Uuid."`
	Actor    string `query:"actor" doc:"Name of who asked."`
	Trigger  string `query:"trigger" doc:"ui, api, cli, webhook, schedule or mcp."`
	Query    string `query:"q" doc:"In names and notes."`
	Cursor   string `query:"cursor" doc:"next_cursor of the page before."`
	Limit    int    `query:"limit" default:"10" rule:"min=1,max=100"`
}

func (a *API) history(ctx context.Context, p auth.Principal, in history) (api.History, error) {
	found, next, err := a.control.History(ctx, p, control.HistoryFilter{
		Kinds: splitText[core.Kind](in.Kind), Statuses: splitText[core.Status](in.Status),
		Server: core.ID(in.Server), Resource: core.ID(in.Resource), Trigger: core.Trigger(in.Trigger),
		Actor: in.Actor, Query: in.Query, Cursor: in.Cursor, Limit: in.Limit,
	})
	return api.History{Deployments: list(found, showDeployment), NextCursor: text(next)}, err
}

func splitText[T ~string](csv string) []T {
	var out []T
	for part := range strings.SplitSeq(csv, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, T(part))
		}
	}
	return out
}
