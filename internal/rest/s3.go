package rest

import (
	"context"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

func (a *API) listS3Storages(ctx context.Context, p auth.Principal, _ none) ([]api.S3Storage, error) {
	found, err := a.control.ListS3Storages(ctx, p)
	return list(found, showS3Storage), err
}

func (a *API) getS3Storage(ctx context.Context, p auth.Principal, in one) (api.S3Storage, error) {
	s, err := a.control.GetS3Storage(ctx, p, core.ID(in.UUID))
	return showS3Storage(s), err
}

type createS3Storage struct {
	Body api.S3StorageCreate `in:"body"`
}

func (a *API) createS3Storage(ctx context.Context, p auth.Principal, in createS3Storage) (api.UUID, error) {
	b := in.Body
	s, err := a.control.CreateS3Storage(ctx, p, control.S3Input{
		Name: &b.Name, Description: &b.Description, Endpoint: &b.Endpoint, Region: &b.Region, Bucket: &b.Bucket,
		Path: &b.Path, AccessKey: secret(&b.Key), SecretKey: secret(&b.Secret),
	})
	return api.UUID{UUID: string(s.UUID)}, err
}

type updateS3Storage struct {
	UUID string              `path:"uuid"`
	Body api.S3StorageUpdate `in:"body"`
}

func (a *API) updateS3Storage(ctx context.Context, p auth.Principal, in updateS3Storage) (api.UUID, error) {
	b := in.Body
	s, err := a.control.UpdateS3Storage(ctx, p, core.ID(in.UUID), control.S3Input{
		Name: b.Name, Description: b.Description, Endpoint: b.Endpoint, Region: b.Region, Bucket: b.Bucket,
		Path: b.Path, AccessKey: secret(b.Key), SecretKey: secret(b.Secret),
	})
	return api.UUID{UUID: string(s.UUID)}, err
}

func (a *API) deleteS3Storage(ctx context.Context, p auth.Principal, in one) (api.Message, error) {
	err := a.control.DeleteS3Storage(ctx, p, core.ID(in.UUID))
	return api.Message{Message: "S3 storage deleted."}, err
}

func (a *API) validateS3Storage(ctx context.Context, p auth.Principal, in one) (api.S3Validation, error) {
	v, err := a.control.ValidateS3Storage(ctx, p, core.ID(in.UUID))
	return api.S3Validation{Valid: v.Valid, Message: v.Message}, err
}

func showS3Storage(s core.S3Storage) api.S3Storage {
	return api.S3Storage{
		ID: s.RowID, UUID: string(s.UUID), Description: text(s.Description), Name: s.Name, Bucket: s.Bucket,
		Endpoint: s.Endpoint, IsUsable: s.IsUsable, Key: reveal(s.AccessKey), Path: text(s.Path), Region: s.Region,
		Secret: reveal(s.SecretKey), TeamID: s.TeamID, CreatedAt: at(s.CreatedAt), UpdatedAt: at(s.UpdatedAt),
	}
}
