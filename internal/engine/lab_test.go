package engine_test

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/certs"
	"github.com/taffrail/taffrail/internal/compose"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/engine"
)

// startLimit is how long a database may take to its first answer on a busy machine.
const startLimit = 3 * time.Minute

// lab is a database that runs on this machine's Docker.
type lab struct {
	spec    *engine.Spec
	db      core.Database
	in      engine.Input
	out     engine.Output
	project []string // words of Compose
}

// needLab skips a test that needs a real Docker with images of the lab.
func needLab(t *testing.T, images ...string) {
	t.Helper()
	missing := ""
	if os.Getenv("TAFFRAIL_LAB") == "" {
		missing = "TAFFRAIL_LAB is not set"
	}
	for _, image := range images {
		if _, err := try(t, nil, "image", "inspect", image); missing != "" || err == nil {
			continue
		}
		if out, err := try(t, nil, "pull", "--quiet", image); err != nil {
			missing = image + " is not there: " + strings.TrimSpace(out)
		}
	}
	if missing == "" {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s: the lab must be up in CI, with all images", missing)
	}
	t.Skipf("%s: run lab/up.sh all and load its environment", missing)
}

// labImage is where the lab has an image that this machine's Docker cannot pull by its name.
func labImage(image string) string { return strings.TrimPrefix(image, "docker.dragonflydb.io/") }

// start renders a database and starts it. change may do so to it first.
func start(t *testing.T, s *engine.Spec, change func(*engine.Input)) *lab {
	t.Helper()
	db := sample(s)
	db.UUID, db.Image = core.NewID(), labImage(s.Image)
	l := &lab{spec: s, in: input(db)}
	change(&l.in)
	l.in.Network, l.in.Dir = "lab-"+string(db.UUID), filepath.Join(t.TempDir(), string(db.UUID))
	if l.in.Database.Settings.EnableSSL {
		l.in.CA, l.in.Leaf = certificates(t, db.UUID)
	}
	l.db = l.in.Database
	l.out = rendered(t, s, l.in)
	l.put(t, l.out, l.in.Dir)
	text, err := compose.Render(l.out.Compose)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(l.in.Dir, "docker-compose.yml"), text, 0o600)
	l.project = []string{"compose", "--project-name", string(db.UUID), "-f", filepath.Join(l.in.Dir, "docker-compose.yml")}
	docker(t, "network", "create", l.in.Network)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
		defer cancel()
		if b, err := exec.CommandContext(ctx, "docker", append(l.project, "down", "-v", "-t", "5")...).CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, b)
		}
		_ = exec.CommandContext(ctx, "docker", "network", "rm", l.in.Network).Run()
	})
	docker(t, append(l.project, "up", "--detach")...)
	l.wait(t)
	return l
}

func certificates(t *testing.T, id core.ID) (ca, leaf core.Certificate) {
	t.Helper()
	ca, err := certs.NewAuthority("lab", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	leaf, err = certs.NewLeaf(ca, []string{string(id)}, []net.IP{net.IPv4(127, 0, 0, 1)}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return ca, leaf
}

// put writes the files of an output, and gives them to who must own them.
func (l *lab) put(t *testing.T, out engine.Output, dir string) {
	t.Helper()
	for _, f := range out.Files {
		at := filepath.Join(dir, f.Path)
		if f.IsDir {
			if err := os.MkdirAll(at, os.FileMode(f.Mode)); err != nil {
				t.Fatal(err)
			}
			continue
		}
		write(t, at, f.Content, os.FileMode(f.Mode))
	}
	for _, own := range out.Owned {
		for _, path := range own.Paths {
			docker(t, "run", "--rm", "--network", "none", "--user", "0", "--entrypoint", "chown", "-v", dir+":/x", l.in.Database.Image, own.User, "/x/"+path)
		}
	}
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// docker runs a command that must succeed.
func docker(t *testing.T, args ...string) string {
	t.Helper()
	out, err := try(t, nil, args...)
	if err != nil {
		t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func try(t *testing.T, stdin []byte, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "docker", args...)
	cmd.Stdin = bytes.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// wait does what the readiness gate does.
func (l *lab) wait(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startLimit)
	defer cancel()
	again := time.NewTicker(300 * time.Millisecond)
	defer again.Stop()
	for {
		answer, err := l.exec(t, l.out.Ready...)
		if err == nil {
			if l.spec.Version(answer) == "" {
				t.Fatalf("no version in %q", answer)
			}
			return
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			logs, _ := try(t, nil, "logs", "--tail", "40", string(l.db.UUID))
			t.Fatalf("%s does not answer: %s\n%s", l.spec.Name, answer, logs)
		}
	}
}

func (l *lab) exec(t *testing.T, words ...string) (string, error) {
	t.Helper()
	return try(t, nil, append([]string{"exec", string(l.db.UUID)}, words...)...)
}

// must runs a command in the container that must succeed.
func (l *lab) must(t *testing.T, words ...string) string {
	t.Helper()
	out, err := l.exec(t, words...)
	if err != nil {
		t.Fatalf("%q: %v\n%s", words, err, out)
	}
	return out
}

// from runs a client in a container of its own, with the files of another rendering.
func (l *lab) from(t *testing.T, change func(*engine.Input), words ...string) (string, error) {
	t.Helper()
	in := l.in
	in.Database.Fields = map[string]core.Secret{}
	for name, value := range l.db.Fields {
		in.Database.Fields[name] = value
	}
	change(&in)
	dir := t.TempDir()
	l.put(t, rendered(t, l.spec, in), dir)
	args := []string{"run", "--rm", "--network", l.in.Network, "-v", dir + "/run:/run/taffrail:ro", "--entrypoint", words[0], l.db.Image}
	return try(t, nil, append(args, words[1:]...)...)
}

// dump writes a database out as bytes, as a run does.
func (l *lab) dump(t *testing.T, d engine.Dump) []byte {
	t.Helper()
	var out, fault bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "docker", append([]string{"exec", string(l.db.UUID)}, d.Write...)...)
	cmd.Stdout, cmd.Stderr = &out, &fault
	if err := cmd.Run(); err != nil {
		t.Fatalf("dump: %v\n%s", err, fault.String())
	}
	return out.Bytes()
}

func (l *lab) read(t *testing.T, d engine.Dump, data []byte) (string, error) {
	t.Helper()
	return try(t, data, append([]string{"exec", "-i", string(l.db.UUID)}, d.Read...)...)
}
