package build_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/build"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/run"
	"github.com/taffrail/taffrail/internal/testenv"
)

// TestMain lets this program also be what carries out runs.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "run" {
		os.Exit(run.Main(context.Background(), os.Args[2:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// carryOut does what a server does with steps, and returns how it ended and what was said.
func carryOut(tb testing.TB, remote, dir string, steps []run.Step) (run.End, string) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), 3*time.Minute)
	defer cancel()
	self, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	id, root := core.NewID(), filepath.Join(remote, "runs")
	if _, err := run.Launch(ctx, root, run.Script{ID: id, Dir: dir, Steps: steps}, self); err != nil {
		tb.Fatal(err)
	}
	var spool, log bytes.Buffer
	if err := run.Follow(ctx, filepath.Join(root, string(id)), 0, &spool, nil); err != nil {
		tb.Fatal(err)
	}
	for r := run.NewReader(&spool, 0); ; {
		f, err := r.Next()
		if err != nil {
			tb.Fatalf("the run has no end: %v\n%s", err, log.String())
		}
		switch f.Kind {
		case run.FrameStdout, run.FrameStderr, run.FrameInfo, run.FrameWarning:
			log.Write(append(bytes.TrimRight(f.Data, "\n"), '\n'))
		case run.FrameEnd:
			end, err := f.End()
			if err != nil {
				tb.Fatal(err)
			}
			return *end, log.String()
		}
	}
}

// TestInject gives each stage its arguments and touches nothing else.
func TestInject(t *testing.T) {
	t.Parallel()
	const dockerfile = `# FROM comment
ARG BASE=alpine
FROM $BASE AS a
RUN echo 1 \
  && echo 2
FROM \
  # a comment within

  a AS b
COPY <<-"EOF" /x
	FROM text
	EOF
RUN psql \
  FROM table
RUN cat <<END >/y
from text
END
from scratch
COPY --from=a /x /x`
	const want = `# FROM comment
ARG BASE=alpine
FROM $BASE AS a
ARG A
ARG B_2
RUN echo 1 \
  && echo 2
FROM \
  # a comment within

  a AS b
ARG A
ARG B_2
COPY <<-"EOF" /x
	FROM text
	EOF
RUN psql \
  FROM table
RUN cat <<END >/y
from text
END
from scratch
ARG A
ARG B_2
COPY --from=a /x /x
`
	dir := t.TempDir()
	for name, text := range map[string]string{"build/source/Dockerfile": dockerfile, "crlf": strings.ReplaceAll(dockerfile, "\n", "\r\n")} {
		write(t, filepath.Join(dir, "build/source/Dockerfile"), text)
		out := made(t, input(func(in *build.Input) { in.Vars = map[string]string{"B_2": "x", "A": "y"} }))
		for _, s := range out.Steps {
			if s.Name != "arguments" {
				continue
			}
			cmd := exec.CommandContext(t.Context(), s.Argv[0], s.Argv[1:]...)
			cmd.Dir = dir
			if text, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, text)
			}
		}
		got, err := os.ReadFile(filepath.Join(dir, "build/Dockerfile"))
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("%s:\n%s", name, got)
		}
	}
}

func write(tb testing.TB, path, text string) {
	tb.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		tb.Fatal(err)
	}
}

// TestBuilders runs stand-ins for the programs that look at a source themselves: they get
// the variables, by name in their arguments and by value in their environment, but none
// that means something to programs here; and what they make is built.
func TestBuilders(t *testing.T) {
	if os.Getenv("TAFFRAIL_LAB") == "" {
		testenv.Missing(t, "the lab")
	}
	bin := t.TempDir()
	const note = `echo "$(basename $0) $*" >>"$0.asked"; echo "$SECRET|$DOCKER_HOST|$RAILPACK_START_CMD" >>"$0.env"` + "\n"
	write(t, filepath.Join(bin, "nixpacks"), "#!/bin/sh\n"+note+`mkdir -p build/plan/.nixpacks
cp -R build/source/. build/plan/
printf 'FROM alpine:3\nARG SECRET\nCOPY . /app\nRUN echo "$SECRET" >/app/told\n' >build/plan/.nixpacks/Dockerfile`)
	write(t, filepath.Join(bin, "pack"), "#!/bin/sh\n"+note+`printf 'FROM alpine:3\nCOPY . /app\n' | docker build -q -t "$2" -f - build/source`)
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	for _, c := range []struct {
		pack    core.BuildPack
		program string
		argv    string
		env     string
	}{
		{core.PackNixpacks, "nixpacks", "nixpacks build build/source --out build/plan --name IMAGE --env SECRET --build-cmd make it --start-cmd run it", "s3cret||"},
		{core.PackBuildpacks, "pack", "pack build IMAGE --path build/source --builder paketobuildpacks/builder-jammy-base --no-color --pull-policy if-not-present --env SECRET", "s3cret||"},
	} {
		remote := t.TempDir()
		dir := filepath.Join(remote, "applications", "a")
		out := made(t, input(func(in *build.Input) {
			in.Repository, in.Dir, in.Build.Pack, in.Build.BuildCommand, in.Start = "test-"+string(core.NewID()), dir, c.pack, "make it", "run it"
			in.Vars = map[string]string{"SECRET": "s3cret", "DOCKER_HOST": "tcp://192.0.2.1:1"}
			in.Checkout = []run.Step{{Name: "checkout", Files: []run.File{{Path: "build/source/file", Mode: 0o644, Content: "content"}}}}
		}))
		t.Cleanup(func() {
			_ = exec.CommandContext(context.WithoutCancel(t.Context()), "docker", "image", "rm", "--force", out.Image).Run()
		})
		for _, again := range []bool{false, true} {
			end, log := carryOut(t, remote, dir, out.Steps)
			if end.State != run.StateFinished || strings.Contains(log, "Not needed: checkout, ") != again {
				t.Fatalf("%s: %+v\n%s", c.pack, end, log)
			}
		}
		asked, _ := os.ReadFile(filepath.Join(bin, c.program+".asked"))
		env, _ := os.ReadFile(filepath.Join(bin, c.program+".env"))
		if want := strings.ReplaceAll(c.argv, "IMAGE", out.Image) + "\n"; string(asked) != want || string(env) != c.env+"\n" {
			t.Errorf("%s was asked %q with %q, want %q", c.program, asked, env, want)
		}
		if text, err := exec.CommandContext(t.Context(), "docker", "run", "--rm", out.Image, "cat", "/app/file").CombinedOutput(); err != nil || string(text) != "content" {
			t.Errorf("%s: %v %s", c.pack, err, text)
		}
		if len(out.Notes) != 1 || !strings.Contains(out.Notes[0], "DOCKER_HOST is not given") {
			t.Errorf("%s: %q", c.pack, out.Notes)
		}
		if _, err := os.Stat(filepath.Join(dir, "build")); err == nil {
			t.Errorf("%s left its folder behind", c.pack)
		}
	}
}
