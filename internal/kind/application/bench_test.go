package application_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/deploy"
	"github.com/taffrail/taffrail/internal/docker"
	"github.com/taffrail/taffrail/internal/host"
	"github.com/taffrail/taffrail/internal/run"
	"github.com/taffrail/taffrail/internal/testenv"
)

const (
	labHost    = 2
	labAddress = "198.18.77.12" // of that host, from this machine
	patience   = 4 * time.Minute
)

// bench is an application of the lab's git server on one of the lab's hosts.
type bench struct {
	*testing.T
	*shelf
	host host.Host
	bare string // the repository, as the git server has it
	work string
	row  int64
}

func newBench(t *testing.T) *bench {
	t.Helper()
	at := testenv.RequireSSH(t, labHost)
	key, err := os.ReadFile(at.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{T: t, shelf: newShelf(), row: 100}
	b.Server = core.Server{
		RowID: 1, UUID: core.NewID(), TeamID: 1, Name: "lab", IP: at.Host, Port: at.Port, User: "root", KeyID: 1, ProxyType: "none",
		Settings: core.ServerSettings{RemoteDir: "/tmp/taffrail-test-" + string(core.NewID()), DynamicTimeout: 600},
	}
	pool := host.NewPool(host.Options{
		Keys:   func(context.Context, int64, int64) (core.Secret, error) { return core.NewSecret(string(key)), nil },
		Pin:    func(context.Context, core.Server, string) error { return nil },
		Runner: func(context.Context, string, string) (string, error) { return os.Executable() },
	})
	if b.host, err = pool.Get(t.Context(), b.Server); err != nil {
		t.Fatal(err)
	}
	b.Application.UUID = core.NewID()
	b.Destination.Network = "test-" + string(b.Application.UUID)
	b.Application.Runtime.StopGrace = 5
	b.repository(filepath.Join(filepath.Dir(filepath.Dir(at.KeyFile)), "git"))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
		defer cancel()
		d := b.deployment(core.VerbStop, "")
		d.Options.Remove = core.Removal{Volumes: true, Images: true, Configurations: true}
		if out := b.carryOut(ctx, b.must(t, d, deploy.Observed{})); out.end.State != run.StateFinished {
			t.Errorf("clean up: %+v\n%s", out.end, out.log)
		}
		for _, argv := range [][]string{{"docker", "network", "rm", b.Destination.Network}, {"rm", "-rf", b.Server.Settings.RemoteDir}} {
			if res, err := b.host.Run(ctx, host.Command{Argv: argv}); err != nil || res.ExitCode != 0 {
				t.Errorf("clean up: %v %+v", err, res)
			}
		}
		if err := pool.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// repository makes a repository where the lab's git server finds it.
func (b *bench) repository(root string) {
	b.Helper()
	name := "test-" + string(b.Application.UUID)
	b.bare, b.work = filepath.Join(root, name+".git"), b.TempDir()
	b.Cleanup(func() {
		if err := os.RemoveAll(b.bare); err != nil {
			b.Error(err)
		}
	})
	b.git("init", "--quiet", "--bare", "--initial-branch=main", b.bare)
	b.git("clone", "--quiet", b.bare, ".")
	b.Application.Source = core.Source{Repository: "https://git.lab/git/" + name + ".git", Branch: "main", Shallow: true}
}

func (b *bench) git(args ...string) string {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), "git", args...)
	cmd.Dir = b.work
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=Ann", "GIT_AUTHOR_EMAIL=ann@example.com",
		"GIT_COMMITTER_NAME=Ann", "GIT_COMMITTER_EMAIL=ann@example.com")
	out, err := cmd.CombinedOutput()
	if err != nil {
		b.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// commit pushes files and returns the commit.
func (b *bench) commit(message string, files map[string]string) string {
	b.Helper()
	for name, text := range files {
		path := filepath.Join(b.work, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	b.git("add", "--all")
	b.git("commit", "--quiet", "--allow-empty", "--message", message)
	b.git("push", "--quiet", "origin", "HEAD:refs/heads/main")
	return b.git("rev-parse", "HEAD")
}

func (b *bench) deployment(verb core.Verb, commit string) core.Deployment {
	b.row++
	d := deployment(verb)
	d.RowID, d.UUID, d.Revision.Commit = b.row, core.NewID(), commit
	d.Resource.UUID = b.Application.UUID
	return d
}

// outcome is what became of a run.
type outcome struct {
	end   run.End
	log   string
	steps []string // that were begun
	found core.Findings
	took  time.Duration
}

func (b *bench) carryOut(ctx context.Context, plan deploy.Plan) outcome {
	b.Helper()
	began := time.Now()
	if _, err := b.host.Launch(ctx, plan.Script); err != nil {
		b.Fatal(err)
	}
	f, err := b.host.Follow(ctx, plan.Script.ID, 0)
	if err != nil {
		b.Fatal(err)
	}
	spool, err := io.ReadAll(f)
	if err := errors.Join(err, f.Close()); err != nil {
		b.Fatal(err)
	}
	out := b.decode(spool)
	out.took = time.Since(began)
	return out
}

func (b *bench) decode(spool []byte) outcome {
	b.Helper()
	out := outcome{found: core.Findings{Answers: map[string]string{}}}
	var log strings.Builder
	read := func(data []byte, v any) {
		if err := json.Unmarshal(data, v); err != nil {
			b.Fatal(err)
		}
	}
	for r := run.NewReader(bytes.NewReader(spool), 0); ; {
		f, err := r.Next()
		if err != nil {
			b.Fatalf("the run has no end: %v\n%s", err, log.String())
		}
		switch f.Kind {
		case run.FrameStdout, run.FrameStderr, run.FrameInfo, run.FrameWarning:
			log.Write(append(bytes.TrimRight(f.Data, "\n"), '\n'))
		case run.FrameStepStart:
			var s run.StepStart
			read(f.Data, &s)
			out.steps = append(out.steps, s.Name)
			log.WriteString(f.At.Format("05.000") + " == " + s.Title + "\n")
		case run.FrameFact:
			var fact run.Fact
			read(f.Data, &fact)
			if fact.Looked {
				out.found.Containers, out.found.Looked = fact.Containers, true
			}
			for name, answer := range fact.Answers {
				out.found.Answers[name] = answer
			}
		case run.FrameEnd:
			read(f.Data, &out.end)
			out.log = log.String()
			return out
		}
	}
}

// deploy carries a deployment out as the life cycle does, and records it.
func (b *bench) deploy(d core.Deployment) (outcome, core.Deployment) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), patience)
	defer cancel()
	seen, err := docker.Containers(ctx, b.host, b.project())
	if err != nil {
		b.Fatal(err)
	}
	plan := b.must(b.T, d, deploy.Observed{ComposeVersion: "2.26.1", Containers: seen})
	out := b.carryOut(ctx, plan)
	status := core.StatusFailed
	if out.end.State == run.StateFinished {
		status = core.StatusFinished
	}
	d = ended(b.T, d, status, plan)
	d.Config.Digests = map[string]string{}
	for _, c := range out.found.Containers {
		d.Config.Digests[c.Image] = c.ImageID
	}
	if err := b.kind().Record(ctx, d, out.found); err != nil {
		b.Fatal(err)
	}
	if status == core.StatusFinished && d.Verb != core.VerbStop {
		b.Kept = slices.Insert(b.Kept, 0, d)
		b.Application.Ran = *b.ran
	}
	b.Application.Status = b.status
	return out, d
}

