package control_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

func TestCreateServerFillsInWhatIsLeftOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := must(w.c.CreateKey(t.Context(), w.owner, control.KeyInput{PrivateKey: newKey(t)}))(t)
	s := must(w.c.CreateServer(t.Context(), w.owner, control.ServerInput{IP: " web-1.example.com ", Key: key.UUID}))(t)
	if s.IP != "web-1.example.com" || s.Name != "web-1.example.com" || s.Port != 22 || s.User != "root" || s.ProxyType != "none" ||
		s.KeyID != key.RowID || s.Local() || s.Settings != (core.ServerSettings{
		ConcurrentBuilds: 2, DeploymentQueueLimit: 25, DynamicTimeout: 3600, ConnectionTimeout: 10, RemoteDir: "/data/taffrail",
	}) {
		t.Errorf("server %+v", s)
	}
	_, err := w.c.CreateServer(t.Context(), w.owner, control.ServerInput{IP: "web-1.example.com", Key: key.UUID})
	wantCode(t, err, core.CodeBadRequest, "A server with this IP/Domain is already in use.")
	_, err = w.c.CreateServer(t.Context(), w.owner, control.ServerInput{IP: "web-1.example.com", Port: ptr(2222), Key: key.UUID})
	if err != nil {
		t.Errorf("another port is another server: %v", err)
	}
}

func TestServerAddressesAreStrict(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := must(w.c.CreateKey(t.Context(), w.owner, control.KeyInput{PrivateKey: newKey(t)}))(t)
	good := []string{
		"10.0.0.1", "::1", "2001:db8::17", "host", "a.b-c.example", "xn--bcher-kva.example", "1a", "localhost.localdomain",
		strings.Repeat("a", 63) + ".example",
	}
	bad := append(payloads(), "", "[::1]", "10.0.0.1/24", "10.0.0.1:22", "fe80::1%eth0", "0.0.0.0", "::", "224.0.0.1", "2130706433", "0x7f000001",
		"0177.0.0.1", "127.1", "10.0.0.256", "a b", "-a", "a-", "a..b", ".a", "a.", "user@host", "ssh://host", "host,host2", "bücher.example", "a_b",
		strings.Repeat("a", 64)+".example", strings.Repeat("a.", 127)+"example", "*.example.com", "a/b", "a\\b", "a%00b")
	for _, ip := range good {
		if _, err := w.c.CreateServer(t.Context(), w.owner, control.ServerInput{Name: "s", IP: ip, Key: key.UUID}); err != nil {
			t.Errorf("%q is refused: %v", ip, err)
		}
	}
	before := w.dump(t)
	for _, ip := range bad {
		_, err := w.c.CreateServer(t.Context(), w.owner, control.ServerInput{Name: "s", IP: ip, Key: key.UUID})
		if err == nil {
			t.Errorf("%q is accepted as an address", ip)
			continue
		}
		wantFields(t, err, "ip")
	}
	if w.dump(t) != before {
		t.Error("a refused server was stored")
	}
}

func TestCreateServerTellsAllFaultsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.c.CreateServer(t.Context(), w.owner, control.ServerInput{
		Name: "a;b", Description: "x<y", IP: "-oProxyCommand=id", Port: ptr(0), User: "-x", ProxyType: "nginx",
	})
	wantFields(t, err, "description", "ip", "port", "user", "proxy_type", "private_key_uuid")
	_, err = w.c.CreateServer(t.Context(), w.owner, control.ServerInput{Name: "a;b", IP: "h", Port: ptr(65536), Key: core.NewID()})
	wantFields(t, err, "name", "port")
	_, err = w.c.CreateServer(t.Context(), w.owner, control.ServerInput{IP: "h", Port: ptr(65536), Key: core.NewID()})
	var fault *core.Error
	if !errors.As(err, &fault) || fault.Fields["port"][0] != "The port field must be between 1 and 65535." {
		t.Errorf("port: %v", err)
	}
	for _, user := range append(payloads(), "a b", "root@x", "-") {
		_, err := w.c.CreateServer(t.Context(), w.owner, control.ServerInput{IP: "h", User: user, Key: core.NewID()})
		wantFields(t, err, "user")
	}
}

func TestUpdateServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	x := w.furnish(t, w.owner)
	s := must(w.c.GetServer(ctx, w.owner, x.server))(t)
	if err := w.db.PinHostKey(ctx, s.TeamID, s.RowID, "ssh-ed25519 AAAA"); err != nil {
		t.Fatal(err)
	}
	s = must(w.c.UpdateServer(ctx, w.owner, x.server, control.ServerPatch{Name: ptr("Web"), ConcurrentBuilds: ptr(5), RemoteDir: ptr("/srv/taffrail")}))(t)
	if s.Name != "Web" || s.Settings.ConcurrentBuilds != 5 || s.Settings.RemoteDir != "/srv/taffrail" || s.HostKey == "" || len(w.hosts.forgets()) != 0 {
		t.Errorf("server %+v, forgotten %v", s, w.hosts.forgets())
	}
	s = must(w.c.UpdateServer(ctx, w.owner, x.server, control.ServerPatch{User: ptr("deploy")}))(t)
	if s.User != "deploy" || s.HostKey == "" || len(w.hosts.forgets()) != 1 {
		t.Errorf("another user: %+v, forgotten %v", s, w.hosts.forgets())
	}
	s = must(w.c.UpdateServer(ctx, w.owner, x.server, control.ServerPatch{IP: ptr("10.0.0.10")}))(t)
	if s.HostKey != "" || len(w.hosts.forgets()) != 2 {
		t.Errorf("another address keeps the host key of the old one: %+v", s)
	}
	_, err := w.c.UpdateServer(ctx, w.owner, x.server, control.ServerPatch{
		ConcurrentBuilds: ptr(0), DeploymentQueueLimit: ptr(-1), DynamicTimeout: ptr(0), ConnectionTimeout: ptr(301), IP: ptr(""),
	})
	wantFields(t, err, "concurrent_builds", "deployment_queue_limit", "dynamic_timeout", "connection_timeout", "ip")
	for _, dir := range append(payloads(), "", "/", "data", "/data/", "/data/../etc", "/data//x", "/a/./b", "/a b", "/data/$HOME", "/..") {
		_, err := w.c.UpdateServer(ctx, w.owner, x.server, control.ServerPatch{RemoteDir: &dir})
		wantFields(t, err, "remote_dir")
	}
}

func TestLocalServerStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.local.UUID
	if !w.local.Local() || w.local.Name != "localhost" {
		t.Errorf("local server %+v", w.local)
	}
	wantCode(t, w.c.DeleteServer(t.Context(), w.owner, id), core.CodeBadRequest, "Local server cannot be deleted.")
	_, err := w.c.UpdateServer(t.Context(), w.owner, id, control.ServerPatch{IP: ptr("10.0.0.1"), Port: ptr(22), User: ptr("root"), Key: ptr(core.NewID())})
	wantFields(t, err, "ip", "port", "user", "private_key_uuid")
	s := must(w.c.UpdateServer(t.Context(), w.owner, id, control.ServerPatch{Name: ptr("here"), ConcurrentBuilds: ptr(1)}))(t)
	if s.Name != "here" || s.Settings.ConcurrentBuilds != 1 || !s.Local() {
		t.Errorf("local server %+v", s)
	}
}

func TestServersAndKeysInUseStay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	ctx := t.Context()
	wantCode(t, w.c.DeleteServer(ctx, w.owner, x.server), core.CodeBadRequest, "")
	wantCode(t, w.c.DeleteProject(ctx, w.owner, x.project), core.CodeBadRequest, "Project has resources, so it cannot be deleted.")
	wantCode(t, w.c.DeleteEnvironment(ctx, w.owner, x.project, "production"), core.CodeBadRequest, "")
	wantCode(t, w.c.DeleteKey(ctx, w.owner, x.key), core.CodeInvalid, "")
	list := must(w.c.ServerResources(ctx, w.owner, x.server))(t)
	if len(list) != 1 || list[0].UUID != x.service || list[0].Server != x.server || list[0].Project != x.project || list[0].Environment != x.environment {
		t.Errorf("resources %+v", list)
	}
	if here := must(w.c.ServerResources(ctx, w.owner, w.local.UUID))(t); here == nil || len(here) != 0 {
		t.Errorf("resources on localhost %v", here)
	}
}
