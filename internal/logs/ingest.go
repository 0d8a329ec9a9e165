package logs

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/redact"
	"github.com/taffrail/taffrail/internal/run"
)

// Ingest turns the frames of one run into batches of redacted lines and steps, each with
// the cursor from which everything that is not in it can be made again. It keeps no
// state that a crash would lose: NewIngest with the last committed cursor goes on as if
// nothing had happened. Not for concurrent use.
type Ingest struct {
	set     *redact.Set
	base    core.Batch // LogID and Fence
	seq     int64
	lines   []core.Line
	steps   map[int]core.Step // changed since the last commit
	state   state
	known   int64 // frames before this offset were taken in before a restart
	streams map[core.Stream]*stream
	frames  []frameAt
	at      time.Time // of the frame being taken in
}

// state is the JSON in core.Cursor.State.
type state struct {
	Stage    int                    `json:"stage,omitempty"`  // how many runs of the deployment have ended before this one
	Before   int                    `json:"before,omitempty"` // number of the last step of those
	Done     int64                  `json:"done"`             // spool offset behind the last frame taken in
	Step     core.Step              `json:"step"`             // the step that runs, or the last one
	Hidden   bool                   `json:"hidden,omitempty"`
	Open     bool                   `json:"open,omitempty"` // Step has not ended
	Streams  map[core.Stream]resume `json:"streams,omitempty"`
	Found    core.Findings          `json:"found,omitzero"`
	Failing  Failing                `json:"failing,omitzero"`
	Identity run.Identity           `json:"identity"`
	End      *run.End               `json:"end,omitempty"`
}

// Failing is the step by which a run failed. What puts back what was there comes behind it.
type Failing struct {
	Step int   `json:"step,omitempty"` // number; 0: none failed
	Seq  int64 `json:"seq,omitempty"`  // of the last line before its end
}

// frameAt is where a data frame of a stream lies in the spool.
type frameAt struct {
	stream core.Stream
	offset int64 // in the spool
	raw    int64 // position of its first byte in the stream
}

// NewIngest starts or goes on with a log. last is the seq of the last committed line.
func NewIngest(set *redact.Set, logID, fence int64, cursor core.Cursor, last int64) (*Ingest, error) {
	in := &Ingest{
		set:   set,
		base:  core.Batch{LogID: logID, Fence: fence, Cursor: cursor},
		seq:   last,
		steps: map[int]core.Step{},
	}
	if cursor.State != "" {
		if err := json.Unmarshal([]byte(cursor.State), &in.state); err != nil {
			return nil, fmt.Errorf("read log cursor: %w", err)
		}
	}
	in.known = in.state.Done
	if in.state.Open {
		in.open(in.state.Streams)
	}
	return in, nil
}

// Offset is where the spool must be followed from.
func (in *Ingest) Offset() int64 { return in.base.Cursor.Offset }

// Failing returns the step by which the run failed.
func (in *Ingest) Failing() Failing { return in.state.Failing }

// Findings are what the run has found out so far.
func (in *Ingest) Findings() core.Findings { return in.state.Found }

// Identity returns who carries the run out; zero until its first frame came.
func (in *Ingest) Identity() run.Identity { return in.state.Identity }

// End returns the end record once it was taken in.
func (in *Ingest) End() *run.End { return in.state.End }

// Stage says how many runs of the deployment have come to their end and were followed by
// another one.
func (in *Ingest) Stage() int { return in.state.Stage }

// Next goes on to the run of the next stage, when the end record of the one before was
// taken in: to its spool, from the beginning. The numbers of lines and steps go on, and
// what was found out stays. It is durable with the next batch, which has the last lines
// of the run that ended besides: not a moment of a takeover lies between the two.
func (in *Ingest) Next() {
	in.state = state{Stage: in.state.Stage + 1, Before: max(in.state.Before, in.state.Step.Number), Found: in.state.Found}
	in.known = 0
}

// Say adds a line of Taffrail's own.
func (in *Ingest) Say(at time.Time, stream core.Stream, text string) {
	in.add(core.Line{Stream: stream, At: at, Output: clean([]byte(in.set.String(text)), true)})
}

// Take takes in the next frame. Frames that were taken in before a restart are told by
// their offset; of data frames those bytes are used that are not in the log yet.
func (in *Ingest) Take(f run.Frame) error {
	in.at = f.At
	if f.Step > 0 {
		f.Step += in.state.Before
	}
	data := f.Kind == run.FrameStdout || f.Kind == run.FrameStderr
	if f.To <= in.known && !data {
		return nil
	}
	if f.To > in.state.Done {
		in.state.Done = f.To
	}
	switch f.Kind {
	case run.FrameStdout:
		return in.feed(core.Stdout, f)
	case run.FrameStderr:
		return in.feed(core.Stderr, f)
	case run.FrameInfo:
		in.Say(f.At, core.Info, string(f.Data))
	case run.FrameWarning:
		in.Say(f.At, core.Warning, string(f.Data))
	default:
		return in.record(f)
	}
	return nil
}

// record takes in a frame that holds JSON.
func (in *Ingest) record(f run.Frame) error {
	switch f.Kind {
	case run.FrameStart:
		return json.Unmarshal(f.Data, &in.state.Identity)
	case run.FrameStepStart:
		return in.stepStart(f)
	case run.FrameStepEnd:
		return in.stepEnd(f)
	case run.FrameFact:
		var fact run.Fact
		if err := json.Unmarshal(f.Data, &fact); err != nil {
			return err
		}
		in.found(fact)
	case run.FrameEnd:
		in.state.End = &run.End{}
		return json.Unmarshal(f.Data, in.state.End)
	}
	return nil // a newer runner may write kinds that we do not know
}

