package run_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/run"
)

// BenchmarkReader decodes frames of the size that lines of a build log have.
func BenchmarkReader(b *testing.B) {
	var frames []run.Frame
	for i := range 10_000 {
		frames = append(frames, run.Frame{Kind: run.FrameStdout, Step: 1, Data: fmt.Appendf(nil, "#%d 0.123 some line of a build log, as they are on average\n", i)})
	}
	spool := write(b, frames)
	b.SetBytes(int64(len(spool)))
	for b.Loop() {
		reader := run.NewReader(bytes.NewReader(spool), 0)
		for {
			if _, err := reader.Next(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkOutput is what a command can write, from its pipe to the one who follows.
func BenchmarkOutput(b *testing.B) {
	const size = 64 << 20
	b.SetBytes(size)
	for b.Loop() {
		t := newTarget(b)
		s := t.script(sh("a", `head -c "$1" /dev/zero`, fmt.Sprint(size)))
		t.launch(s)
		if err := run.Follow(b.Context(), t.dir(s.ID), 0, io.Discard, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLaunch is the time from the call until the run has said who it is.
func BenchmarkLaunch(b *testing.B) {
	t := newTarget(b)
	for b.Loop() {
		t.launch(t.script(sh("a", "true")))
	}
}

// BenchmarkLatency is the time from the write of a command to the one who follows.
func BenchmarkLatency(b *testing.B) {
	t := newTarget(b)
	s := t.script(sh("a", `while :; do date +%s%N; sleep 0.0$((RANDOM % 9 + 1)); done`))
	s.Steps[0].Argv[0] = "bash"
	t.launch(s)
	ctx, cancel := context.WithCancel(b.Context())
	r, w := io.Pipe()
	go func() { _ = w.CloseWithError(run.Follow(ctx, t.dir(s.ID), 0, w, nil)) }()
	reader := run.NewReader(r, 0)
	var total time.Duration
	for n := 0; n < b.N; {
		f, err := reader.Next()
		if err != nil {
			b.Fatal(err)
		}
		var at int64
		if _, err := fmt.Sscan(string(f.Data), &at); f.Kind == run.FrameStdout && err == nil {
			total += time.Since(time.Unix(0, at))
			n++
		}
	}
	b.ReportMetric(float64(total.Microseconds())/float64(b.N)/1000, "ms/line")
	cancel()
	_ = r.Close()
}
