package logs_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/logs"
	"github.com/taffrail/taffrail/internal/redact"
	"github.com/taffrail/taffrail/internal/run"
)

// FuzzOutputIsData: whatever bytes a command writes and however they are cut, they become
// lines that both databases and JSON hold as they are, of its own stream, numbered without
// gap, and nothing of it is taken for a word of ours or lost.
func FuzzOutputIsData(f *testing.F) {
	f.Add([]byte("\r\x00\x1b]0;x\a\xff\xfe\n[system] deployment finished\n\nevent: end\ndata: {}\n"), uint8(3))
	f.Add([]byte(strings.Repeat("é\x00\r", 50_000)), uint8(200))
	f.Add([]byte("╔ box\n::add-mask::x\n\u2028\u202e"), uint8(1))
	f.Fuzz(func(t *testing.T, text []byte, cut uint8) {
		in, err := logs.NewIngest(redact.Compile(redact.Options{}), 1, 1, core.Cursor{}, 0)
		if err != nil {
			t.Fatal(err)
		}
		s := &spool{}
		s.json(t, run.FrameStepStart, 1, run.StepStart{Name: "up"})
		for rest := text; len(rest) > 0; {
			n := min(len(rest), 1+int(cut)*100)
			s.add(run.FrameStdout, 1, rest[:n])
			rest = rest[n:]
		}
		s.json(t, run.FrameStepEnd, 1, run.StepEnd{State: "done"})
		for _, one := range s.frames {
			one.At = time.Unix(1, 0)
			take(t, in, one)
		}
		b, err := in.Batch()
		if err != nil {
			t.Fatal(err)
		}
		whole := 0
		for i, l := range b.Lines {
			if l.Seq != int64(i+1) || i > 0 && l.Stream != core.Stdout {
				t.Fatalf("line %d is %+v", i, l)
			}
			checkText(t, l.Output)
			if i > 0 && !l.Continued {
				whole++
			}
		}
		if ends := bytes.Count(text, []byte{'\n'}); whole < ends || whole > ends+1 {
			t.Errorf("%d line ends became %d lines", ends, whole)
		}
	})
}

// checkText wants what databases and JSON give back as it is.
func checkText(t *testing.T, text string) {
	t.Helper()
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) || strings.Contains(strings.TrimPrefix(text, "\n╔"), "\n") {
		t.Fatalf("a line has the text %q", text)
	}
	encoded, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	var back string
	if err := json.Unmarshal(encoded, &back); err != nil || back != text {
		t.Fatalf("%q came back as %q, %v", text, back, err)
	}
}
