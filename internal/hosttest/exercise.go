// Package hosttest holds the conformance suite that every host.Host must pass, this
// machine and those behind SSH alike.
package hosttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/host"
	"github.com/taffrail/taffrail/internal/run"
)

// patience is how long the suite waits for a real process.
const patience = 30 * time.Second

// Exercise tries everything that a host promises. dir is the host's remote folder; it
// must be empty or absent, and is left with nothing but our program in it.
func Exercise(t *testing.T, h host.Host, dir string) {
	t.Helper()
	e := exercise{h, dir}
	Essentials(t, h, dir)
	e.all(t, map[string]func(*testing.T){
		"words arrive as they are":          e.words,
		"variables stay out of sight":       e.variables,
		"long output is cut":                e.longOutput,
		"commands end with their context":   e.cancelled,
		"a run is launched once":            e.once,
		"a run can be followed from within": e.within,
		"a run outlives its followers":      e.outlive,
		"what is missing is said to be":     e.missing,
		"many at once":                      e.many,
	})
}

// Essentials tries what differs most from machine to machine: that a command, its end
// and a run get through at all. It is for a host that is one more of a sort that is
// exercised already. dir is as for Exercise, and both may be used together.
func Essentials(t *testing.T, h host.Host, dir string) {
	t.Helper()
	e := exercise{h, dir}
	e.all(t, map[string]func(*testing.T){
		"commands end with their code": e.commands,
		"a run from launch to removal": e.life,
		"a run can be killed":          e.kill,
	})
}

// all runs tests at the same time, and returns before they have ended.
func (e exercise) all(t *testing.T, tests map[string]func(*testing.T)) {
	t.Helper()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t)
		})
	}
}

type exercise struct {
	host host.Host
	dir  string
}

func (e exercise) run(t *testing.T, c host.Command) host.Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	res, err := e.host.Run(ctx, c)
	if err != nil {
		t.Fatalf("%q: %v", c.Argv, err)
	}
	return res
}

func (e exercise) commands(t *testing.T) {
	for script, want := range map[string]host.Result{
		"exit 0":                      {},
		"exit 42":                     {ExitCode: 42},
		"echo out; echo err >&2":      {Stdout: []byte("out\n"), Stderr: []byte("err\n")},
		`printf '\000\377\n'; exit 1`: {Stdout: []byte("\x00\xff\n"), ExitCode: 1},
		"cat":                         {},
	} {
		res := e.run(t, host.Command{Argv: []string{"sh", "-c", script}})
		if !bytes.Equal(res.Stdout, want.Stdout) || !bytes.Equal(res.Stderr, want.Stderr) || res.ExitCode != want.ExitCode {
			t.Errorf("%s: %d %q %q", script, res.ExitCode, res.Stdout, res.Stderr)
		}
	}
	if res := e.run(t, host.Command{Argv: []string{"no-such-program"}}); res.ExitCode != 127 || len(res.Stderr) == 0 {
		t.Errorf("no such program: %+v", res)
	}
	long := strings.Repeat("input\n", 100_000)
	if res := e.run(t, host.Command{Argv: []string{"wc", "-c"}, Stdin: strings.NewReader(long)}); strings.TrimSpace(string(res.Stdout)) != fmt.Sprint(len(long)) {
		t.Errorf("standard input: %s", res.Stdout)
	}
	if res := e.run(t, host.Command{Argv: []string{"true"}, Stdin: strings.NewReader(long)}); res.ExitCode != 0 {
		t.Errorf("unread standard input: %+v", res)
	}
}

func (e exercise) words(t *testing.T) {
	words := []string{
		"", " ", "a b", "'", `"`, `\`, `\\'`, "$HOME", "`id`", "$(id)", ";", "&", "|", "<", ">", "*", "?", "[a]", "~", "#", "!x", "a\nb", "\t",
		"-n", "--", "=x", "a=b", "{a,b}", "(", ")", "é", "\x01\x7f", "\xff\xfe", strings.Repeat("x", 10_000), "%s", "^", "%%",
	}
	// Each word comes back in a line of hexadecimal digits.
	argv := append([]string{"sh", "-c", `for w; do printf %s "$w" | od -An -v -tx1 | tr -d ' \n'; echo; done`, "sh"}, words...)
	got := strings.Split(string(e.run(t, host.Command{Argv: argv}).Stdout), "\n")
	for i, word := range words {
		if i >= len(got) || got[i] != fmt.Sprintf("%x", word) {
			t.Errorf("%q did not arrive", word)
		}
	}
}

