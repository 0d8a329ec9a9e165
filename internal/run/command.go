package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/taffrail/taffrail/internal/core"
)

// command runs a step's command and records what it writes, as it comes. final says
// that the command could not be started, which another attempt would not change.
func (e *executor) command(ctx context.Context, number int, step Step) (result StepEnd, final bool) {
	if err := e.makeTemp(ctx); err != nil {
		return StepEnd{State: StateFailed, Error: fmt.Sprintf("its folder for temporary files cannot be made: %v", err)}, true
	}
	defer func() { _ = os.RemoveAll(e.folder.temp()) }() // what is left goes with the run's folder
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	cmd, err := e.prepare(ctx, step)
	if err != nil {
		return StepEnd{State: StateFailed, Error: err.Error()}, true
	}
	defer closeStdin(cmd)
	files, err := e.openStreams(ctx, step, cmd, fail)
	if err != nil {
		return StepEnd{State: StateFailed, Error: err.Error()}, true
	}
	defer files.close()
	outputs, err := e.openOutputs(cmd)
	if err != nil {
		return StepEnd{State: StateFailed, Error: err.Error()}, true
	}
	err = cmd.Start()
	outputs.closeWriters()
	closeStdin(cmd)
	if err != nil {
		outputs.closeReaders()
		return StepEnd{State: StateFailed, Error: startError(step.Argv[0], err)}, true
	}
	files.begin(ctx, e, number)
	outputs.pump(ctx, e, number, files.out)
	result = commandEnd(cmd, e.wait(ctx, cmd))
	// Before the rest of the output is taken: the spool may wait for the space.
	files.commandEnded(result)
	outputs.drain()
	if step.Answer != "" && result.State == StepDone {
		e.write(ctx, number, FrameFact, Fact{Answers: map[string]string{step.Answer: plain(string(outputs.head))}})
	}
	return e.keep(ctx, number, step, files, result)
}

// streams are the files that a command reads and writes instead of what the script and
// the log are.
type streams struct {
	in   *source // nil: none
	out  *sink   // nil: none
	fed  error
	stop func() // ends what tells how far it is
}

