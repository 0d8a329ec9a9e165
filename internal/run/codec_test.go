package run_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/taffrail/taffrail/internal/run"
)

// write makes a spool of frames by the real writer.
func write(tb testing.TB, frames []run.Frame) []byte {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "spool")
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		tb.Fatal(err)
	}
	w := run.NewWriter(f)
	for _, frame := range frames {
		if err := w.Write(tb.Context(), frame.Kind, frame.Step, frame.Data); err != nil {
			tb.Fatal(err)
		}
	}
	if err := errors.Join(w.Sync(tb.Context()), f.Close()); err != nil {
		tb.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// read returns the frames before the error that ends a stream.
func read(r io.Reader, offset int64) ([]run.Frame, error) {
	var frames []run.Frame
	reader := run.NewReader(r, offset)
	for {
		f, err := reader.Next()
		if err != nil {
			return frames, err
		}
		f.Data = bytes.Clone(f.Data)
		frames = append(frames, f)
	}
}

func someFrames() []run.Frame {
	return []run.Frame{
		{Kind: run.FrameStart, Data: []byte(`{"pid":1}`)},
		{Kind: run.FrameStdout, Step: 1, Data: []byte("line\n\x00\xff\xf5T\x01\x09 not a record")},
		{Kind: run.FrameStderr, Step: 1, Data: nil},
		{Kind: run.FrameStdout, Step: 2, Data: bytes.Repeat([]byte("0123456789abcdef"), 128)},
		{Kind: run.FrameEnd, Data: []byte(`{"state":"finished"}`)},
	}
}

var ignorePlace = cmpopts.IgnoreFields(run.Frame{}, "At", "From", "To")

func TestReaderGivesWhatWasWritten(t *testing.T) {
	t.Parallel()
	want := someFrames()
	spool := write(t, want)
	for name, r := range map[string]io.Reader{
		"whole":        bytes.NewReader(spool),
		"byte by byte": iotest.OneByteReader(bytes.NewReader(spool)),
		"with its end": iotest.DataErrReader(bytes.NewReader(spool)),
	} {
		got, err := read(r, 0)
		if !errors.Is(err, io.EOF) {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got, ignorePlace, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestReaderGoesOnAtEveryFrame(t *testing.T) {
	t.Parallel()
	spool := write(t, someFrames())
	all, _ := read(bytes.NewReader(spool), 0)
	for i, f := range all {
		rest, err := read(bytes.NewReader(spool[f.To:]), f.To)
		if !errors.Is(err, io.EOF) {
			t.Errorf("after frame %d: %v", i, err)
		}
		if diff := cmp.Diff(all[i+1:], rest, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("after frame %d: %s", i, diff)
		}
	}
}

func TestReaderTellsEveryCut(t *testing.T) {
	t.Parallel()
	spool := write(t, someFrames())
	all, _ := read(bytes.NewReader(spool), 0)
	for n := range spool {
		got, err := read(bytes.NewReader(spool[:n]), 0)
		whole := 0
		for whole < len(all) && all[whole].To <= int64(n) {
			whole++
		}
		want := io.ErrUnexpectedEOF
		if whole == 0 && n == 0 || whole > 0 && all[whole-1].To == int64(n) {
			want = io.EOF
		}
		if !errors.Is(err, want) || len(got) != whole {
			t.Fatalf("cut at %d: %d frames and %v, want %d and %v", n, len(got), err, whole, want)
		}
	}
}

func TestReaderTellsEveryDamagedByte(t *testing.T) {
	t.Parallel()
	spool := write(t, someFrames())
	all, _ := read(bytes.NewReader(spool), 0)
	for n := range spool {
		damaged := bytes.Clone(spool)
		damaged[n] ^= 0x40
		got, err := read(bytes.NewReader(damaged), 0)
		whole := 0
		for all[whole].To <= int64(n) {
			whole++
		}
		var corrupt *run.CorruptError
		switch {
		case len(got) != whole:
			t.Fatalf("byte %d: %d frames, want %d", n, len(got), whole)
		case errors.As(err, &corrupt) && errors.Is(err, run.ErrCorrupt):
			if corrupt.Offset != all[whole].From {
				t.Fatalf("byte %d: damage said to be at %d, want %d", n, corrupt.Offset, all[whole].From)
			}
		case !errors.Is(err, io.ErrUnexpectedEOF): // a longer length reaches behind the end
			t.Fatalf("byte %d: %v", n, err)
		}
	}
}

func TestWriterSplitsLongPayloads(t *testing.T) {
	t.Parallel()
	long := bytes.Repeat([]byte("x"), 2*run.MaxPayload+1)
	got, err := read(bytes.NewReader(write(t, []run.Frame{{Kind: run.FrameStdout, Step: 3, Data: long}})), 0)
	if !errors.Is(err, io.EOF) || len(got) != 3 {
		t.Fatalf("%d frames, %v", len(got), err)
	}
	var joined []byte
	for _, f := range got {
		joined = append(joined, f.Data...)
	}
	if !bytes.Equal(joined, long) {
		t.Error("the parts are not the whole")
	}
}

func TestAnyFramesRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		var want []run.Frame
		for range rapid.IntRange(0, 8).Draw(rt, "frames") {
			want = append(want, run.Frame{
				Kind: run.FrameKind(rapid.IntRange(1, 9).Draw(rt, "kind")),
				Step: rapid.IntRange(0, 1000).Draw(rt, "step"),
				Data: rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(rt, "data"),
			})
		}
		got, err := read(bytes.NewReader(write(t, want)), 0)
		if !errors.Is(err, io.EOF) {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(want, got, ignorePlace, cmpopts.EquateEmpty()); diff != "" {
			rt.Fatal(diff)
		}
	})
}

// FuzzReader wants no more of any bytes than an orderly end: every frame that comes
// out has a right checksum, and the offsets have no gap.
func FuzzReader(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0xF5, 'T', 1, 3, 1, 0, 0, 0})
	f.Add(write(f, someFrames()))
	f.Fuzz(func(t *testing.T, data []byte) {
		frames, err := read(bytes.NewReader(data), 0)
		var at int64
		for _, frame := range frames {
			raw := data[frame.From:frame.To]
			sum := crc32.Checksum(append(bytes.Clone(raw[:20]), raw[24:]...), crc32.MakeTable(crc32.Castagnoli))
			if frame.From != at || binary.LittleEndian.Uint32(raw[20:]) != sum {
				t.Fatalf("frame at %d", frame.From)
			}
			at = frame.To
		}
		if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, run.ErrCorrupt) {
			t.Fatal(err)
		}
		if errors.Is(err, io.EOF) && at != int64(len(data)) {
			t.Fatalf("a clean end at %d of %d bytes", at, len(data))
		}
	})
}