func (e exercise) variables(t *testing.T) {
	const value = "it's a \"secret\"\n$HOME"
	res := e.run(t, host.Command{
		Argv: []string{"sh", "-c", `printf %s "$SOME"; cat; tr '\0' ' ' </proc/$$/cmdline >&2; exit 3`},
		Env:  map[string]string{"SOME": value}, Stdin: strings.NewReader("|rest"),
	})
	if string(res.Stdout) != value+"|rest" || res.ExitCode != 3 {
		t.Errorf("%d %q %q", res.ExitCode, res.Stdout, res.Stderr)
	}
	if bytes.Contains(res.Stderr, []byte("secret")) {
		t.Errorf("the value is seen in %q", res.Stderr)
	}
}

func (e exercise) longOutput(t *testing.T) {
	res := e.run(t, host.Command{Argv: []string{"sh", "-c", "head -c 3000000 /dev/zero; exit 5"}})
	if len(res.Stdout) != 1<<20 || res.ExitCode != 5 {
		t.Errorf("%d bytes, code %d", len(res.Stdout), res.ExitCode)
	}
}

func (e exercise) cancelled(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := e.host.Run(ctx, host.Command{Argv: []string{"sleep", "60"}}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("took %s", took)
	}
}

// script makes a script whose run is killed and removed after the test.
func (e exercise) script(t *testing.T, steps ...run.Step) run.Script {
	t.Helper()
	s := run.Script{ID: core.NewID(), Steps: steps}
	s.Dir = path.Join(e.dir, "services", string(s.ID))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
		defer cancel()
		if e.host.Remove(ctx, s.ID) == nil {
			return
		}
		if err := errors.Join(e.host.Kill(ctx, s.ID), e.host.Remove(ctx, s.ID)); err != nil {
			t.Errorf("clean up: %v", err)
		}
	})
	return s
}

func (e exercise) launch(t *testing.T, s run.Script) run.Status {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	status, err := e.host.Launch(ctx, s)
	if err != nil {
		t.Fatalf("launch: %v", err)
	}
	return status
}

func (e exercise) status(t *testing.T, id core.ID) run.Status {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	status, err := e.host.Status(ctx, id)
	if err != nil {
		t.Fatalf("status: %v", err)
	}
	return status
}

// follow reads a run to its end.
func (e exercise) follow(t *testing.T, id core.ID, from int64) ([]run.Frame, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	f, err := e.host.Follow(ctx, id, from)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return Frames(f, from, func(frame run.Frame) { f.Ack(frame.To) })
}

// Frames reads frames up to the error that ends the stream, which is nil for its proper
// end. each, which may be nil, sees every frame.
func Frames(r io.Reader, from int64, each func(run.Frame)) ([]run.Frame, error) {
	var frames []run.Frame
	reader := run.NewReader(r, from)
	for {
		frame, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return frames, nil
		}
		if err != nil {
			return frames, err
		}
		frame.Data = bytes.Clone(frame.Data)
		frames = append(frames, frame)
		if each != nil {
			each(frame)
		}
	}
}

// Text joins what was written to standard output.
func Text(frames []run.Frame) string {
	var b strings.Builder
	for _, f := range frames {
		if f.Kind == run.FrameStdout {
			b.Write(f.Data)
		}
	}
	return b.String()
}

func shell(script string, args ...string) run.Step {
	return run.Step{Name: "sh", Title: "Shell.", Argv: append([]string{"sh", "-c", script, "sh"}, args...)}
}

func (e exercise) life(t *testing.T) {
	s := e.script(t, run.Step{Name: "files", Files: []run.File{{Path: "f", Content: "content\n"}}}, shell("cat f; exit 4"))
	if status := e.launch(t, s); status.Existed || status.Identity.PID == 0 || status.Identity.BootID == "" || status.Identity.Started == "" {
		t.Errorf("launch: %+v", status)
	}
	frames, err := e.follow(t, s.ID, 0)
	if err != nil || Text(frames) != "content\n" {
		t.Fatalf("follow: %v, %q", err, Text(frames))
	}
	end, err := frames[len(frames)-1].End()
	if err != nil || end.State != run.StateFailed || end.ExitCode == nil || *end.ExitCode != 4 {
		t.Errorf("end: %+v %v", end, err)
	}
	if status := e.status(t, s.ID); status.State != run.StateEnded || status.Spool != frames[len(frames)-1].To {
		t.Errorf("status: %+v", status)
	}
	if err := e.host.Remove(t.Context(), s.ID); err != nil {
		t.Errorf("remove: %v", err)
	}
	if status := e.status(t, s.ID); status.State != run.StateMissing {
		t.Errorf("status: %+v", status)
	}
}

