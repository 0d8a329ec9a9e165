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
)

// command runs a step's command and records what it writes, as it comes. final says
// that the command could not be started, which another attempt would not change.
func (e *executor) command(ctx context.Context, number int, step Step) (result StepEnd, final bool) {
	if err := e.makeTemp(ctx); err != nil {
		return StepEnd{State: StateFailed, Error: fmt.Sprintf("its folder for temporary files cannot be made: %v", err)}, true
	}
	defer func() { _ = os.RemoveAll(e.folder.temp()) }() // what is left goes with the run's folder
	cmd, err := e.prepare(ctx, step)
	if err != nil {
		return StepEnd{State: StateFailed, Error: err.Error()}, true
	}
	defer closeStdin(cmd)
	outputs, err := e.openOutputs(cmd)
	if err != nil {
		return StepEnd{State: StateFailed, Error: err.Error()}, true
	}
	err = cmd.Start()
	outputs.closeWriters()
	if err != nil {
		outputs.closeReaders()
		return StepEnd{State: StateFailed, Error: startError(step.Argv[0], err)}, true
	}
	outputs.pump(ctx, e, number)
	err = e.wait(ctx, cmd)
	outputs.drain()
	return commandEnd(cmd, err), false
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

func (o *outputs) pump(ctx context.Context, e *executor, number int) {
	for i, kind := range []FrameKind{FrameStdout, FrameStderr} {
		o.done.Add(1)
		go func() {
			defer o.done.Done()
			pump(o.readers[i], func(b []byte) { e.text(ctx, number, kind, b) })
		}()
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
