package host

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/taffrail/taffrail/internal/core"
)

// DefaultRemoteDir is where everything of ours is on a machine.
const DefaultRemoteDir = "/data/taffrail"

// The scripts below are fixed; what they work on comes as arguments.
const (
	exitForeign    = 76
	exitPermission = 77
	exitDamaged    = 78
	exitFull       = 79

	// prepareScript makes the folder $1 and what is in it. The folder is ours alone, the
	// ones above it are as others expect them. A folder of another user becomes this
	// one's when nothing is in it but programs of ours.
	prepareScript = `umask 077
no() {
	[ "$(df -Pk -- "$1" 2>/dev/null | awk 'END { print $4 }')" = 0 ] && exit 79
	exit 77
}
usable() { [ -w "$1" ] && [ -x "$1" ]; }
closed() { [ -d "$1" ] && ! usable "$1"; }
if [ ! -d "$1" ]; then
	(umask 022 && mkdir -p -- "$(dirname -- "$1")" && mkdir -m 0700 -- "$1") 2>/dev/null || [ -d "$1" ] ||
		sudo -n install -d -o "$(id -un)" -m 0700 -- "$1" || no "$(dirname -- "$1")"
elif closed "$1" || closed "$1/bin" || closed "$1/runs"; then
	sudo -n true || exit 77
	sudo -n sh -c 'cd -- "$1" || exit 1
		rmdir runs services 2>/dev/null
		[ -z "$(ls -A | grep -vx bin)" ] || exit 1
		[ ! -e bin ] || [ -z "$(ls -A bin | grep -v "^taffrail-")" ] || exit 1
		chown -R -- "$2" . && chmod 0700 .' sh "$1" "$(id -un)" || exit 76
fi
mkdir -p -- "$1/bin" "$1/runs" || no "$1"
usable "$1/bin" && usable "$1/runs" || exit 77`

	// uploadScript stores standard input as $2 by way of $1 when its hash is $3.
	uploadScript = `umask 077
cat >"$1" && chmod 0755 "$1" || {
	free=$(df -Pk -- "$1" 2>/dev/null | awk 'END { print $4 }')
	rm -f "$1"
	[ "$free" = 0 ] && exit 79
	exit 1
}
[ "$(sha256sum <"$1" | cut -c1-64)" = "$3" ] || { rm -f "$1"; exit 78; }
mv -f -- "$1" "$2"`
)

// execFunc runs an argv on a machine as it is, without a runner.
type execFunc func(ctx context.Context, argv []string, stdin io.Reader) (Result, error)

// runner sees to it that our program is on a machine.
type runner struct {
	server   core.Server
	dir      string
	exec     execFunc
	findFunc func(ctx context.Context, goos, goarch string) (string, error)
	hashes   *hashes

	turn chan struct{} // held while looking and uploading
	mu   sync.Mutex
	path string // of the program on the machine; "" when it is not known to be there
}

func newRunner(s core.Server, exec execFunc, o Options, h *hashes) *runner {
	return &runner{server: s, dir: remoteDir(s), exec: exec, findFunc: o.Runner, hashes: h, turn: make(chan struct{}, 1)}
}

func remoteDir(s core.Server) string {
	if s.Settings.RemoteDir == "" {
		return DefaultRemoteDir
	}
	return path.Clean(s.Settings.RemoteDir)
}

func (r *runner) root() string { return path.Join(r.dir, "runs") }

// forget makes the next ensure look again.
func (r *runner) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.path = ""
}

func (r *runner) known() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.path
}

