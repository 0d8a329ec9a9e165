package host_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/host"
	"github.com/taffrail/taffrail/internal/run"
)

// TestMain lets the test binary play the taffrail binary on the hosts it is copied to.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "run" {
		// Not os.Exit, with which the race detector waits for a second.
		syscall.Exit(run.Main(context.Background(), os.Args[2:], os.Stdin, os.Stdout, os.Stderr))
	}
	goleak.VerifyTestMain(m)
}

const patience = 30 * time.Second

var rows atomic.Int64

// self is the program that the tests put on hosts.
func self(context.Context, string, string) (string, error) { return os.Executable() }

// local is a server row of this machine with a remote folder of its own.
func local(tb testing.TB) core.Server {
	tb.Helper()
	return core.Server{
		RowID: rows.Add(1), UUID: core.NewID(), Name: "here", IP: core.LocalhostIP,
		Settings: core.ServerSettings{RemoteDir: filepath.Join(tb.TempDir(), "taffrail")},
	}
}

// labKey is the path of the key that the lab's hosts take.
func labKey(tb testing.TB) string {
	tb.Helper()
	return fromLab(tb, "TAFFRAIL_LAB_SSH_KEY")
}

func fromLab(tb testing.TB, name string) string {
	tb.Helper()
	value := os.Getenv(name)
	if value == "" && os.Getenv("CI") == "true" {
		tb.Fatalf("%s is not set", name)
	}
	if value == "" {
		tb.Skipf("needs the lab's hosts: lab/up.sh test, then %s from lab/up.sh env", name)
	}
	return value
}

// labServer is a server row of a host of the lab; name is "0", "1" or "_BARE".
func labServer(tb testing.TB, name, user string) core.Server {
	tb.Helper()
	address, port, err := net.SplitHostPort(fromLab(tb, "TAFFRAIL_LAB_HOST"+name))
	if err != nil {
		tb.Fatal(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		tb.Fatal(err)
	}
	return core.Server{
		RowID: rows.Add(1), UUID: core.NewID(), TeamID: 1, Name: "lab" + name, IP: address, Port: number, User: user, KeyID: 1,
		Settings: core.ServerSettings{RemoteDir: "/tmp/taffrail-test-" + string(core.NewID())},
	}
}

// desk is a pool with what it was asked and told.
type desk struct {
	*host.Pool
	pins    atomic.Int64
	pinned  atomic.Value // string
	keyFile string
	pinErr  error
}

func newDesk(tb testing.TB) *desk {
	tb.Helper()
	d := &desk{keyFile: os.Getenv("TAFFRAIL_LAB_SSH_KEY")}
	d.Pool = host.NewPool(host.Options{
		Keys: func(context.Context, int64, int64) (core.Secret, error) {
			data, err := os.ReadFile(d.keyFile)
			return core.NewSecret(string(data)), err
		},
		Pin: func(_ context.Context, _ core.Server, key string) error {
			d.pins.Add(1)
			d.pinned.Store(key)
			return d.pinErr
		},
		Runner: self,
	})
	tb.Cleanup(func() {
		if err := d.Close(); err != nil {
			tb.Errorf("close pool: %v", err)
		}
	})
	return d
}

// open gives the host of a server and takes its remote folder away in the end.
func (d *desk) open(tb testing.TB, s core.Server) host.Host {
	tb.Helper()
	h, err := d.Get(tb.Context(), s)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		argv := []string{"rm", "-rf", "--", s.Settings.RemoteDir}
		if s.User != "" && s.User != "root" {
			argv = append([]string{"sudo", "-n"}, argv...)
		}
		if res, err := h.Run(ctx, host.Command{Argv: argv}); err != nil || res.ExitCode != 0 {
			tb.Errorf("clean up: %v %+v", err, res)
		}
	})
	return h
}

// fault wants an error for a person that carries a fault.
func fault(tb testing.TB, err error, want host.Fault) *core.Error {
	tb.Helper()
	var e *core.Error
	if !errors.As(err, &e) || host.FaultOf(err) != want || !errors.Is(err, want) || e.Code != core.CodeUnavailable {
		tb.Fatalf("fault %q, want %q: %v", host.FaultOf(err), want, err)
	}
	return e
}

func itoa(n int) string { return strconv.Itoa(n) }

// launchable is the least script that there is.
func launchable() run.Script { return run.Script{ID: core.NewID(), Dir: "/"} }