// found adds a fact to what is known: of containers and of each answer the last word
// counts.
func (in *Ingest) found(fact run.Fact) {
	known := &in.state.Found
	if fact.Looked {
		known.Containers, known.Looked = fact.Containers, true
	}
	if fact.Artifact != nil {
		known.Artifacts = append(known.Artifacts, *fact.Artifact)
	}
	if known.Answers == nil && fact.Answers != nil {
		known.Answers = map[string]string{}
	}
	for service, answer := range fact.Answers {
		known.Answers[service] = in.set.String(answer)
	}
}

func (in *Ingest) stepStart(f run.Frame) error {
	var start run.StepStart
	if err := json.Unmarshal(f.Data, &start); err != nil {
		return err
	}
	in.state.Step = core.Step{
		Number: f.Step, Name: start.Name, Title: in.set.String(start.Title),
		Command: in.set.String(strings.Join(start.Argv, " ")), StartedAt: f.At, State: "running",
	}
	in.state.Hidden, in.state.Open = start.Hidden, true
	in.steps[f.Step] = in.state.Step
	in.open(nil)
	in.add(core.Line{Stream: core.Info, At: f.At, Command: in.state.Step.Command, Output: in.state.Step.Title})
	return nil
}

// open makes the streams of a step.
func (in *Ingest) open(at map[core.Stream]resume) {
	in.streams, in.frames = map[core.Stream]*stream{}, nil
	for _, kind := range []core.Stream{core.Stdout, core.Stderr} {
		in.streams[kind] = newStream(in.set, at[kind], func(text string, continued bool) {
			in.add(core.Line{Stream: kind, At: in.at, Output: text, Continued: continued, Hidden: in.state.Hidden})
		})
	}
}

func (in *Ingest) feed(kind core.Stream, f run.Frame) error {
	s := in.streams[kind]
	if s == nil {
		return fmt.Errorf("output outside of a step at offset %d of the spool", f.From)
	}
	in.frames = append(in.frames, frameAt{kind, f.From, s.raw})
	return s.feed(f.Data)
}

func (in *Ingest) stepEnd(f run.Frame) error {
	var end run.StepEnd
	if err := json.Unmarshal(f.Data, &end); err != nil {
		return err
	}
	for _, kind := range []core.Stream{core.Stdout, core.Stderr} {
		if s := in.streams[kind]; s != nil {
			if err := s.finish(); err != nil {
				return err
			}
		}
	}
	in.streams, in.frames, in.state.Open = nil, nil, false
	step := &in.state.Step
	step.EndedAt, step.ExitCode, step.State = f.At, end.ExitCode, end.State
	in.steps[f.Step] = *step
	if end.State == "failed" && !end.MayFail && in.state.Failing.Step == 0 {
		in.state.Failing = Failing{Step: f.Step, Seq: in.seq}
	}
	if end.State == "failed" {
		// What is no news to anybody when it goes well is none either when it may fail.
		in.add(core.Line{
			Stream: core.Warning, At: f.At, Hidden: in.state.Hidden && end.MayFail,
			Output: clean([]byte(in.set.String(failure(*step, end))), true),
		})
	}
	return nil
}

// failure says in one line how a step failed.
func failure(step core.Step, end run.StepEnd) string {
	text := fmt.Sprintf("Step %q failed", step.Name)
	switch {
	case end.Signal != "":
		text += ": ended by signal " + end.Signal
	case end.ExitCode != nil && *end.ExitCode != 0:
		text += fmt.Sprintf(" with exit code %d", *end.ExitCode)
	}
	if end.Error != "" {
		text += ": " + end.Error
	}
	if end.MayFail {
		text += " (it may fail, going on)"
	}
	return text
}

func (in *Ingest) add(l core.Line) {
	in.seq++
	l.Seq = in.seq
	if in.state.Open {
		l.Step, l.Batch = in.state.Step.Number, in.state.Step.Number
	}
	in.lines = append(in.lines, l)
}

// Abort ends the step that is open when the run is gone without having ended it: what
// its streams held back comes out, and the step gets state.
func (in *Ingest) Abort(at time.Time, state string) error {
	if !in.state.Open {
		return nil
	}
	data, err := json.Marshal(run.StepEnd{State: state})
	if err != nil {
		return err
	}
	in.at = at
	return in.stepEnd(run.Frame{Kind: run.FrameStepEnd, Step: in.state.Step.Number, At: at, Data: data})
}

// Set is what the log is redacted with.
func (in *Ingest) Set() *redact.Set { return in.set }

// Step is the step that runs, or the last one that ran.
func (in *Ingest) Step() core.Step { return in.state.Step }

// Rewind forgets what was taken in since the last commit, so that the spool can be read
// again from Offset. Lines that wait must be committed before.
func (in *Ingest) Rewind() error {
	fresh, err := NewIngest(in.set, in.base.LogID, in.base.Fence, in.base.Cursor, in.seq)
	if err != nil {
		return err
	}
	*in = *fresh
	if in.state.Open {
		in.open(in.state.Streams) // fresh's streams hand their lines to fresh
	}
	return nil
}