// ensure returns the path of our program on the machine, and puts it there first when
// it is not there yet.
func (r *runner) ensure(ctx context.Context) (string, error) {
	if p := r.known(); p != "" {
		return p, nil
	}
	select {
	case r.turn <- struct{}{}:
		defer func() { <-r.turn }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	if p := r.known(); p != "" {
		return p, nil
	}
	p, err := r.install(ctx)
	if err != nil {
		return "", err
	}
	r.mu.Lock()
	r.path = p
	r.mu.Unlock()
	return p, nil
}

func (r *runner) install(ctx context.Context) (string, error) {
	goos, goarch, err := r.platform(ctx)
	if err != nil {
		return "", err
	}
	if r.findFunc == nil {
		return "", r.noRunner(nil, goos, goarch)
	}
	local, err := r.findFunc(ctx, goos, goarch)
	if err != nil {
		return "", r.noRunner(err, goos, goarch)
	}
	sum, err := r.hashes.of(local)
	if err != nil {
		return "", fmt.Errorf("read runner: %w", err)
	}
	remote := path.Join(r.dir, "bin", "taffrail-"+sum[:16])
	there, err := r.exec(ctx, []string{"sh", "-c", lookScript, "sh", path.Dir(remote), path.Base(remote)}, nil)
	if err != nil {
		return "", err
	}
	if strings.HasPrefix(string(there.Stdout), sum+" ") {
		return remote, nil
	}
	if err := r.prepare(ctx); err != nil {
		return "", err
	}
	return remote, r.upload(ctx, local, remote, sum)
}

func (r *runner) platform(ctx context.Context) (goos, goarch string, err error) {
	res, err := r.exec(ctx, []string{"uname", "-sm"}, nil)
	if err != nil {
		return "", "", err
	}
	system, machine, _ := strings.Cut(strings.TrimSpace(string(res.Stdout)), " ")
	return strings.ToLower(system), GoArch(machine), nil
}

// GoArch gives Go's name of an architecture as "uname -m" calls it.
func GoArch(machine string) string {
	switch machine {
	case "x86_64":
		return "amd64"
	case "aarch64":
		return "arm64"
	case "armv7l", "armv6l":
		return "arm"
	case "i386", "i686":
		return "386"
	}
	return machine
}

func (r *runner) noRunner(cause error, goos, goarch string) error {
	return NewError("prepare server", FaultNoRunner, cause,
		"There is no taffrail program for %s/%s, which is what %s is. Put the release binary for it beside this one, named taffrail-%s-%s.",
		goos, goarch, title(r.server), goos, goarch)
}

func (r *runner) prepare(ctx context.Context) error {
	res, err := r.exec(ctx, []string{"sh", "-c", prepareScript, "sh", r.dir}, nil)
	if err != nil {
		return err
	}
	if res.ExitCode == 0 {
		return nil
	}
	user := r.server.User
	if r.server.Local() {
		user = "the user of this server"
	}
	cause := fmt.Errorf("exit code %d: %s", res.ExitCode, res.Stderr)
	switch res.ExitCode {
	case exitFull:
		return r.noSpace("prepare server", cause)
	case exitForeign:
		return NewError("prepare server", FaultPermission, cause,
			"The folder %s on %s belongs to another user than %s and is not empty. Set another remote folder for this user (%s).",
			r.dir, title(r.server), user, r.advice("--remote-dir DIR"))
	}
	return NewError("prepare server", FaultPermission, cause,
		"%s may not make or write the folder %s on %s. Make it by hand (sudo install -d -o %s -m 0700 %s), allow sudo without a password, or set another remote folder.",
		user, r.dir, title(r.server), user, r.dir)
}

func (r *runner) upload(ctx context.Context, local, remote, sum string) error {
	f, err := os.Open(local)
	if err != nil {
		return fmt.Errorf("read runner: %w", err)
	}
	defer func() { _ = f.Close() }()
	tmp := remote + "." + string(core.NewID()[:8])
	res, err := r.exec(ctx, []string{"sh", "-c", uploadScript, "sh", tmp, remote, sum}, f)
	if err != nil {
		return err
	}
	switch res.ExitCode {
	case 0:
		return r.try(ctx, remote)
	case exitFull:
		return r.noSpace("prepare server", fmt.Errorf("exit code %d: %s", res.ExitCode, res.Stderr))
	case exitDamaged:
		return NewError("prepare server", FaultLost, nil, "The taffrail program arrived damaged on %s. Trying again may help.", title(r.server))
	}
	return NewError("prepare server", FaultPermission, fmt.Errorf("exit code %d", res.ExitCode),
		"The taffrail program could not be stored in %s/bin on %s: %s", r.dir, title(r.server), firstLine(res.Stderr))
}

// noSpace is the error for a disk that is full.
func (r *runner) noSpace(op string, cause error) error {
	return NewError(op, FaultFull, cause,
		"There is no space left on the disk of %s, in %s. Free some (docker system prune removes what no container uses), or set another remote folder (%s).",
		title(r.server), r.dir, r.advice("--remote-dir DIR"))
}

// advice is the command that changes a server.
func (r *runner) advice(flags string) string { return advice(r.server, flags) }

// try finds out whether the program can be started there at all.
func (r *runner) try(ctx context.Context, remote string) error {
	res, err := r.exec(ctx, []string{remote, "run"}, nil)
	if err != nil {
		return err
	}
	if !bytes.Contains(res.Stderr, []byte("usage: taffrail run")) {
		return NewError("prepare server", FaultNoRunner, fmt.Errorf("exit code %d: %s", res.ExitCode, res.Stderr),
			"The taffrail program cannot be started on %s: %s Perhaps the file system of %s does not allow programs (noexec): set another remote folder.",
			title(r.server), firstLine(res.Stderr), r.dir)
	}
	return nil
}

func firstLine(text []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	if line == "" {
		return "no reason was given."
	}
	return strings.TrimSuffix(line, ".") + "."
}

// hashes remembers the SHA-256 of local files for as long as they do not change.
type hashes struct {
	mu   sync.Mutex
	seen map[hashKey]string
}

type hashKey struct {
	path string
	size int64
	time time.Time
}

func (h *hashes) of(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	key := hashKey{file, info.Size(), info.ModTime()}
	h.mu.Lock()
	defer h.mu.Unlock()
	if sum := h.seen[key]; sum != "" {
		return sum, nil
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return "", err
	}
	sum := hex.EncodeToString(hash.Sum(nil))
	h.seen[key] = sum
	return sum, nil
}
