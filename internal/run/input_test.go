package run_test

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/run"
)

func zipped(tb testing.TB, data []byte) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// restore is a step that reads the dump after this made it.
func (t *target) restore(data []byte, in run.Input, script string, args ...string) run.Step {
	t.tb.Helper()
	if err := os.MkdirAll(filepath.Dir(t.dumpFile()), 0o700); err != nil {
		t.tb.Fatal(err)
	}
	if err := os.WriteFile(t.dumpFile(), data, 0o600); err != nil {
		t.tb.Fatal(err)
	}
	step := sh("restore", script, args...)
	in.Path = t.dumpFile()
	step.Input = &in
	return step
}

func TestInputComesFromAFile(t *testing.T) {
	t.Parallel()
	plain := bytes.Repeat([]byte("INSERT\x00\xff\n"), 200_000)
	packed := zipped(t, plain)
	const count = `sha256sum | cut -d' ' -f1`
	for name, c := range map[string]struct {
		data   []byte
		in     run.Input
		script string
		said   string
		reason string // of the failure
	}{
		"as it is":                     {plain, run.Input{}, count, sha(plain) + "\n", ""},
		"checked":                      {plain, run.Input{SHA256: sha(plain)}, count, sha(plain) + "\n", ""},
		"checked, upper case":          {plain, run.Input{SHA256: strings.ToUpper(sha(plain))}, count, sha(plain) + "\n", ""},
		"unpacked":                     {packed, run.Input{Gunzip: true, SHA256: sha(packed)}, count, sha(plain) + "\n", ""},
		"unpacked, of several parts":   {append(bytes.Clone(packed), packed...), run.Input{Gunzip: true}, count, sha(append(bytes.Clone(plain), plain...)) + "\n", ""},
		"not unpacked":                 {packed, run.Input{}, count, sha(packed) + "\n", ""},
		"empty":                        {nil, run.Input{SHA256: sha(nil)}, count, sha(nil) + "\n", ""},
		"not read":                     {packed, run.Input{Gunzip: true}, "echo enough", "enough\n", ""},
		"not read to its end, failing": {packed, run.Input{Gunzip: true}, "head -c 3; exit 5", "INS", "sh exited with code 5"},
		"not read by what is left":     {packed, run.Input{Gunzip: true}, "sleep 350 & echo left", "left\n", ""},
		"wrong sum":                    {plain, run.Input{SHA256: sha(nil)}, count, "", "it is not what was written: its SHA-256 is " + sha(plain) + ", not " + sha(nil)},
		"not compressed":               {plain, run.Input{Gunzip: true}, count, "", "gzip: invalid header"},
		"cut off":                      {packed[:len(packed)-9], run.Input{Gunzip: true}, "cat >/dev/null; echo took it for all", "", "cannot be unpacked: unexpected EOF"},
		"damaged":                      {append(bytes.Clone(packed[:len(packed)-8]), 1, 2, 3, 4, 5, 6, 7, 8), run.Input{Gunzip: true}, "cat >/dev/null; echo took it for all", "", "cannot be unpacked: gzip: invalid checksum"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := newTarget(t)
			step := target.restore(c.data, c.in, c.script)
			step.Retries = 0
			rec := target.carryOut(target.script(step))
			end := rec.end()
			if want := map[bool]string{true: run.StateFinished, false: run.StateFailed}[c.reason == ""]; end.State != want || !strings.Contains(end.Reason, c.reason) {
				t.Errorf("%+v, want %s", end, c.reason)
			}
			if got := rec.text(run.FrameStdout, 0); got != c.said {
				t.Errorf("said %q, want %q", got, c.said)
			}
		})
	}
}

func TestInputKeepsToItsPlace(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ path, reason string }{
		"relative":        {"x", "the path is not absolute"},
		"outside":         {"/etc/passwd", "the path is not below "},
		"runs":            {"REMOTE/runs/x/script.json", "the path is not a resource's"},
		"link out":        {"REMOTE/services/one/out/secret", "is a link"},
		"link within":     {"REMOTE/services/one/within/secret", "is a link"},
		"link at its end": {"REMOTE/services/one/file", "is a link"},
		"folder":          {"REMOTE/services/one/folder", "it is no regular file"},
		"pipe":            {"REMOTE/services/one/pipe", "it is no regular file"},
		"missing":         {"REMOTE/services/one/missing", "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := newTarget(t)
			target.tangle()
			step := sh("restore", "cat; echo started")
			step.Input = &run.Input{Path: strings.Replace(c.path, "REMOTE", target.remote, 1)}
			rec := target.carryOut(target.script(step))
			if end := rec.end(); end.State != run.StateFailed || !strings.Contains(end.Reason, "its input ") || !strings.Contains(end.Reason, c.reason) {
				t.Errorf("%+v", end)
			}
			if said := rec.text(run.FrameStdout, 0); said != "" {
				t.Errorf("started all the same: %q", said)
			}
		})
	}
}

// TestInputIsCancelled: while it is fed, and while it is checked.
func TestInputIsCancelled(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	packed := zipped(t, make([]byte, 8<<20))
	s := target.script(target.restore(packed, run.Input{Gunzip: true}, `echo $$ >"$1"; exec sleep 351`, target.file("pid")))
	target.launch(s)
	until(t, "the command", there(target.file("pid")))
	if err := run.Kill(t.Context(), target.dir(s.ID)); err != nil {
		t.Fatal(err)
	}
	assertGone(t, target.file("pid"))
	if end := target.follow(s.ID).end(); end.State != run.StateCancelled {
		t.Errorf("%+v", end)
	}
}

// TestDumpAndRestore is the way there and back in one run.
func TestDumpAndRestore(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	dump := target.dump("seq 100000")
	dump.Output.Gzip = true
	back := sh("restore", "tail -n 1")
	back.Input = &run.Input{Path: target.dumpFile(), Gunzip: true}
	rec := target.carryOut(target.script(dump, back))
	if got := rec.text(run.FrameStdout, 2); rec.end().State != run.StateFinished || got != "100000\n" {
		t.Errorf("%+v: %q", rec.end(), got)
	}
}

func TestStepsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		step   run.Step
		reason string
	}{
		"two things":       {run.Step{Argv: []string{"true"}, Ports: &run.Ports{}}, "it is to do several things at once"},
		"two others":       {run.Step{Watch: &run.Watch{}, Object: &run.Object{}}, "it is to do several things at once"},
		"output of none":   {run.Step{Output: &run.Output{}}, "it has input or output, but no command"},
		"input of a watch": {run.Step{Watch: &run.Watch{}, Input: &run.Input{}}, "it has input or output, but no command"},
		"two inputs":       {run.Step{Argv: []string{"cat"}, Stdin: "x", Input: &run.Input{}}, "it has two inputs"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := newTarget(t)
			if end := target.carryOut(target.script(c.step)).end(); end.State != run.StateFailed || !strings.Contains(end.Reason, c.reason) {
				t.Errorf("%+v", end)
			}
		})
	}
}
