package docker_test

import (
	"context"
	"net"
	"os"
	"strconv"
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

// pool reaches the lab's hosts.
func pool(tb testing.TB) *host.Pool {
	tb.Helper()
	p := host.NewPool(host.Options{
		Keys: func(context.Context, int64, int64) (core.Secret, error) {
			data, err := os.ReadFile(os.Getenv("TAFFRAIL_LAB_SSH_KEY"))
			return core.NewSecret(string(data)), err
		},
		Pin:    func(context.Context, core.Server, string) error { return nil },
		Runner: func(context.Context, string, string) (string, error) { return os.Executable() },
	})
	tb.Cleanup(func() {
		if err := p.Close(); err != nil {
			tb.Errorf("close pool: %v", err)
		}
	})
	return p
}

// server is a row for a host of the lab; name is "1" or "_BARE".
func server(tb testing.TB, name, user string) core.Server {
	tb.Helper()
	variable := "TAFFRAIL_LAB_HOST" + name
	value := os.Getenv(variable)
	if value == "" && os.Getenv("CI") == "true" {
		tb.Fatalf("%s is not set", variable)
	}
	if value == "" {
		tb.Skipf("needs the lab's hosts: lab/up.sh test, then %s from lab/up.sh env", variable)
	}
	address, port, err := net.SplitHostPort(value)
	if err != nil {
		tb.Fatal(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		tb.Fatal(err)
	}
	return core.Server{
		RowID: 1, TeamID: 1, Name: "lab" + name, IP: address, Port: number, User: user, KeyID: 1,
		Settings: core.ServerSettings{RemoteDir: "/tmp/taffrail-test-" + string(core.NewID())},
	}
}

// open gives the host of a server and takes its remote folder away in the end.
func open(tb testing.TB, p *host.Pool, s core.Server) host.Host {
	tb.Helper()
	h, err := p.Get(tb.Context(), s)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		h, err := p.Get(ctx, s)
		if err != nil {
			tb.Error(err)
			return
		}
		if _, err := h.Run(ctx, host.Command{Argv: []string{"rm", "-rf", "--", s.Settings.RemoteDir}}); err != nil {
			tb.Errorf("clean up: %v", err)
		}
	})
	return h
}

func must(tb testing.TB, h host.Host, argv ...string) string {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(tb.Context()), 2*time.Minute)
	defer cancel()
	res, err := h.Run(ctx, host.Command{Argv: argv})
	if err != nil || res.ExitCode != 0 {
		tb.Fatalf("%q: %v %d %s", argv, err, res.ExitCode, res.Stderr)
	}
	return string(res.Stdout)
}
