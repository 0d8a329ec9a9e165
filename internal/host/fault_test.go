package host_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/unix"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/host"
)

// newKey makes a private key file and its public key as a pin.
func newKey(tb testing.TB) (path, pin string) {
	tb.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		tb.Fatal(err)
	}
	path = filepath.Join(tb.TempDir(), "key")
	if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
		tb.Fatal(err)
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		tb.Fatal(err)
	}
	return path, strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
}

// unreal is a server row for an address where there is no sshd.
func unreal(address string, port int) core.Server {
	return core.Server{
		RowID: rows.Add(1), Name: "unreal", IP: address, Port: port, User: "root", KeyID: 1, TeamID: 1,
		Settings: core.ServerSettings{ConnectionTimeout: 1},
	}
}

// tryTrue runs a command that tells nothing but whether the host is reached.
func tryTrue(tb testing.TB, d *desk, s core.Server) error {
	tb.Helper()
	h, err := d.Get(tb.Context(), s)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	defer cancel()
	_, err = h.Run(ctx, host.Command{Argv: []string{"true"}})
	return err
}

func says(tb testing.TB, e *core.Error, parts ...string) {
	tb.Helper()
	for _, part := range parts {
		if !strings.Contains(e.Msg, part) {
			tb.Errorf("%q is not said in: %s", part, e.Msg)
		}
	}
}

