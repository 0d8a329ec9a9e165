package logs_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/logs"
	"github.com/taffrail/taffrail/internal/redact"
	"github.com/taffrail/taffrail/internal/run"
)

var secrets = []redact.Value{
	{Name: "TOKEN", Value: "kelp-Harbor-4471"},
	{Name: "OVERLAP", Value: "abab-key-abac"},
	{Name: "MULTI", Value: "first-line-9931\nsecond-line-8842\nthird-line-7753"},
}

// spool builds frames with offsets as a spool has them; each takes size bytes.
type spool struct {
	frames []run.Frame
	offset int64
}

func (s *spool) add(kind run.FrameKind, step int, data []byte) {
	size := int64(24 + len(data))
	s.frames = append(s.frames, run.Frame{
		Kind: kind, Step: step, Data: data, From: s.offset, To: s.offset + size,
		At: time.UnixMicro(1_700_000_000_000_000 + s.offset).UTC(),
	})
	s.offset += size
}

func (s *spool) json(tb testing.TB, kind run.FrameKind, step int, v any) {
	tb.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	s.add(kind, step, data)
}

// from returns the frames at and after an offset, as following from there gives them.
func (s *spool) from(offset int64) []run.Frame {
	for i, f := range s.frames {
		if f.From >= offset {
			return s.frames[i:]
		}
	}
	return nil
}

// disk is the store of these tests: what was committed, checked as the real one does.
type disk struct {
	tb     rapid.TB
	lines  []core.Line
	steps  map[int]core.Step
	cursor core.Cursor
}

func (d *disk) commit(in *logs.Ingest) {
	d.tb.Helper()
	b, err := in.Batch()
	if err != nil {
		d.tb.Fatal(err)
	}
	for _, l := range b.Lines {
		if want := int64(len(d.lines) + 1); l.Seq != want {
			d.tb.Fatalf("seq %d committed where %d was due", l.Seq, want)
		}
		d.lines = append(d.lines, l)
	}
	for _, s := range b.Steps {
		d.steps[s.Number] = s
	}
	d.cursor = b.Cursor
	in.Committed(b)
}

func (d *disk) open(set *redact.Set) *logs.Ingest {
	d.tb.Helper()
	in, err := logs.NewIngest(set, 1, 1, d.cursor, int64(len(d.lines)))
	if err != nil {
		d.tb.Fatal(err)
	}
	return in
}

// byStream is the text of each stream; parts of long lines are joined, since where they
// are cut is no promise.
func (d *disk) byStream() map[string]string {
	text := map[string]*strings.Builder{}
	for _, l := range d.lines {
		name := fmt.Sprintf("%d/%s", l.Step, l.Stream)
		if text[name] == nil {
			text[name] = &strings.Builder{}
		}
		text[name].WriteString(l.Output)
		if !l.Continued {
			text[name].WriteByte('\n')
		}
	}
	out := map[string]string{}
	for name, b := range text {
		out[name] = b.String()
	}
	return out
}

// TestIngestSurvivesCrashes commits and crashes at random places of random spools: what
// is on disk in the end must be what an undisturbed ingest writes.
func TestIngestSurvivesCrashes(t *testing.T) {
	t.Parallel()
	set := redact.Compile(redact.Options{Secrets: secrets})
	rapid.Check(t, func(rt *rapid.T) {
		s := drawSpool(rt, t)
		whole := &disk{tb: rt, steps: map[int]core.Step{}}
		in := whole.open(set)
		for _, f := range s.frames {
			take(rt, in, f)
		}
		whole.commit(in)

		broken := &disk{tb: rt, steps: map[int]core.Step{}}
		for broken.open(set).End() == nil {
			in := broken.open(set)
			for _, f := range s.from(in.Offset()) {
				take(rt, in, f)
				if rapid.IntRange(0, 3).Draw(rt, "commit") == 0 {
					broken.commit(in)
				}
				if rapid.IntRange(0, 9).Draw(rt, "crash") == 0 {
					break
				}
			}
			if in.End() != nil {
				broken.commit(in)
			}
		}
		if diff := cmp.Diff(whole.byStream(), broken.byStream()); diff != "" {
			rt.Fatalf("after crashes (-undisturbed +crashed):\n%s", diff)
		}
		if diff := cmp.Diff(whole.steps, broken.steps); diff != "" {
			rt.Fatalf("steps (-undisturbed +crashed):\n%s", diff)
		}
	})
}

func take(tb rapid.TB, in *logs.Ingest, f run.Frame) {
	tb.Helper()
	f.Data = bytes.Clone(f.Data)
	if err := in.Take(f); err != nil {
		tb.Fatal(err)
	}
}

