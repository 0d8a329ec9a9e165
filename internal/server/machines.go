package server

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/docker"
	"github.com/taffrail/taffrail/internal/host"
	"github.com/taffrail/taffrail/internal/redact"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

// machines gives control its view of the servers.
type machines struct{ pool *host.Pool }

// Probe implements control.Hosts.
func (m machines) Probe(ctx context.Context, s core.Server) (core.ServerFacts, error) {
	h, err := m.pool.Get(ctx, s)
	if err != nil {
		return core.ServerFacts{}, err
	}
	return docker.Probe(ctx, h, s.Settings.RemoteDir)
}

// Install implements control.Hosts.
func (m machines) Install(ctx context.Context, s core.Server, w io.Writer) error {
	h, err := m.pool.Get(ctx, s)
	if err != nil {
		return err
	}
	defer m.pool.Forget(s.RowID) // a new membership in the group docker counts from the next login on
	return docker.Install(ctx, h, w)
}

// Forget implements control.Hosts.
func (m machines) Forget(row int64) { m.pool.Forget(row) }

// Logs implements control.Containers.
func (m machines) Logs(ctx context.Context, s core.Server, container string, lines int, timestamps bool) (string, error) {
	h, err := m.pool.Get(ctx, s)
	if err != nil {
		return "", err
	}
	return docker.Logs(ctx, h, container, lines, timestamps)
}

// DeleteDump implements control.Dumps.
func (m machines) DeleteDump(ctx context.Context, s core.Server, path string) error {
	h, err := m.pool.Get(ctx, s)
	if err != nil {
		return err
	}
	res, err := h.Run(ctx, host.Command{Argv: []string{"rm", "-f", "--", path}})
	if err != nil || res.ExitCode == 0 {
		return err
	}
	return &core.Error{Op: "delete dump", Code: core.CodeUnavailable, Err: fmt.Errorf("exit code %d: %s", res.ExitCode, res.Stderr),
		Msg: fmt.Sprintf("The dump %s on server %s could not be deleted: %s", path, s.Name, lastLine(res.Stderr))}
}

// lastLine is the end of what a command said, which mostly is why it failed.
func lastLine(text []byte) string {
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return lines[len(lines)-1]
}

func hostOptions(db *sqlstore.DB, o Options) host.Options {
	return host.Options{
		Keys: func(ctx context.Context, team, row int64) (core.Secret, error) {
			key, err := db.GetKeyByRow(ctx, team, row)
			return key.PrivateKey, err
		},
		Pin: func(ctx context.Context, s core.Server, hostKey string) error {
			// Read again: the caller's copy may be old, and the rest of the row is not ours to write back.
			now, err := db.GetServer(ctx, s.TeamID, s.UUID)
			if err != nil {
				return err
			}
			now.HostKey = hostKey
			return db.UpdateServer(ctx, now)
		},
		Runner: runner(o.Program),
		Log:    o.Log,
	}
}

// runner finds the program that carries runs out on a platform: this one where it fits,
// otherwise the release for that platform beside it, "taffrail-<os>-<arch>".
func runner(program string) func(context.Context, string, string) (string, error) {
	return func(_ context.Context, goos, goarch string) (string, error) {
		path := program
		if path == "" {
			var err error
			if path, err = os.Executable(); err != nil {
				return "", fmt.Errorf("find this program: %w", err)
			}
		}
		if goos == runtime.GOOS && goarch == runtime.GOARCH {
			return path, nil
		}
		release := filepath.Join(filepath.Dir(path), "taffrail-"+goos+"-"+goarch)
		if info, err := os.Stat(release); err != nil || !info.Mode().IsRegular() {
			return "", core.Errorf(core.CodeUnavailable,
				"This controller runs on %s/%s; for a server with %s/%s it needs the release of Taffrail for that platform as %s.",
				runtime.GOOS, runtime.GOARCH, goos, goarch, release)
		}
		return release, nil
	}
}

// ownSecrets are what no log of a deployment on a server may show, besides the secrets
// of the resource: the key by which the controller gets in.
func ownSecrets(db *sqlstore.DB) func(context.Context, core.Server) ([]redact.Value, error) {
	return func(ctx context.Context, s core.Server) ([]redact.Value, error) {
		if s.Local() {
			return nil, nil
		}
		key, err := db.GetKeyByRow(ctx, s.TeamID, s.KeyID)
		if err != nil {
			return nil, err
		}
		return []redact.Value{{Name: "SSH_PRIVATE_KEY", Value: key.PrivateKey.Reveal()}}, nil
	}
}
