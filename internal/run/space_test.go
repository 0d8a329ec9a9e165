package run_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/run"
)

// smallDisk is a target whose disk holds size bytes.
func smallDisk(tb testing.TB, size string) *target {
	tb.Helper()
	t := newTarget(tb)
	if err := unix.Mount("taffrail-test", t.remote, "tmpfs", 0, "size="+size); err != nil {
		if os.Getenv("CI") == "true" {
			tb.Fatalf("mount a small disk: %v", err)
		}
		tb.Skipf("needs to be run as root, to mount a small disk: %v", err)
	}
	tb.Cleanup(func() {
		if err := unix.Unmount(t.remote, unix.MNT_DETACH); err != nil {
			tb.Errorf("unmount: %v", err)
		}
	})
	return t
}

func (t *target) grow(size string) {
	t.tb.Helper()
	if err := unix.Mount("taffrail-test", t.remote, "tmpfs", unix.MS_REMOUNT, "size="+size); err != nil {
		t.tb.Fatal(err)
	}
}

// full says whether nothing more can be written.
func (t *target) full() bool {
	var s unix.Statfs_t
	return unix.Statfs(t.remote, &s) == nil && s.Bavail == 0
}

func (t *target) spool(id core.ID) []byte {
	t.tb.Helper()
	data, err := os.ReadFile(filepath.Join(t.dir(id), "spool"))
	if err != nil {
		t.tb.Fatal(err)
	}
	return data
}

func TestFullDiskBlocksAndLosesNothing(t *testing.T) {
	t.Parallel()
	const lines = 500_000
	target := smallDisk(t, "1m")
	s := target.script(sh("a", `seq "$1"`, fmt.Sprint(lines)), sh("b", "echo after"))
	target.launch(s)
	until(t, "a full disk", target.full)
	assertState(t, target, s.ID, run.StateRunning, "")
	target.grow("16m")
	rec := target.follow(s.ID)
	var want bytes.Buffer
	for i := range lines {
		fmt.Fprintln(&want, i+1)
	}
	if got := rec.text(run.FrameStdout, 1); got != want.String() {
		t.Errorf("%d of %d bytes", len(got), want.Len())
	}
	if end := rec.end(); end.State != run.StateFinished || rec.text(run.FrameStdout, 2) != "after\n" {
		t.Errorf("%+v", end)
	}
}

func TestKillOnAFullDiskLeavesNoFalseRecord(t *testing.T) {
	t.Parallel()
	target := smallDisk(t, "1m")
	s := target.script(sh("a", `echo $$ >"$1"; exec cat /dev/zero`, filepath.Join(t.TempDir(), "pid")))
	target.launch(s)
	until(t, "a full disk", target.full)
	if err := run.Kill(t.Context(), target.dir(s.ID)); err != nil {
		t.Fatal(err)
	}
	assertState(t, target, s.ID, run.StateDead, run.ReasonKilled)
	frames, err := read(bytes.NewReader(target.spool(s.ID)), 0)
	if !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	for _, f := range frames[2:] {
		if f.Kind != run.FrameStdout || len(bytes.Trim(f.Data, "\x00")) > 0 {
			t.Fatalf("frame of kind %d at %d", f.Kind, f.From)
		}
	}
}

// TestAcknowledgementsMakeRoom runs more through a disk than it can hold.
func TestAcknowledgementsMakeRoom(t *testing.T) {
	t.Parallel()
	const size = 64 << 20
	target := smallDisk(t, "24m")
	s := target.script(sh("a", `head -c "$1" /dev/zero`, fmt.Sprint(size)))
	target.launch(s)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	acks, ackEnd := io.Pipe()
	defer func() { _ = ackEnd.Close() }()
	var seen int64
	err := run.Follow(ctx, target.dir(s.ID), 0, writerFunc(func(b []byte) (int, error) {
		seen += int64(len(b))
		_, err := fmt.Fprintf(ackEnd, "ack %d\n", seen)
		return len(b), err
	}), acks)
	if err != nil || seen < size {
		t.Errorf("%v after %d bytes", err, seen)
	}
}

func TestWriterGivesUpWithItsContext(t *testing.T) {
	t.Parallel()
	target := smallDisk(t, "64k")
	f, err := os.OpenFile(target.file("spool"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	w := run.NewWriter(f)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		for {
			if err := w.Write(ctx, run.FrameStdout, 1, make([]byte, 10_000)); err != nil {
				done <- err
				return
			}
		}
	}()
	until(t, "a full disk", target.full)
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	target.grow("1m")
	// Behind half a record nothing must come any more.
	if err := w.Write(t.Context(), run.FrameInfo, 1, nil); err == nil {
		t.Error("a frame was written behind a broken one")
	}
	data, err := os.ReadFile(target.file("spool"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := read(bytes.NewReader(data), 0); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
}
