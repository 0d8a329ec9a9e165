package rest

import (
	"context"
	"time"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

func (a *API) listTokens(ctx context.Context, p auth.Principal, _ none) ([]api.Token, error) {
	tokens, err := a.control.ListTokens(ctx, p)
	return list(tokens, showToken), err
}

type createToken struct {
	Body api.TokenCreate `in:"body"`
}

func (a *API) createToken(ctx context.Context, p auth.Principal, in createToken) (api.TokenCreated, error) {
	t, whole, err := a.control.CreateToken(ctx, p, control.TokenInput{
		Name: in.Body.Name, Abilities: in.Body.Abilities,
		Lifetime: time.Duration(in.Body.ExpiresInDays) * 24 * time.Hour,
	})
	return api.TokenCreated{Token: showToken(t), PlainText: whole.Reveal()}, err
}

type oneToken struct {
	ID int64 `path:"id"`
}

func (a *API) deleteToken(ctx context.Context, p auth.Principal, in oneToken) (api.Message, error) {
	err := a.control.DeleteToken(ctx, p, in.ID)
	return api.Message{Message: "Token revoked."}, err
}

func showToken(t core.Token) api.Token {
	return api.Token{
		ID: t.RowID, Name: t.Name, Abilities: t.Abilities, ExpiresAt: at(t.ExpiresAt),
		LastUsedAt: at(t.LastUsedAt), CreatedAt: at(t.CreatedAt),
	}
}