func (e exercise) once(t *testing.T) {
	s := e.script(t, shell("echo x >>starts; exec sleep 100"))
	first := e.launch(t, s)
	second := e.launch(t, s)
	if first.Existed || !second.Existed || first.Identity != second.Identity || second.State != run.StateRunning {
		t.Errorf("first %+v, second %+v", first, second)
	}
}

func (e exercise) within(t *testing.T) {
	s := e.script(t, shell("seq 5000; sleep 0.2; seq 5000"))
	e.launch(t, s)
	all, err := e.follow(t, s.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{0, len(all) / 2, len(all) - 1} {
		rest, err := e.follow(t, s.ID, all[i].To)
		if err != nil || len(rest) != len(all)-i-1 || Text(rest) != Text(all[i+1:]) {
			t.Errorf("from frame %d: %d frames, %v", i, len(rest), err)
		}
	}
}

func (e exercise) kill(t *testing.T) {
	s := e.script(t, shell("setsid sleep 98765 & echo begun; wait"))
	e.launch(t, s)
	began := time.Now()
	if err := e.host.Kill(t.Context(), s.ID); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("took %s", took)
	}
	frames, err := e.follow(t, s.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	if end, err := frames[len(frames)-1].End(); err != nil || end.State != run.StateCancelled {
		t.Errorf("%+v %v", end, err)
	}
	count := e.run(t, host.Command{Argv: []string{"sh", "-c", `grep -lsz "^TAFFRAIL_RUN=$1" /proc/[0-9]*/environ | wc -l`, "sh", string(s.ID)}})
	if strings.TrimSpace(string(count.Stdout)) != "0" {
		t.Errorf("%s processes are left", count.Stdout)
	}
}

func (e exercise) outlive(t *testing.T) {
	s := e.script(t, shell("echo first; until [ -e go ]; do sleep 0.02; done; echo second"))
	e.launch(t, s)
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	var some []run.Frame
	f, err := e.host.Follow(ctx, s.ID, 0)
	if err == nil {
		some, err = Frames(f, 0, nil)
		if closeErr := f.Close(); closeErr != nil {
			t.Error(closeErr)
		}
		f.Ack(1) // too late, and no harm
	}
	if err == nil {
		t.Error("the stream did not end with its context")
	}
	if res := e.run(t, host.Command{Argv: []string{"touch", "--", path.Join(s.Dir, "go")}}); res.ExitCode != 0 {
		t.Fatalf("%+v", res)
	}
	var from int64
	if len(some) > 0 {
		from = some[len(some)-1].To
	}
	rest, err := e.follow(t, s.ID, from)
	if err != nil || Text(some)+Text(rest) != "first\nsecond\n" {
		t.Errorf("%v, %q and %q", err, Text(some), Text(rest))
	}
}

func (e exercise) missing(t *testing.T) {
	id := core.NewID()
	if status := e.status(t, id); status.State != run.StateMissing {
		t.Errorf("status: %+v", status)
	}
	if _, err := e.follow(t, id, 0); !errors.Is(err, host.ErrRunMissing) {
		t.Errorf("follow: %v", err)
	}
	if err := errors.Join(e.host.Kill(t.Context(), id), e.host.Remove(t.Context(), id)); err != nil {
		t.Errorf("kill and remove: %v", err)
	}
	const bad = core.ID("../../../etc")
	if _, err := e.host.Status(t.Context(), bad); err == nil {
		t.Error("a bad id was taken by status")
	}
	if _, err := e.host.Follow(t.Context(), bad, 0); err == nil {
		t.Error("a bad id was taken by follow")
	}
	if err := e.host.Kill(t.Context(), bad); err == nil {
		t.Error("a bad id was taken by kill")
	}
	if err := e.host.Remove(t.Context(), bad); err == nil {
		t.Error("a bad id was taken by remove")
	}
}

// many wants more sessions at the same time than sshd allows on a connection.
func (e exercise) many(t *testing.T) {
	for i := range 10 {
		s := e.script(t, shell("sleep 0.5; seq 2000"))
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			t.Parallel()
			e.launch(t, s)
			frames, err := e.follow(t, s.ID, 0)
			if err != nil || strings.Count(Text(frames), "\n") != 2000 {
				t.Errorf("%v, %d bytes", err, len(Text(frames)))
			}
			if res := e.run(t, host.Command{Argv: []string{"echo", "short"}}); string(res.Stdout) != "short\n" {
				t.Errorf("%+v", res)
			}
		})
	}
}
