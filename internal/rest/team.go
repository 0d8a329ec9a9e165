package rest

import (
	"context"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

type oneTeam struct {
	ID int64 `path:"id"`
}

func (a *API) listTeams(ctx context.Context, p auth.Principal, _ none) ([]api.Team, error) {
	teams, err := a.control.ListTeams(ctx, p)
	return list(teams, showTeam), err
}

func (a *API) currentTeam(ctx context.Context, p auth.Principal, _ none) (api.Team, error) {
	t, err := a.control.CurrentTeam(ctx, p)
	return showTeam(t), err
}

func (a *API) getTeam(ctx context.Context, p auth.Principal, in oneTeam) (api.Team, error) {
	t, err := a.control.GetTeam(ctx, p, in.ID)
	return showTeam(t), err
}

type updateTeam struct {
	Body api.TeamUpdate `in:"body"`
}

func (a *API) updateTeam(ctx context.Context, p auth.Principal, in updateTeam) (api.Team, error) {
	t, err := a.control.UpdateTeam(ctx, p, control.TeamPatch{
		Name: in.Body.Name, Description: in.Body.Description, AllowHostAccess: in.Body.AllowHost,
	})
	return showTeam(t), err
}

func (a *API) currentMembers(ctx context.Context, p auth.Principal, _ none) ([]api.User, error) {
	users, err := a.control.CurrentMembers(ctx, p)
	return list(users, showUser), err
}

func (a *API) listMembers(ctx context.Context, p auth.Principal, in oneTeam) ([]api.User, error) {
	users, err := a.control.ListMembers(ctx, p, in.ID)
	return list(users, showUser), err
}

func showTeam(t core.Team) api.Team {
	return api.Team{
		ID: t.RowID, Name: t.Name, Description: text(t.Description), PersonalTeam: t.Personal,
		AllowHost: t.AllowHostAccess, CreatedAt: at(t.CreatedAt), UpdatedAt: at(t.UpdatedAt),
	}
}

func showUser(u core.User) api.User {
	return api.User{
		ID: u.RowID, Name: u.Name, Email: u.Email, EmailVerifiedAt: at(u.CreatedAt), Role: string(u.Role),
		CreatedAt: at(u.CreatedAt), UpdatedAt: at(u.UpdatedAt),
	}
}
