package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"
)

// spaceRetry is how often a writer tries again when the disk is full.
const spaceRetry = 100 * time.Millisecond

// Writer appends frames to a spool. It may be used by several goroutines; frames never
// mix. When there is no space on the disk it waits until there is, however long that
// takes, and goes on in the middle of the record: nothing is lost, and a reader sees a
// record that is not complete yet. It gives up only when the context ends.
type Writer struct {
	mu    sync.Mutex
	file  *os.File
	buf   []byte
	dirty bool
	err   error // of a write that broke off: nothing may come behind half a record
}

// NewWriter appends to file, which must have been opened for appending and stays the
// caller's to close.
func NewWriter(file *os.File) *Writer { return &Writer{file: file} }

// Write appends data as one frame, or as several when it is longer than MaxPayload.
func (w *Writer) Write(ctx context.Context, kind FrameKind, step int, data []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for first := true; first || len(data) > 0; first = false {
		part := data[:min(len(data), MaxPayload)]
		data = data[len(part):]
		w.buf = appendFrame(w.buf[:0], kind, step, time.Now(), part)
		if err := w.append(ctx, w.buf); err != nil {
			return err
		}
	}
	return nil
}

// WriteJSON appends v as one frame. It must not be longer than MaxPayload as JSON.
func (w *Writer) WriteJSON(ctx context.Context, kind FrameKind, step int, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode frame: %w", err)
	}
	if len(data) > MaxPayload {
		return fmt.Errorf("encode frame: %d bytes are too much", len(data))
	}
	return w.Write(ctx, kind, step, data)
}

// Sync returns when everything written so far is on the disk.
func (w *Writer) Sync(ctx context.Context) error {
	w.mu.Lock()
	dirty := w.dirty
	w.dirty = false
	w.mu.Unlock()
	for dirty {
		err := syscall.Fdatasync(int(w.file.Fd()))
		if err == nil {
			return nil
		}
		if !waitsForSpace(err) {
			return fmt.Errorf("sync spool: %w", err)
		}
		if err := pause(ctx, spaceRetry); err != nil {
			return err
		}
	}
	return nil
}

func (w *Writer) append(ctx context.Context, b []byte) error {
	if w.err != nil {
		return w.err
	}
	w.dirty = true
	for {
		n, err := w.file.Write(b)
		if err == nil {
			return nil
		}
		b = b[n:]
		if !waitsForSpace(err) {
			w.err = fmt.Errorf("write spool: %w", err)
			return w.err
		}
		if err := pause(ctx, spaceRetry); err != nil {
			w.err = fmt.Errorf("write spool: no space: %w", err)
			return w.err
		}
	}
}

func waitsForSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EINTR)
}

// pause waits, or returns the context's error when that ends first.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
