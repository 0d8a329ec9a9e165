// Package testenv is what tests need that is larger than one package: a whole controller
// on loopback with a token and the public client, and the addresses of the lab's real
// Docker hosts, sshd and PostgreSQL.
package testenv

import (
	"context"
	"net"
	"os"
	"os/exec"
	"strconv"
	"testing"
)

// mend is how to get a lab.
const mend = `eval "$(lab/up.sh env)" in this shell, after lab/up.sh test`

// SSH is a lab host that is reached over SSH as root or deploy, with its own Docker.
type SSH struct {
	Host    string
	Port    int
	KeyFile string // private key of both users
}

// RequireDocker skips the test when Docker does not answer on this machine; with
// CI=true that is a failure.
func RequireDocker(t testing.TB) {
	t.Helper()
	if !HasDocker(t.Context()) {
		Missing(t, "Docker with the Compose plugin on this machine")
	}
}

// RequireSSH returns lab host n (1 or 2), or skips the test.
func RequireSSH(t testing.TB, n int) SSH {
	t.Helper()
	h, ok := FindSSH("TAFFRAIL_LAB_HOST" + strconv.Itoa(n))
	if !ok {
		Missing(t, "the lab's ssh host "+strconv.Itoa(n))
	}
	return h
}

// RequirePostgres returns the URL of the lab's PostgreSQL, as superuser, or skips the test.
func RequirePostgres(t testing.TB) string {
	t.Helper()
	url := os.Getenv("TAFFRAIL_LAB_POSTGRES")
	if url == "" {
		Missing(t, "the lab's PostgreSQL")
	}
	return url
}

// RequireFault returns the program that breaks parts of the lab, or skips the test.
func RequireFault(t testing.TB) string {
	t.Helper()
	path := os.Getenv("TAFFRAIL_LAB_FAULT")
	if path == "" {
		Missing(t, "the lab's faults")
	}
	return path
}

// HasDocker says whether Docker and its Compose plugin answer on this machine.
func HasDocker(ctx context.Context) bool {
	return exec.CommandContext(ctx, "docker", "version", "--format", "{{.Server.Version}}").Run() == nil &&
		exec.CommandContext(ctx, "docker", "compose", "version").Run() == nil
}

// FindSSH reads the host that an environment variable names.
func FindSSH(variable string) (SSH, bool) {
	host, port, err := net.SplitHostPort(os.Getenv(variable))
	if err != nil {
		return SSH{}, false
	}
	n, err := strconv.Atoi(port)
	key := os.Getenv("TAFFRAIL_LAB_SSH_KEY")
	return SSH{Host: host, Port: n, KeyFile: key}, err == nil && key != ""
}

// Missing skips the test because part of the lab is not there, and says how to get it;
// with CI=true it fails instead.
func Missing(t testing.TB, part string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is needed and not there: %s", part, mend)
	}
	t.Skipf("%s is needed: %s", part, mend)
}
