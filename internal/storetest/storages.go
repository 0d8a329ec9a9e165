package storetest

import (
	"testing"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

// exerciseStorages: what people mount, by whatever owns it.
func exerciseStorages(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db)
	of := core.Owner{Kind: core.KindDatabase, RowID: w.newDatabase("pg").RowID}
	want := core.Storage{Owner: of, IsFile: true, Name: "n", MountPath: "/etc/my conf/é", HostPath: "/h", Content: core.NewSecret(odd),
		IsDirectory: true, FsPath: "f", Chmod: "0600", IsReadOnly: true}
	made, err := db.CreateStorage(t.Context(), w.team, want)
	ok(t, err)
	recent(t, "creation of the storage", made.CreatedAt)
	want.RowID, want.UUID, want.CreatedAt, want.UpdatedAt = made.RowID, made.UUID, made.CreatedAt, made.CreatedAt
	same(t, "made storage", made, want)
	list := func(o core.Owner, want ...core.Storage) {
		t.Helper()
		got, err := db.ListStorages(t.Context(), w.team, o)
		ok(t, err)
		same(t, "storages", got, append([]core.Storage{}, want...))
	}
	list(of, made)

	_, err = db.CreateStorage(t.Context(), w.team, core.Storage{Owner: of, MountPath: made.MountPath})
	wantCode(t, "second storage at a path", err, core.CodeConflict)
	second, err := db.CreateStorage(t.Context(), w.team, core.Storage{Owner: of, Name: "v", MountPath: "/data"})
	ok(t, err)
	taken := second
	taken.MountPath = made.MountPath
	_, err = db.UpdateStorage(t.Context(), w.team, taken)
	wantCode(t, "move to a path that is taken", err, core.CodeConflict)

	change := core.Storage{UUID: made.UUID, Owner: of, Name: "m", MountPath: "/other", Content: core.NewSecret("x")}
	changed, err := db.UpdateStorage(t.Context(), w.team, change)
	ok(t, err)
	change.RowID, change.CreatedAt, change.UpdatedAt = made.RowID, made.CreatedAt, changed.UpdatedAt
	same(t, "changed storage", changed, change)
	list(of, changed, second)

	for _, o := range []core.Owner{
		{Kind: core.KindService, RowID: w.service.RowID}, {Kind: core.KindApplication, RowID: w.newApplication("app").RowID},
		{Kind: core.KindDatabase, RowID: w.newDatabase("other").RowID},
	} {
		list(o)
		there, err := db.CreateStorage(t.Context(), w.team, core.Storage{Owner: o, MountPath: "/data"})
		ok(t, err)
		list(o, there)
		lost := second
		lost.Owner = o
		_, err = db.UpdateStorage(t.Context(), w.team, lost)
		wantCode(t, "storage of another owner", err, core.CodeNotFound)
		wantCode(t, "deletion by another owner", db.DeleteStorage(t.Context(), w.team, o, second.UUID), core.CodeNotFound)
	}
	_, err = db.ListStorages(t.Context(), w.team, core.Owner{Kind: "nonsense", RowID: 1})
	wantCode(t, "storages of an unknown kind", err, core.CodeBadRequest)

	ok(t, db.DeleteStorage(t.Context(), w.team, of, made.UUID))
	wantCode(t, "second deletion", db.DeleteStorage(t.Context(), w.team, of, made.UUID), core.CodeNotFound)
	list(of, second)
}