// openStreams opens the files of a step. fail ends the command when one of them is at
// fault.
func (e *executor) openStreams(ctx context.Context, step Step, cmd *exec.Cmd, fail context.CancelCauseFunc) (*streams, error) {
	f := &streams{stop: func() {}}
	var err error
	if step.Input != nil {
		if f.in, err = e.openSource(ctx, *step.Input, cmd, fail); err != nil {
			return nil, err
		}
	}
	if step.Output == nil {
		return f, nil
	}
	if f.out, err = e.openSink("its output", step.Output.Path, step.Output.Gzip, fail); err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

// begin is for when the command has started.
func (f *streams) begin(ctx context.Context, e *executor, number int) {
	if f.in != nil {
		f.in.feed()
	}
	if f.out != nil {
		f.stop = e.tell(ctx, number, "Written so far: ", f.out.written)
	}
}

// commandEnded is for when it has ended. What it wrote is of use only when that was well.
func (f *streams) commandEnded(result StepEnd) {
	if f.in != nil {
		f.fed = f.in.stop()
	}
	if f.out != nil && (result.State != StepDone || f.fed != nil) {
		f.out.abandon()
	}
}

func (f *streams) close() {
	if f.in != nil {
		f.in.closeAll()
	}
	if f.out != nil {
		f.out.abandon()
	}
}

// keep puts the output into its place when all went well. A fault of the files counts
// for more than the end of a command that had to be ended for it.
func (e *executor) keep(ctx context.Context, number int, step Step, f *streams, result StepEnd) (_ StepEnd, final bool) {
	f.stop()
	fault := f.fed
	var wrong *dataError
	if errors.As(context.Cause(ctx), &wrong) {
		fault = wrong
	}
	if fault == nil && f.out != nil && result.State == StepDone {
		var artifact *core.Artifact
		if artifact, fault = f.out.keep(step.Output.Name); fault == nil {
			e.write(ctx, number, FrameFact, Fact{Artifact: artifact})
			e.info(ctx, number, fmt.Sprintf("Stored %s in %s", bytesText(artifact.Size), artifact.Path))
		}
	}
	if fault != nil {
		return StepEnd{State: StateFailed, Error: fault.Error()}, true
	}
	return result, false
}

// makeTemp gives a command a folder of its own for what it would leave in /tmp: Compose
// forgets files there that hold secrets. It waits for space as a writer does.
func (e *executor) makeTemp(ctx context.Context) error {
	for {
		err := os.Mkdir(e.folder.temp(), 0o700)
		if err == nil || errors.Is(err, os.ErrExist) {
			return nil
		}
		if !waitsForSpace(err) {
			return err
		}
		if err := pause(ctx, spaceRetry); err != nil {
			return err
		}
	}
}

func (e *executor) prepare(ctx context.Context, step Step) (*exec.Cmd, error) {
	// Its end is seen to by wait, gently first.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), step.Argv[0], step.Argv[1:]...)
	cmd.Dir = e.script.Dir
	cmd.Env = append(os.Environ(), cookieName+"="+e.folder.id(), "TMPDIR="+e.folder.temp())
	for name, value := range step.Env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if step.Stdin == "" {
		return cmd, nil
	}
	stdin, err := memory(step.Stdin)
	if err != nil {
		return nil, fmt.Errorf("its standard input cannot be made: %w", err)
	}
	cmd.Stdin = stdin
	return cmd, nil
}

// memory gives text as a file that is on no disk, since it may be secret. As opposed
// to a pipe it needs nobody to feed it, so that a command which does not read its
// input holds nothing up.
func memory(text string) (*os.File, error) {
	fd, err := unix.MemfdCreate("stdin", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), "stdin")
	if _, err := f.WriteString(text); err != nil {
		_ = f.Close()
		return nil, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

func closeStdin(cmd *exec.Cmd) {
	if f, ok := cmd.Stdin.(*os.File); ok {
		_ = f.Close()
	}
}

func startError(name string, err error) string {
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, os.ErrNotExist) && strings.Contains(name, "/") {
		return fmt.Sprintf("the program %q is not on this server", name)
	}
	return fmt.Sprintf("%s cannot be started: %v", name, err)
}

// commandEnd keeps an exit code, a signal and everything else apart.
func commandEnd(cmd *exec.Cmd, err error) StepEnd {
	if cmd.ProcessState == nil {
		return StepEnd{State: StateFailed, Error: fmt.Sprintf("its end is not known: %v", err)}
	}
	code := cmd.ProcessState.ExitCode()
	if code < 0 {
		status, _ := cmd.ProcessState.Sys().(syscall.WaitStatus)
		return StepEnd{State: StateFailed, Signal: unix.SignalName(status.Signal())}
	}
	if code > 0 {
		return StepEnd{State: StateFailed, ExitCode: &code}
	}
	return StepEnd{State: StepDone, ExitCode: &code}
}

// wait returns when the command has ended. When ctx ends before, the command and all
// that belongs to the run are asked to end, and are made to after a while.
func (e *executor) wait(ctx context.Context, cmd *exec.Cmd) error {
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	e.signalAll(cmd.Process.Pid, unix.SIGTERM)
	kill := time.NewTimer(killGrace)
	defer kill.Stop()
	for {
		select {
		case err := <-ended:
			e.signalAll(0, unix.SIGKILL)
			return err
		case <-kill.C:
			e.signalAll(cmd.Process.Pid, unix.SIGKILL)
			kill.Reset(killGrace)
		}
	}
}

// signalAll reaches the process group and whatever carries the run's cookie, also in
// other groups and sessions.
func (e *executor) signalAll(group int, sig unix.Signal) {
	if group > 0 {
		_ = unix.Kill(-group, sig)
	}
	id := e.folder.id()
	for _, p := range processes(func(s stat) bool { return hasCookie(s.pid, id) }) {
		p.signal(sig)
	}
}

// outputs are the two pipes that a command writes into.
type outputs struct {
	readers [2]*os.File
	writers [2]*os.File
	done    sync.WaitGroup
	head    []byte // of standard output; complete after drain
}

func (e *executor) openOutputs(cmd *exec.Cmd) (*outputs, error) {
	o := &outputs{}
	for i := range o.readers {
		var err error
		if o.readers[i], o.writers[i], err = os.Pipe(); err != nil {
			o.closeReaders()
			o.closeWriters()
			return nil, fmt.Errorf("its output cannot be read: %w", err)
		}
	}
	cmd.Stdout, cmd.Stderr = o.writers[0], o.writers[1]
	return o, nil
}

func (o *outputs) closeReaders() {
	for _, f := range o.readers {
		_ = f.Close() // nil: an error, no panic
	}
}

func (o *outputs) closeWriters() {
	for _, f := range o.writers {
		_ = f.Close()
	}
}

// pump takes what comes to the spool, standard output to a file if there is one for it.
func (o *outputs) pump(ctx context.Context, e *executor, number int, file *sink) {
	for i, kind := range []FrameKind{FrameStdout, FrameStderr} {
		put := func(b []byte) { e.text(ctx, number, kind, b) }
		switch {
		case kind == FrameStdout && file != nil:
			put = func(b []byte) { _, _ = file.Write(b) } // which tells of its faults itself
		case kind == FrameStdout:
			put = func(b []byte) {
				o.head = append(o.head, b[:min(len(b), answerLimit-len(o.head))]...)
				e.text(ctx, number, kind, b)
			}
		}
		o.done.Go(func() { pump(o.readers[i], put) })
	}
}

// drain takes what is still to come after the command has ended. A process that it left
// behind may keep the pipes open for ever: that one is not waited for.
func (o *outputs) drain() {
	for _, f := range o.readers {
		_ = f.SetReadDeadline(time.Now().Add(drainGrace))
	}
	o.done.Wait()
	o.closeReaders()
}

// pump hands on what comes from a pipe, up to its end or its deadline.
func pump(f *os.File, put func([]byte)) {
	buf := make([]byte, MaxPayload)
	for {
		n, err := f.Read(buf)
		if n > 0 {
			put(buf[:n])
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			takeRest(f, buf, put)
			return
		}
		if err != nil {
			return
		}
	}
}

// takeRest hands on what is in a pipe now, without waiting. The deadline may be over
// only because the disk was full meanwhile, and the command's own last words still be
// there; they are not more than what a pipe can hold.
func takeRest(f *os.File, buf []byte, put func([]byte)) {
	if f.SetReadDeadline(time.Time{}) != nil {
		return
	}
	conn, err := f.SyscallConn()
	if err != nil {
		return
	}
	left := 1 << 20 // the kernel's upper limit for pipes
	_ = conn.Control(func(fd uintptr) {
		if size, err := unix.FcntlInt(fd, unix.F_GETPIPE_SZ, 0); err == nil {
			left = size
		}
	})
	for n := 1; n > 0 && left > 0; left -= n {
		err := conn.Read(func(fd uintptr) bool {
			n, err = unix.Read(int(fd), buf)
			return true // whatever came: this asks once
		})
		if err != nil || n <= 0 {
			return
		}
		put(buf[:n])
	}
}
