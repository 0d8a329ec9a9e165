package host

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/run"
)

// maxOutput is how much of each stream of a short command is kept.
const maxOutput = 1 << 20

// local is the machine that the controller runs on. Runs are started by a copy of our
// program, as on any other machine, so that an upgrade does not disturb them; whatever
// else concerns runs is done in this process.
type local struct {
	runner *runner
}

func newLocal(s core.Server, o Options, h *hashes) *local {
	l := &local{}
	l.runner = newRunner(s, l.exec, o, h)
	return l
}

// Run implements Host.
func (l *local) Run(ctx context.Context, c Command) (Result, error) {
	if len(c.Env) == 0 {
		return l.exec(ctx, c.Argv, c.Stdin)
	}
	return runWithEnv(ctx, l.runner, c)
}

// runWithEnv runs a command through our program, since values must not be seen in
// a list of processes.
func runWithEnv(ctx context.Context, r *runner, c Command) (Result, error) {
	bin, err := r.ensure(ctx)
	if err != nil {
		return Result{}, err
	}
	head, err := json.Marshal(run.Command{Argv: c.Argv, Env: c.Env})
	if err != nil {
		return Result{}, err
	}
	stdin := io.Reader(bytes.NewReader(append(head, '\n')))
	if c.Stdin != nil {
		stdin = io.MultiReader(stdin, c.Stdin)
	}
	return r.exec(ctx, []string{bin, "run", "command"}, stdin)
}

func (l *local) exec(ctx context.Context, argv []string, stdin io.Reader) (Result, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir, cmd.Stdin, cmd.Env = "/", stdin, run.Environ()
	cmd.WaitDelay = time.Second
	var stdout, stderr head
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	res := Result{Stdout: stdout.data, Stderr: stderr.data}
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return res, ctx.Err()
	case errors.As(err, &exit):
		res.ExitCode = exitCode(exit)
	case errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist):
		res.ExitCode, res.Stderr = run.ExitNotFound, []byte(argv[0]+": not found\n")
	case err != nil && cmd.ProcessState == nil:
		res.ExitCode, res.Stderr = exitCannotStart, []byte(err.Error()+"\n")
	}
	return res, nil
}

// exitCode is that of a shell: 128 and the number for a signal.
func exitCode(e *exec.ExitError) int {
	if code := e.ExitCode(); code >= 0 {
		return code
	}
	return 128
}

func (l *local) dir(id core.ID) (string, error) {
	if !id.Valid() {
		return "", fmt.Errorf("%q is no id of a run", id)
	}
	return filepath.Join(l.runner.root(), string(id)), nil
}

// Launch implements Host.
func (l *local) Launch(ctx context.Context, s run.Script) (run.Status, error) {
	return askRunner(ctx, l.runner, "launch", s.ID, s)
}

// Status implements Host.
func (l *local) Status(_ context.Context, id core.ID) (run.Status, error) {
	dir, err := l.dir(id)
	if err != nil {
		return run.Status{}, err
	}
	return run.Inspect(dir)
}

// Kill implements Host.
func (l *local) Kill(ctx context.Context, id core.ID) error {
	dir, err := l.dir(id)
	if err != nil {
		return err
	}
	return run.Kill(ctx, dir)
}

// Remove implements Host.
func (l *local) Remove(ctx context.Context, id core.ID) error {
	dir, err := l.dir(id)
	if err != nil {
		return err
	}
	return run.Remove(ctx, dir)
}

// Follow implements Host.
func (l *local) Follow(ctx context.Context, id core.ID, from int64) (Follower, error) {
	dir, err := l.dir(id)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	data, dataEnd := io.Pipe()
	ackEnd, acks := io.Pipe()
	f := &localFollower{PipeReader: data, cancelFunc: cancel, acks: newAcker(acks), done: make(chan struct{})}
	go func() {
		defer close(f.done)
		err := run.Follow(ctx, dir, from, dataEnd, ackEnd)
		_ = ackEnd.Close()
		_ = dataEnd.CloseWithError(err) // nil: io.EOF
	}()
	return f, nil
}

type localFollower struct {
	*io.PipeReader
	cancelFunc context.CancelFunc
	acks       *acker
	done       chan struct{}
}

// Ack implements Follower.
func (f *localFollower) Ack(offset int64) { f.acks.ack(offset) }

// Close implements Follower.
func (f *localFollower) Close() error {
	f.cancelFunc()
	_ = f.PipeReader.Close()
	f.acks.close()
	<-f.done
	return nil
}

// head keeps the first bytes written to it.
type head struct{ data []byte }

func (h *head) Write(p []byte) (int, error) {
	h.data = append(h.data, p[:min(len(p), maxOutput-len(h.data))]...)
	return len(p), nil
}

// askRunner calls our program on a machine about a run and reads its answer.
func askRunner(ctx context.Context, r *runner, verb string, id core.ID, input any) (run.Status, error) {
	var status run.Status
	if !id.Valid() {
		return status, fmt.Errorf("%q is no id of a run", id)
	}
	data, err := json.Marshal(input)
	if err != nil {
		return status, err
	}
	bin, err := r.ensure(ctx)
	if err != nil {
		return status, err
	}
	argv := []string{bin, "run", verb, "--root", r.root(), "--id", string(id)}
	res, err := r.exec(ctx, argv, bytes.NewReader(data))
	if err == nil && gone(res.ExitCode) {
		// Somebody took our program away. It was not started, so it may be once more.
		r.forget()
		if argv[0], err = r.ensure(ctx); err == nil {
			res, err = r.exec(ctx, argv, bytes.NewReader(data))
		}
	}
	if err != nil {
		return status, err
	}
	if res.ExitCode != 0 {
		return status, r.failed(verb, res)
	}
	if len(res.Stdout) == 0 {
		return status, nil
	}
	if err := json.Unmarshal(res.Stdout, &status); err != nil {
		return status, fmt.Errorf("%s run on %s: read answer: %w", verb, title(r.server), err)
	}
	return status, nil
}

// exitCannotStart is a shell's code for a program that is there but cannot be started.
const exitCannotStart = 126

// gone says whether a shell's exit code means that a program was not started.
func gone(code int) bool { return code == run.ExitNotFound || code == exitCannotStart }

func (r *runner) failed(verb string, res Result) error {
	if res.ExitCode == run.ExitFull {
		return r.noSpace(verb+" run", fmt.Errorf("exit code %d: %s", res.ExitCode, res.Stderr))
	}
	return &core.Error{
		Op: verb + " run", Code: core.CodeUnavailable,
		Msg: fmt.Sprintf("The run on %s: %s", title(r.server), firstLine(res.Stderr)),
		Err: fmt.Errorf("exit code %d: %s", res.ExitCode, res.Stderr),
	}
}