func drawSpool(rt *rapid.T, tb testing.TB) *spool {
	s := &spool{}
	s.json(tb, run.FrameStart, 0, run.Identity{PID: 7, BootID: "b", Started: "9"})
	for step := 1; step <= rapid.IntRange(1, 3).Draw(rt, "steps"); step++ {
		s.json(tb, run.FrameStepStart, step, run.StepStart{Name: "s", Title: "Title", Argv: []string{"echo", "kelp-Harbor-4471"}})
		pieces := rapid.SliceOfN(rapid.SampledFrom([]string{
			"\n", "x", "  indented", "kelp-Harbor-4471", "kelp-Har", "bor-4471", "abab-key-ab", "ab-key-abac",
			"first-line-9931\nsecond-line-8842\nthird-line-7753", "second-line", "\r", "\x00", "\xff\xfe", "é",
			strings.Repeat("long ", 20_000), "plain words and more of them ",
		}), 0, 30).Draw(rt, "pieces")
		for _, p := range pieces {
			kind := rapid.SampledFrom([]run.FrameKind{run.FrameStdout, run.FrameStderr, run.FrameInfo}).Draw(rt, "kind")
			s.add(kind, step, []byte(p))
		}
		code := 0
		s.json(tb, run.FrameStepEnd, step, run.StepEnd{State: "done", ExitCode: &code})
	}
	s.json(tb, run.FrameFact, 0, run.Fact{Containers: []core.Container{{Name: "c"}}})
	s.json(tb, run.FrameEnd, 0, run.End{State: "finished"})
	return s
}

