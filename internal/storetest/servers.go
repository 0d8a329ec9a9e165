package storetest

import (
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

func exerciseKeys(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db)
	made, err := db.CreateKey(t.Context(), core.PrivateKey{TeamID: w.team, Name: "deploy", Description: "d", PrivateKey: core.NewSecret("PEM"),
		PublicKey: "ssh-ed25519 AAA", Fingerprint: "SHA256:x", IsGitRelated: true})
	ok(t, err)
	if made.RowID == 0 || !made.UUID.Valid() || made.PrivateKey.Reveal() != "PEM" {
		t.Errorf("key is %+v", made)
	}
	recent(t, "creation of the key", made.CreatedAt)
	_, err = db.CreateKey(t.Context(), core.PrivateKey{TeamID: w.team, Name: "again", Fingerprint: "SHA256:x"})
	wantCode(t, "key with the same fingerprint", err, core.CodeConflict)
	second, err := db.CreateKey(t.Context(), core.PrivateKey{TeamID: w.team, Name: "second", Fingerprint: "SHA256:y"})
	ok(t, err)

	made.Name, made.PrivateKey, made.Fingerprint = "renamed", core.NewSecret("other PEM"), "SHA256:z"
	ok(t, db.UpdateKey(t.Context(), made))
	second.Fingerprint = "SHA256:z"
	wantCode(t, "update to a fingerprint that is taken", db.UpdateKey(t.Context(), second), core.CodeConflict)
	second.Fingerprint = "SHA256:y"
	got, err := db.GetKey(t.Context(), w.team, made.UUID)
	ok(t, err)
	made.UpdatedAt = got.UpdatedAt
	same(t, "updated key", got, made)
	got, err = db.GetKeyByRow(t.Context(), w.team, made.RowID)
	ok(t, err)
	same(t, "key by row", got, made)
	all, err := db.ListKeys(t.Context(), w.team)
	ok(t, err)
	same(t, "keys", all, []core.PrivateKey{made, second})

	_, err = db.CreateServer(t.Context(), core.Server{TeamID: w.team, Name: "s", IP: "192.0.2.1", KeyID: made.RowID})
	ok(t, err)
	wantCode(t, "deletion of a key in use", db.DeleteKey(t.Context(), w.team, made.UUID), core.CodeInvalid)
	ok(t, db.DeleteKey(t.Context(), w.team, second.UUID))
	_, err = db.GetKey(t.Context(), w.team, second.UUID)
	wantCode(t, "deleted key", err, core.CodeNotFound)
}

func exerciseServers(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db)
	key, err := db.CreateKey(t.Context(), core.PrivateKey{TeamID: w.team, Name: "k", Fingerprint: "f", PrivateKey: core.NewSecret("p")})
	ok(t, err)
	made, err := db.CreateServer(t.Context(), core.Server{TeamID: w.team, Name: "one", Description: "first", IP: "192.0.2.1", KeyID: key.RowID})
	ok(t, err)
	recent(t, "creation of the server", made.CreatedAt)
	same(t, "server with defaults", made, core.Server{RowID: made.RowID, UUID: made.UUID, TeamID: w.team, Name: "one", Description: "first", IP: "192.0.2.1",
		Port: 22, User: "root", KeyID: key.RowID, CreatedAt: made.CreatedAt, UpdatedAt: made.CreatedAt,
		Settings: core.ServerSettings{ConcurrentBuilds: 2, DeploymentQueueLimit: 25, DynamicTimeout: 3600, ConnectionTimeout: 10, RemoteDir: "/data/taffrail"}})

	_, err = db.CreateServer(t.Context(), core.Server{TeamID: w.team, Name: "two", IP: "192.0.2.1"})
	wantCode(t, "second server at an address", err, core.CodeConflict)
	other, err := db.CreateServer(t.Context(), core.Server{TeamID: w.team, Name: "two", IP: "192.0.2.1", Port: 2222, KeyID: key.RowID})
	ok(t, err)
	_, err = db.CreateServer(t.Context(), core.Server{TeamID: w.team, Name: "three", IP: "192.0.2.3", KeyID: 999})
	wantCode(t, "server with an unknown key", err, core.CodeNotFound)

	made.Name, made.Description, made.IP, made.Port, made.User, made.HostKey, made.ProxyType = "uno", "erster", "192.0.2.9", 2200, "deploy", "ssh-ed25519 A", "caddy"
	made.Settings = core.ServerSettings{ConcurrentBuilds: 3, DeploymentQueueLimit: 4, DynamicTimeout: 5, ConnectionTimeout: 6, IsBuildServer: true, RemoteDir: "/srv"}
	ok(t, db.UpdateServer(t.Context(), made))
	made.Facts = core.ServerFacts{Reachable: true, Usable: true, OS: "Debian", Arch: "amd64", DockerVersion: "20.10.24", ComposeVersion: "2.40.3",
		DiskFree: 1 << 40, DiskTotal: 1 << 41, Log: "line\nline\n", CheckedAt: time.Now().UTC().Truncate(time.Microsecond)}
	ok(t, db.SetServerFacts(t.Context(), w.team, made.RowID, made.Facts))
	got, err := db.GetServer(t.Context(), w.team, made.UUID)
	ok(t, err)
	made.UpdatedAt = got.UpdatedAt
	same(t, "updated server", got, made)
	taken := other
	taken.IP, taken.Port = made.IP, made.Port
	wantCode(t, "move to an address that is taken", db.UpdateServer(t.Context(), taken), core.CodeConflict)

	ok(t, db.PinHostKey(t.Context(), w.team, other.RowID, "first"))
	ok(t, db.PinHostKey(t.Context(), w.team, other.RowID, "first"))
	wantCode(t, "another host key", db.PinHostKey(t.Context(), w.team, other.RowID, "second"), core.CodeConflict)
	other, err = db.GetServer(t.Context(), w.team, other.UUID)
	ok(t, err)
	if other.HostKey != "first" {
		t.Errorf("pinned %q, want the first key", other.HostKey)
	}

	to, err := db.ListDestinations(t.Context(), w.team, other.UUID)
	ok(t, err)
	if len(to) != 1 || to[0].Network != "taffrail" || to[0].ServerID != other.RowID || !to[0].UUID.Valid() {
		t.Errorf("destinations are %+v", to)
	}
	all, err := db.ListServers(t.Context(), w.team)
	ok(t, err)
	same(t, "servers", all[1:], []core.Server{made, other})
	ok(t, db.DeleteServer(t.Context(), w.team, other.UUID))
	_, err = db.GetServer(t.Context(), w.team, other.UUID)
	wantCode(t, "deleted server", err, core.CodeNotFound)
	local, err := db.EnsureLocalhost(t.Context(), w.team)
	ok(t, err)
	if local.RowID != w.server.RowID || !local.Local() || local.Name != "localhost" || local.IP != core.LocalhostIP {
		t.Errorf("localhost is %+v", local)
	}
}
