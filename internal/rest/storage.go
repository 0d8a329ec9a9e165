package rest

import (
	"context"
	"slices"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

const sortFile = "file" // of a storage; the other sort is "persistent"

type createStorage struct {
	UUID string            `path:"uuid"`
	Body api.StorageCreate `in:"body"`
}

type updateStorage struct {
	UUID string            `path:"uuid"`
	Body api.StorageUpdate `in:"body"`
}

type oneStorage struct {
	UUID    string `path:"uuid"`
	Storage string `path:"storage"`
}

// storageRoutes are the routes about what the resources at a path mount.
func (a *API) storageRoutes(path string, kind core.Kind) []Route {
	path += "/storages"
	return []Route{
		get(path, auth.Read, "List what is mounted", a.listStorages(kind)),
		post(path, auth.Write, 201, "Mount a volume or a file", a.createStorage(kind), 409),
		patch(path, auth.Write, 200, "Change what is mounted", a.updateStorage(kind), 409),
		remove(path+"/{storage}", auth.Write, "Take away what is mounted", a.deleteStorage(kind), 422),
	}
}

func (a *API) listStorages(kind core.Kind) handler[one, api.Storages] {
	return func(ctx context.Context, p auth.Principal, in one) (api.Storages, error) {
		found, err := a.control.ListStorages(ctx, p, kind, core.ID(in.UUID))
		out := api.Storages{PersistentStorages: []api.Storage{}, FileStorages: []api.Storage{}}
		for _, s := range found {
			if s.IsFile {
				out.FileStorages = append(out.FileStorages, showStorage(p, s))
			} else {
				out.PersistentStorages = append(out.PersistentStorages, showStorage(p, s))
			}
		}
		return out, err
	}
}

func (a *API) createStorage(kind core.Kind) handler[createStorage, api.Storage] {
	return func(ctx context.Context, p auth.Principal, in createStorage) (api.Storage, error) {
		b := in.Body
		s, err := a.control.CreateStorage(ctx, p, kind, core.ID(in.UUID), control.StorageInput{
			IsFile: b.Type == sortFile, Name: b.Name, MountPath: b.MountPath, HostPath: b.HostPath,
			Content: core.NewSecret(b.Content), IsDirectory: b.IsDirectory, FsPath: b.FsPath, Chmod: b.Chmod,
		})
		return showStorage(p, s), err
	}
}

func (a *API) updateStorage(kind core.Kind) handler[updateStorage, api.Storage] {
	return func(ctx context.Context, p auth.Principal, in updateStorage) (api.Storage, error) {
		b := in.Body
		id, err := a.storageID(ctx, p, kind, core.ID(in.UUID), b)
		if err != nil {
			return api.Storage{}, err
		}
		s, err := a.control.UpdateStorage(ctx, p, kind, core.ID(in.UUID), id, control.StoragePatch{
			Name: b.Name, MountPath: b.MountPath, HostPath: b.HostPath, Content: secret(b.Content), FsPath: b.FsPath, Chmod: b.Chmod,
		})
		return showStorage(p, s), err
	}
}

// storageID is the uuid of the storage that a request names, by that or by its number.
func (a *API) storageID(ctx context.Context, p auth.Principal, kind core.Kind, owner core.ID, b api.StorageUpdate) (core.ID, error) {
	if b.UUID != "" {
		return core.ID(b.UUID), nil
	}
	if b.ID == 0 {
		return "", core.Invalid("uuid", "This field is required when id is absent.")
	}
	// Whoever may write need not be one who may read: the list is for this only.
	found, err := a.control.ListStorages(ctx, p, kind, owner)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(found, func(s core.Storage) bool { return s.RowID == b.ID && s.IsFile == (b.Type == sortFile) })
	if i < 0 {
		return "", core.NotFound("Storage")
	}
	return found[i].UUID, nil
}

func (a *API) deleteStorage(kind core.Kind) handler[oneStorage, api.Message] {
	return func(ctx context.Context, p auth.Principal, in oneStorage) (api.Message, error) {
		err := a.control.DeleteStorage(ctx, p, kind, core.ID(in.UUID), core.ID(in.Storage))
		return api.Message{Message: "Storage deleted."}, err
	}
}

func showStorage(p auth.Principal, s core.Storage) api.Storage {
	out := api.Storage{
		ID: s.RowID, UUID: string(s.UUID), IsDirectory: s.IsDirectory, IsReadOnly: s.IsReadOnly, MountPath: s.MountPath,
		ResourceID: s.Owner.RowID, ResourceType: s.Owner.Kind.Title(), CreatedAt: at(s.CreatedAt), UpdatedAt: at(s.UpdatedAt),
	}
	if !s.IsFile {
		out.Name, out.HostPath = text(s.Name), text(s.HostPath)
		return out
	}
	out.Chmod, out.FsPath = text(s.Chmod), text(s.FsPath)
	if p.SeesSecrets() && !s.IsDirectory {
		content := s.Content.Reveal()
		out.Content = &content
	}
	return out
}