// TestIngestLines looks at the lines of one small run.
func TestIngestLines(t *testing.T) {
	t.Parallel()
	set := redact.Compile(redact.Options{Secrets: secrets})
	s := &spool{}
	s.json(t, run.FrameStart, 0, run.Identity{PID: 7})
	s.json(t, run.FrameStepStart, 1, run.StepStart{Name: "pull", Title: "Pulling images.", Argv: []string{"docker", "--token", "kelp-Harbor-4471"}, Hidden: true})
	s.add(run.FrameStdout, 1, []byte("  one \r\ntwo kelp-Har"))
	s.add(run.FrameStderr, 1, []byte("half"))
	s.add(run.FrameStdout, 1, []byte("bor-4471 end\n╔══\nlast"))
	code := 18
	s.json(t, run.FrameStepEnd, 1, run.StepEnd{State: "failed", ExitCode: &code, Error: "no kelp-Harbor-4471"})
	in, err := logs.NewIngest(set, 5, 1, core.Cursor{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range s.frames {
		take(t, in, f)
	}
	b, err := in.Batch()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range b.Lines {
		got = append(got, fmt.Sprintf("%d step=%d %s hidden=%t %q %q", l.Seq, l.Step, l.Stream, l.Hidden, l.Command, l.Output))
	}
	want := []string{
		`1 step=1 info hidden=false "docker --token <REDACTED>" "Pulling images."`,
		`2 step=1 stdout hidden=true "" "  one"`,
		`3 step=1 stdout hidden=true "" "two <REDACTED> end"`,
		`4 step=1 stdout hidden=true "" "\n╔══"`,
		`5 step=1 stdout hidden=true "" "last"`,
		`6 step=1 stderr hidden=true "" "half"`,
		`7 step=0 warning hidden=false "" "Step \"pull\" failed with exit code 18: no <REDACTED>"`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if len(b.Steps) != 1 || b.Steps[0].State != "failed" || *b.Steps[0].ExitCode != 18 {
		t.Errorf("steps = %+v", b.Steps)
	}
	if b.Cursor.Offset != s.offset {
		t.Errorf("cursor at %d, want %d: nothing is outstanding", b.Cursor.Offset, s.offset)
	}
}

// TestIngestLongLine cuts a line without end into parts that never split a character.
func TestIngestLongLine(t *testing.T) {
	t.Parallel()
	set := redact.Compile(redact.Options{})
	in, err := logs.NewIngest(set, 1, 1, core.Cursor{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	s := &spool{}
	s.json(t, run.FrameStepStart, 1, run.StepStart{Name: "s"})
	text := strings.Repeat("aé", 100_000)
	for rest := []byte(text); len(rest) > 0; {
		n := min(len(rest), 7001)
		s.add(run.FrameStdout, 1, rest[:n])
		rest = rest[n:]
	}
	s.json(t, run.FrameStepEnd, 1, run.StepEnd{State: "done"})
	for _, f := range s.frames {
		take(t, in, f)
	}
	b, err := in.Batch()
	if err != nil {
		t.Fatal(err)
	}
	var joined strings.Builder
	for i, l := range b.Lines[1:] {
		if len(l.Output) > core.MaxLine {
			t.Errorf("part %d has %d bytes", i, len(l.Output))
		}
		if last := i == len(b.Lines)-2; l.Continued == last {
			t.Errorf("part %d of %d: continued = %t", i+1, len(b.Lines)-1, l.Continued)
		}
		joined.WriteString(l.Output)
	}
	if joined.String() != text {
		t.Error("the parts joined are not the line")
	}
}

// TestAnswersAreMerged: each answer is kept until there is another of its name, with the
// secrets taken out.
func TestAnswersAreMerged(t *testing.T) {
	t.Parallel()
	in, err := logs.NewIngest(redact.Compile(redact.Options{Secrets: secrets}), 1, 1, core.Cursor{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	s := &spool{}
	for _, answers := range []map[string]string{
		{"commit": "uses kelp-Harbor-4471", "web": "1"}, {"web": "2"}, nil, {"new": "3"},
	} {
		s.json(t, run.FrameFact, 1, run.Fact{Answers: answers})
	}
	for _, f := range s.frames {
		if err := in.Take(f); err != nil {
			t.Fatal(err)
		}
	}
	want := map[string]string{"commit": "uses <REDACTED>", "web": "2", "new": "3"}
	if diff := cmp.Diff(want, in.Findings().Answers); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestHiddenStepsMayFailInSilence: what is shown on demand only is no warning to everybody
// when it may fail; a step that must not fail says so whether it is hidden or not.
func TestHiddenStepsMayFailInSilence(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ hidden, mayFail, want bool }{
		{true, true, true}, {true, false, false}, {false, true, false}, {false, false, false},
	} {
		var s spool
		s.json(t, run.FrameStepStart, 1, run.StepStart{Name: "network", Hidden: c.hidden})
		s.json(t, run.FrameStepEnd, 1, run.StepEnd{State: "failed", MayFail: c.mayFail})
		in, err := logs.NewIngest(redact.Compile(redact.Options{}), 1, 1, core.Cursor{}, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range s.frames {
			if err := in.Take(f); err != nil {
				t.Fatal(err)
			}
		}
		b, err := in.Batch()
		if err != nil {
			t.Fatal(err)
		}
		last := b.Lines[len(b.Lines)-1]
		if last.Stream != core.Warning || last.Hidden != c.want {
			t.Errorf("hidden %t, may fail %t: the warning is hidden: %t", c.hidden, c.mayFail, last.Hidden)
		}
	}
}

// TestNextRun: a second run goes on where the first one ended, also when nobody but the
// store remembers that: numbers of lines and steps, what was found, and its own offsets.
func TestNextRun(t *testing.T) {
	t.Parallel()
	set := redact.Compile(redact.Options{Secrets: secrets})
	runs := make([]spool, 2)
	for i := range runs {
		s := &runs[i]
		s.json(t, run.FrameStart, 0, run.Identity{PID: i + 1})
		for n, name := range []string{"a", "b"} {
			s.json(t, run.FrameStepStart, n+1, run.StepStart{Name: name})
			s.add(run.FrameStdout, n+1, []byte("a line that is not short\nand half a"))
			s.add(run.FrameStdout, n+1, []byte(" line\n"))
			s.json(t, run.FrameFact, n+1, run.Fact{Answers: map[string]string{fmt.Sprint(i, name): "x"}})
			s.json(t, run.FrameStepEnd, n+1, run.StepEnd{State: "done"})
		}
		s.json(t, run.FrameEnd, 0, run.End{State: "finished"})
	}
	d := &disk{tb: t, steps: map[int]core.Step{}}
	for i, s := range runs {
		if in := d.open(set); in.Stage() != i || in.Offset() != 0 || in.End() != nil {
			t.Fatalf("run %d begins in stage %d at %d with end %v", i, in.Stage(), in.Offset(), in.End())
		}
		for _, last := range s.frames { // each frame is taken in by another controller
			in := d.open(set)
			for _, f := range s.from(in.Offset()) {
				if f.From <= last.From {
					take(t, in, f)
				}
			}
			if i == 0 && in.End() != nil {
				in.Next()
			}
			d.commit(in)
		}
	}
	in := d.open(set)
	if len(d.lines) != 12 || len(d.steps) != 4 || len(in.Findings().Answers) != 4 || in.Identity().PID != 2 || in.Stage() != 1 {
		t.Errorf("%d lines, %d steps, %+v, %+v, stage %d", len(d.lines), len(d.steps), in.Findings(), in.Identity(), in.Stage())
	}
	for i, l := range d.lines {
		if l.Step != i/3+1 || d.steps[l.Step].Number != l.Step || d.steps[l.Step].Name != []string{"a", "b"}[i/3%2] {
			t.Errorf("line %d %q is of step %d", l.Seq, l.Output, l.Step)
		}
	}
}