func listen(tb testing.TB, serve func(net.Conn)) int {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serve(c)
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

func TestRefused(t *testing.T) {
	t.Parallel()
	port := listen(t, func(c net.Conn) { _ = c.Close() })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	d := newDesk(t)
	d.keyFile, _ = newKey(t)
	e := fault(t, tryTrue(t, d, unreal("127.0.0.1", free)), host.FaultRefused)
	says(t, e, `Server "unreal" (root@127.0.0.1:`, "refused the connection", "see that sshd runs")
	e = fault(t, tryTrue(t, d, unreal("127.0.0.1", port)), host.FaultRefused)
	says(t, e, "no SSH server")
	web := listen(t, func(c net.Conn) { _, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")); _ = c.Close() })
	_ = fault(t, tryTrue(t, d, unreal("127.0.0.1", web)), host.FaultRefused)
	if !host.Temporary(e) {
		t.Error("a refused connection is not final")
	}
}

// TestTimeout has a listener with no room for another connection, so that the kernel
// lets the client wait, as a firewall does.
func TestTimeout(t *testing.T) {
	t.Parallel()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Close(fd) }()
	if err := errors.Join(unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), unix.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	port := name.(*unix.SockaddrInet4).Port
	for range 3 {
		c, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", itoa(port)), 200*time.Millisecond)
		if err == nil {
			defer func() { _ = c.Close() }()
		}
	}
	d := newDesk(t)
	d.keyFile, _ = newKey(t)
	says(t, fault(t, tryTrue(t, d, unreal("127.0.0.1", port)), host.FaultTimeout), "did not answer within 1s")
}

func TestSilentServer(t *testing.T) {
	t.Parallel()
	port := listen(t, func(c net.Conn) { t.Cleanup(func() { _ = c.Close() }) })
	d := newDesk(t)
	d.keyFile, _ = newKey(t)
	says(t, fault(t, tryTrue(t, d, unreal("127.0.0.1", port)), host.FaultTimeout), "did not finish the SSH handshake within 15s")
}

func TestUnresolved(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.keyFile, _ = newKey(t)
	says(t, fault(t, tryTrue(t, d, unreal("no-such-host.invalid", 22)), host.FaultUnresolved), "has no address")
}

// lenient is the lab's host whose sshd does not shut out, for a while, those whose
// connections fail, as newer ones do.
const lenient = "0"

func TestWrongKey(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.keyFile, _ = newKey(t)
	err := tryTrue(t, d, labServer(t, lenient, "root"))
	says(t, fault(t, err, host.FaultAuth), "does not accept the key for user root", "authorized_keys")
	if d.pins.Load() != 0 || host.Temporary(err) {
		t.Error("the host was taken for known, or the fault for temporary")
	}
	d.keyFile = filepath.Join(t.TempDir(), "broken")
	if err := os.WriteFile(d.keyFile, []byte("-----BEGIN nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	err = tryTrue(t, d, labServer(t, lenient, "root"))
	says(t, fault(t, err, host.FaultAuth), "cannot be read")
}

func TestHostKeyIsPinnedAtFirstContact(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := labServer(t, "1", "root")
	for range 3 {
		if err := tryTrue(t, d, s); err != nil {
			t.Fatal(err)
		}
	}
	if n := d.pins.Load(); n != 1 {
		t.Errorf("pinned %d times", n)
	}
	s.HostKey, _ = d.pinned.Load().(string)
	if len(strings.Fields(s.HostKey)) != 2 {
		t.Errorf("pin %q", s.HostKey)
	}
	other := newDesk(t)
	if err := tryTrue(t, other, s); err != nil || other.pins.Load() != 0 {
		t.Errorf("with the pin: %v", err)
	}
}

func TestChangedHostKey(t *testing.T) {
	t.Parallel()
	labKey(t)
	d := newDesk(t)
	s := labServer(t, lenient, "root")
	_, s.HostKey = newKey(t)
	err := tryTrue(t, d, s)
	e := fault(t, err, host.FaultHostKey)
	says(t, e, "has changed", "Nothing was run", "forget its host key (taffrail servers update "+string(s.UUID)+" --forget-host-key)")
	if strings.Count(e.Msg, "SHA256:") != 2 || host.Temporary(err) {
		t.Errorf("both fingerprints are to be shown: %s", e.Msg)
	}
	// A pin of a type that the server has no more.
	s.HostKey = "ssh-dss " + strings.Fields(s.HostKey)[1]
	_ = fault(t, tryTrue(t, d, s), host.FaultHostKey)
}

func TestNothingIsRunWhenThePinIsNotStored(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.pinErr = errors.New("the store is away")
	s := labServer(t, "1", "root")
	for range 2 {
		if err := tryTrue(t, d, s); !errors.Is(err, d.pinErr) {
			t.Error(err)
		}
	}
	if d.pins.Load() != 2 {
		t.Error("the pin was taken for stored")
	}
}

func TestNoPermission(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := labServer(t, "_BARE", "nodocker")
	s.Settings.RemoteDir = "/data/taffrail-test"
	h, err := d.Get(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.Status(t.Context(), core.NewID())
	says(t, fault(t, err, host.FaultPermission), "nodocker may not make or write the folder /data/taffrail-test", "sudo install -d -o nodocker")
}

func TestNoRunner(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		find func(context.Context, string, string) (string, error)
		say  string
	}{
		"none":    {nil, "There is no taffrail program for linux/"},
		"missing": {func(context.Context, string, string) (string, error) { return "", os.ErrNotExist }, "There is no taffrail program for linux/"},
		"foreign": {func(context.Context, string, string) (string, error) { return "testdata/foreign", nil }, "cannot be started"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := host.NewPool(host.Options{Runner: c.find})
			defer func() { _ = p.Close() }()
			h, err := p.Get(t.Context(), local(t))
			if err != nil {
				t.Fatal(err)
			}
			_, err = h.Launch(t.Context(), launchable())
			says(t, fault(t, err, host.FaultNoRunner), c.say)
		})
	}
}

func TestPoolKeepsOneConnection(t *testing.T) {
	t.Parallel()
	p, s := newProxy(t, labServer(t, "1", "root"))
	d := newDesk(t)
	for range 5 {
		if err := tryTrue(t, d, s); err != nil {
			t.Fatal(err)
		}
	}
	if n := p.dialled(); n != 1 {
		t.Errorf("%d connections", n)
	}
	s.HostKey, _ = d.pinned.Load().(string) // the row as it is stored now
	if err := tryTrue(t, d, s); err != nil || p.dialled() != 1 {
		t.Errorf("%v, %d connections", err, p.dialled())
	}
	s.User = "deploy"
	if err := tryTrue(t, d, s); err != nil || p.dialled() != 2 {
		t.Errorf("another user: %v, %d connections", err, p.dialled())
	}
	d.Forget(s.RowID)
	if err := tryTrue(t, d, s); err != nil || p.dialled() != 3 {
		t.Errorf("after forgetting: %v, %d connections", err, p.dialled())
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if err := tryTrue(t, d, s); err == nil {
		t.Error("a closed pool gave a host")
	}
}

func TestBadAddressesAreRefused(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for _, ip := range []string{"", " ", "-oProxyCommand=x", "a b", "a;b", "a\nb", "a/b", "a..b", ".a", "1.2.3.4:22", "$(id)", strings.Repeat("a", 300), "[::1]"} {
		s := unreal(ip, 22)
		_, err := d.Get(t.Context(), s)
		if core.CodeOf(err) != core.CodeInvalid {
			t.Errorf("%q: %v", ip, err)
		}
	}
	for _, ip := range []string{"10.0.0.1", "::1", "fe80::1", "host", "my-host.example.org", "my_host.local", "host."} {
		if err := host.CheckAddress(unreal(ip, 22)); err != nil {
			t.Errorf("%q: %v", ip, err)
		}
	}
	for _, dir := range []string{"relative", "/", "/../", "/a\nb"} {
		s := unreal("host", 22)
		s.Settings.RemoteDir = dir
		if _, err := d.Get(t.Context(), s); core.CodeOf(err) != core.CodeInvalid {
			t.Errorf("%q: %v", dir, err)
		}
	}
	bad := unreal("host", 0)
	bad.User = "-x; id"
	var e *core.Error
	if err := host.CheckAddress(bad); !errors.As(err, &e) || len(e.Fields["port"]) != 1 || len(e.Fields["user"]) != 1 {
		t.Errorf("%v", err)
	}
}
