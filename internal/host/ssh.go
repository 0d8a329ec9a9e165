package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"golang.org/x/crypto/ssh"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/run"
)

// remote is a machine that is reached over SSH.
type remote struct {
	link   *link
	runner *runner
}

func newSSH(s core.Server, l *link, o Options, h *hashes) *remote {
	r := &remote{link: l}
	r.runner = newRunner(s, r.exec, o, h)
	return r
}

// Run implements Host.
func (r *remote) Run(ctx context.Context, c Command) (Result, error) {
	if len(c.Env) == 0 {
		return r.exec(ctx, c.Argv, c.Stdin)
	}
	return runWithEnv(ctx, r.runner, c)
}

// exec runs an argv. When ctx ends, the session is closed and the process on the
// machine is told to end. Not every sshd does that: then the process goes on for as long
// as it likes, and so long its place on the connection is taken.
func (r *remote) exec(ctx context.Context, argv []string, stdin io.Reader) (Result, error) {
	line, err := quote(argv)
	if err != nil {
		return Result{}, err
	}
	session, release, err := r.link.session(ctx, false)
	if err != nil {
		return Result{}, err
	}
	var stdout, stderr head
	session.Stdout, session.Stderr = &stdout, &stderr
	ended := make(chan error, 1)
	go func() {
		defer release()
		err := startWithInput(session, line, stdin)
		if err == nil {
			err = session.Wait()
		}
		_ = session.Close()
		ended <- err
	}()
	select {
	case err = <-ended:
	case <-ctx.Done():
		_ = session.Signal(ssh.SIGTERM)
		_ = session.Close()
		return Result{}, ctx.Err()
	}
	res := Result{Stdout: stdout.data, Stderr: stderr.data}
	var exit *ssh.ExitError
	if errors.As(err, &exit) {
		res.ExitCode = exit.ExitStatus() // 128 and more for a signal
		return res, nil
	}
	if err != nil {
		return res, r.ended(ctx, err)
	}
	return res, nil
}

// startWithInput feeds a command without the session waiting for that: a command that
// does not read its input has done nothing wrong.
func startWithInput(session *ssh.Session, line string, stdin io.Reader) error {
	if stdin == nil {
		return session.Start(line)
	}
	pipe, err := session.StdinPipe()
	if err != nil {
		return err
	}
	if err := session.Start(line); err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(pipe, stdin)
		_ = pipe.Close()
	}()
	return nil
}

func (r *remote) ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return r.link.lost(err)
}

// Launch implements Host.
func (r *remote) Launch(ctx context.Context, s run.Script) (run.Status, error) {
	return askRunner(ctx, r.runner, "launch", s.ID, s)
}

// Status implements Host.
func (r *remote) Status(ctx context.Context, id core.ID) (run.Status, error) {
	return askRunner(ctx, r.runner, "status", id, nil)
}

// Kill implements Host.
func (r *remote) Kill(ctx context.Context, id core.ID) error {
	_, err := askRunner(ctx, r.runner, "kill", id, nil)
	return err
}

// Remove implements Host.
func (r *remote) Remove(ctx context.Context, id core.ID) error {
	_, err := askRunner(ctx, r.runner, "remove", id, nil)
	return err
}

// Follow implements Host. The stream ends with ctx.
func (r *remote) Follow(ctx context.Context, id core.ID, from int64) (Follower, error) {
	if !id.Valid() {
		return nil, fmt.Errorf("%q is no id of a run", id)
	}
	bin, err := r.runner.ensure(ctx)
	if err != nil {
		return nil, err
	}
	line, err := quote([]string{bin, "run", "follow", "--root", r.runner.root(), "--id", string(id), "--from", fmt.Sprint(from)})
	if err != nil {
		return nil, err
	}
	session, release, err := r.link.session(ctx, true)
	if err != nil {
		return nil, err
	}
	f := &remoteFollower{host: r, session: session}
	f.closeFunc = sync.OnceFunc(func() {
		_ = session.Close()
		if f.acks != nil {
			f.acks.close()
		}
		release()
	})
	if err := f.start(line); err != nil {
		f.closeFunc()
		return nil, r.ended(ctx, err)
	}
	f.ctxErr = ctx.Err
	f.stopFunc = context.AfterFunc(ctx, func() { _ = session.Close() })
	return f, nil
}

// remoteFollower reads the output of "run follow".
type remoteFollower struct {
	host      *remote
	session   *ssh.Session
	stdout    io.Reader
	stderr    head
	acks      *acker
	ctxErr    func() error
	stopFunc  func() bool
	closeFunc func()
	end       error
}

func (f *remoteFollower) start(line string) error {
	stdin, err := f.session.StdinPipe()
	if err != nil {
		return err
	}
	if f.stdout, err = f.session.StdoutPipe(); err != nil {
		return err
	}
	f.session.Stderr = &f.stderr
	if err := f.session.Start(line); err != nil {
		return err
	}
	f.acks = newAcker(stdin)
	return nil
}

// Read implements io.Reader.
func (f *remoteFollower) Read(b []byte) (int, error) {
	if f.end != nil {
		return 0, f.end
	}
	n, err := f.stdout.Read(b)
	if err != nil {
		f.end = f.outcome(f.session.Wait())
	}
	if n > 0 {
		return n, nil
	}
	return n, f.end
}

// outcome turns the end of the session into the end of the stream.
func (f *remoteFollower) outcome(err error) error {
	var exit *ssh.ExitError
	switch {
	case err == nil:
		return io.EOF
	case f.ctxErr() != nil:
		return f.ctxErr()
	case !errors.As(err, &exit):
		return f.host.link.lost(err)
	case exit.ExitStatus() == run.ExitDead:
		return ErrRunDead
	case exit.ExitStatus() == run.ExitMissing:
		return ErrRunMissing
	case gone(exit.ExitStatus()):
		f.host.runner.forget()
	}
	return f.host.link.lost(fmt.Errorf("exit code %d: %s", exit.ExitStatus(), firstLine(f.stderr.data)))
}

// Ack implements Follower.
func (f *remoteFollower) Ack(offset int64) { f.acks.ack(offset) }

// Close implements Follower.
func (f *remoteFollower) Close() error {
	f.stopFunc()
	f.closeFunc()
	return nil
}
