package build_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/build"
	"github.com/taffrail/taffrail/internal/run"
)

// fakeDocker has no image but what it pulls, and writes down what it is asked. The file
// "answer" is what it says when it pushes and pulls, on standard error if it fails then.
const fakeDocker = `#!/bin/sh
echo "$*" >>asked
case $1 in
push|pull)
  [ ! -e fails ] || { cat answer >&2; exit 1; }
  cat answer ;;
image) [ "$2" = tag ] ;;
esac
`

// handing carries out one step of a build server, or of the server that it builds for.
type handing struct {
	*testing.T
	dir string
}

func newHanding(t *testing.T, answer string, fails bool) handing {
	t.Helper()
	h := handing{t, t.TempDir()}
	write(t, filepath.Join(h.dir, "bin", "docker"), fakeDocker)
	write(t, filepath.Join(h.dir, "answer"), answer)
	if fails {
		write(t, filepath.Join(h.dir, "fails"), "")
	}
	return h
}

// do returns what the step says, both streams, and whether it went well.
func (h handing) do(s run.Step, stdin string) (string, bool) {
	h.Helper()
	cmd := exec.CommandContext(h.Context(), s.Argv[0], s.Argv[1:]...)
	cmd.Dir, cmd.Stdin = h.dir, strings.NewReader(stdin)
	cmd.Env = append(os.Environ(), "PATH="+filepath.Join(h.dir, "bin")+":"+os.Getenv("PATH"), "TMPDIR="+h.dir)
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}

func (h handing) asked() string {
	text, _ := os.ReadFile(filepath.Join(h.dir, "asked"))
	return string(text)
}

func stepOf(t *testing.T, steps []run.Step, name string) run.Step {
	t.Helper()
	for _, s := range steps {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("there is no step %q", name)
	return run.Step{}
}

// TestHanding: what one server pushed is told by its digest, and the other pulls that.
func TestHanding(t *testing.T) {
	t.Parallel()
	in := input(func(in *build.Input) { in.Build.ImageName, in.Build.ImageTag = "registry.test:5000/a/b", "latest" })
	out := made(t, in)
	digest := "sha256:" + strings.Repeat("0a", 32)
	h := newHanding(t, "1234: Pushed\nx: digest: "+digest+" size: 528\n", false)
	_, tag, _ := strings.Cut(out.Image, ":")
	if said, well := h.do(stepOf(t, out.Steps, "push"), ""); !well || !strings.Contains(said, "1234: Pushed") {
		t.Errorf("push: %s", said)
	}
	const name = "registry.test:5000/a/b"
	want := "image tag " + out.Image + " " + name + ":" + tag + "\npush " + name + ":" + tag + "\nimage tag " + out.Image + " " + name + ":latest\npush " + name + ":latest\n"
	if h.asked() != want {
		t.Errorf("asked\n%swant\n%s", h.asked(), want)
	}
	said, well := h.do(stepOf(t, build.Handed(), "pushed"), "")
	if !well || strings.TrimSpace(said) != digest {
		t.Errorf("pushed %q", said)
	}
	fetch, err := in.Fetch(out.Image)
	if err != nil {
		t.Fatal(err)
	}
	h = newHanding(t, "pulled\n", false)
	if said, well := h.do(fetch[0], digest); !well || !strings.HasSuffix(h.asked(), "pull "+name+"@"+digest+"\nimage tag "+name+"@"+digest+" "+out.Image+"\n") {
		t.Errorf("fetched: %s, asked %s", said, h.asked())
	}
	if said, well := h.do(fetch[0], ""); well || !strings.Contains(said, "did not say which image it pushed") {
		t.Errorf("fetched without a digest: %s", said)
	}
}

// TestRefusedByRegistry: whoever is refused learns what to do, behind what the registry
// said; any other failure is left to speak for itself.
func TestRefusedByRegistry(t *testing.T) {
	t.Parallel()
	in := input(func(in *build.Input) { in.Build.ImageName = "registry.test:5000/a/b" })
	out := made(t, in)
	fetch, err := in.Fetch(out.Image)
	if err != nil {
		t.Fatal(err)
	}
	for answer, refused := range map[string]bool{
		"denied: requested access to the resource is denied\n": true, "no basic auth credentials\n": true,
		"unauthorized: authentication required\n": true, "dial tcp 203.0.113.1:5000: i/o timeout\n": false,
	} {
		for _, s := range []run.Step{stepOf(t, out.Steps, "push"), fetch[0]} {
			said, well := newHanding(t, answer, true).do(s, "sha256:1")
			if well || !strings.HasPrefix(said, answer) || strings.Contains(said, "docker login") != refused {
				t.Errorf("%s: %s", s.Name, said)
			}
		}
	}
}