// good deploys what has to work.
func (b *bench) good(d core.Deployment) (outcome, core.Deployment) {
	b.Helper()
	out, d := b.deploy(d)
	if out.end.State != run.StateFinished {
		b.Fatalf("%+v\n%s", out.end, out.log)
	}
	return out, d
}

func (b *bench) project() string { return string(b.Application.UUID) }

// run runs a command on the host.
func (b *bench) run(argv ...string) string {
	b.Helper()
	res, err := b.host.Run(b.Context(), host.Command{Argv: argv})
	if err != nil || res.ExitCode != 0 {
		b.Fatalf("%v: %v %d %s", argv, err, res.ExitCode, res.Stderr)
	}
	return strings.TrimSpace(string(res.Stdout))
}

// containers are the names of the application's containers, running or not.
func (b *bench) containers() []string {
	return strings.Fields(b.run("docker", "ps", "-a", "--format", "{{.Names}}", "--filter", "label=com.docker.compose.project="+b.project()))
}

// body asks the one container that runs.
func (b *bench) body() string {
	b.Helper()
	names := b.containers()
	if len(names) != 1 {
		b.Fatalf("containers: %v", names)
	}
	return b.run("docker", "exec", names[0], "wget", "-q", "-O", "-", "http://127.0.0.1:3000/")
}

// planOf makes a plan of other steps.
func planOf(s run.Script) deploy.Plan { return deploy.Plan{Script: s} }
