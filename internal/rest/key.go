package rest

import (
	"context"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

func (a *API) listKeys(ctx context.Context, p auth.Principal, _ none) ([]api.PrivateKey, error) {
	keys, err := a.control.ListKeys(ctx, p)
	return list(keys, showKey), err
}

func (a *API) getKey(ctx context.Context, p auth.Principal, in one) (api.PrivateKey, error) {
	k, err := a.control.GetKey(ctx, p, core.ID(in.UUID))
	return showKey(k), err
}

type createKey struct {
	Body api.KeyCreate `in:"body"`
}

func (a *API) createKey(ctx context.Context, p auth.Principal, in createKey) (api.UUID, error) {
	k, err := a.control.CreateKey(ctx, p, control.KeyInput{
		Name: in.Body.Name, Description: in.Body.Description, PrivateKey: core.NewSecret(in.Body.PrivateKey),
	})
	return api.UUID{UUID: string(k.UUID)}, err
}

type updateKey struct {
	UUID string        `path:"uuid"`
	Body api.KeyUpdate `in:"body"`
}

func (a *API) updateKey(ctx context.Context, p auth.Principal, in updateKey) (api.UUID, error) {
	k, err := a.control.UpdateKey(ctx, p, core.ID(in.UUID), control.KeyPatch{
		Name: in.Body.Name, Description: in.Body.Description, PrivateKey: secret(in.Body.PrivateKey),
	})
	return api.UUID{UUID: string(k.UUID)}, err
}

func (a *API) deleteKey(ctx context.Context, p auth.Principal, in one) (api.Message, error) {
	err := a.control.DeleteKey(ctx, p, core.ID(in.UUID))
	return api.Message{Message: "Private Key deleted."}, err
}

func showKey(k core.PrivateKey) api.PrivateKey {
	return api.PrivateKey{
		ID: k.RowID, UUID: string(k.UUID), Description: text(k.Description), Name: k.Name,
		Fingerprint: k.Fingerprint, IsGitRelated: k.IsGitRelated, PrivateKey: reveal(k.PrivateKey),
		PublicKey: k.PublicKey, TeamID: k.TeamID, CreatedAt: at(k.CreatedAt), UpdatedAt: at(k.UpdatedAt),
	}
}
