package deploy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/run"
)

// A batch is committed when it is this old, or this large, whichever comes first. The
// first line after a quiet time goes at once.
const (
	batchAge   = 50 * time.Millisecond
	batchLines = 1000
)

// ackEvery is how much of the spool may be durable here before the target is told that
// it may free it.
const ackEvery = 4 << 20

// follow reads the spool over one connection until the end record. It returns nil only
// when that was taken in; the last batch is not committed then, since it belongs into
// the transaction that settles.
func (j *journey) follow(ctx context.Context, away *time.Time) error {
	if err := j.replay(ctx); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	offset := j.ingest.Offset()
	follower, err := j.on().Follow(ctx, j.script().ID, offset)
	if err != nil {
		return err
	}
	frames := make(chan run.Frame, 256)
	failed := make(chan error, 1)
	go func() { failed <- read(ctx, follower, offset, frames) }()
	defer func() {
		stop()
		_ = follower.Close()
		for range frames { // until the reader has closed it
		}
	}()
	w := &writer{journey: j, acked: offset, ack: follower.Ack}
	return w.consume(ctx, frames, failed, away)
}

// replay brings the ingest back to its last committed state, since a new connection
// starts at the committed offset. Nothing is lost: what was not committed comes again.
func (j *journey) replay(ctx context.Context) error {
	if lines, steps := j.ingest.Dirty(); lines > 0 || steps {
		if err := j.commit(ctx); err != nil {
			return err
		}
	}
	return j.ingest.Rewind()
}

// read decodes frames until the stream ends, copying each.
func read(ctx context.Context, r io.Reader, offset int64, frames chan<- run.Frame) error {
	defer close(frames)
	reader := run.NewReader(r, offset)
	for {
		f, err := reader.Next()
		if err != nil {
			return err
		}
		f.Data = slices.Clone(f.Data)
		select {
		case frames <- f:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// writer takes frames in and commits them in batches.
type writer struct {
	*journey
	last  time.Time // of the last commit
	acked int64
	ack   func(offset int64)
}

func (w *writer) consume(ctx context.Context, frames <-chan run.Frame, failed <-chan error, away *time.Time) error {
	timer := time.NewTimer(batchAge)
	timer.Stop()
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case f, ok := <-frames:
			if !ok {
				return w.broken(ctx, <-failed)
			}
			if !away.IsZero() {
				w.back(away)
			}
			if err := w.take(ctx, f, timer); err != nil {
				return err
			}
			if w.ingest.End() != nil {
				return nil
			}
		case n := <-w.notes:
			w.say(n.stream, n.text)
			timer.Reset(0)
		case <-timer.C:
			if err := w.commitNow(ctx); err != nil {
				return err
			}
		}
	}
}

// broken commits what came before a connection broke and says how it broke.
func (w *writer) broken(ctx context.Context, err error) error {
	if commitErr := w.commitNow(ctx); commitErr != nil {
		return commitErr
	}
	if err == nil || errors.Is(err, io.EOF) {
		return core.Errorf(core.CodeUnavailable, "The stream of the run ended before its end record.")
	}
	return err
}

// back says that the server can be reached again.
func (w *writer) back(away *time.Time) {
	w.say(core.Info, fmt.Sprintf("Connection to the server is back after %s; the output went on there and nothing of it is lost.",
		time.Since(*away).Round(time.Second/10)))
	*away = time.Time{}
}

// take takes one frame in and decides when to commit.
func (w *writer) take(ctx context.Context, f run.Frame, timer *time.Timer) error {
	if err := w.ingest.Take(f); err != nil {
		return fmt.Errorf("take in frame at %d: %w", f.From, err)
	}
	lines, steps := w.ingest.Dirty()
	switch {
	case w.ingest.End() != nil || lines == 0 && !steps:
		return nil
	case lines >= batchLines:
		return w.commitNow(ctx)
	}
	timer.Reset(max(batchAge-time.Since(w.last), 0))
	return nil
}

func (w *writer) commitNow(ctx context.Context) error {
	if err := w.commit(ctx); err != nil {
		return err
	}
	w.last = time.Now()
	if offset := w.ingest.Offset(); offset-w.acked >= ackEvery {
		w.ack(offset)
		w.acked = offset
	}
	return nil
}

// commit writes what waits, trying again for as long as the store is in trouble: with a
// full disk or a database away we stop reading, and the spool keeps the rest. It gives
// up only when the lease is lost or ctx ends.
func (j *journey) commit(ctx context.Context) error {
	if lines, steps := j.ingest.Dirty(); lines == 0 && !steps {
		return nil
	}
	batch, err := j.ingest.Batch()
	if err != nil {
		return err
	}
	if err := j.retryStore(ctx, func() error { return j.deps.Store.AppendLog(ctx, batch) }); err != nil {
		return err
	}
	j.ingest.Committed(batch)
	j.deps.Hub.Wake(j.d.LogID)
	return nil
}

// retryStore calls act until it succeeds or is refused for good.
func (j *journey) retryStore(ctx context.Context, act func() error) error {
	for pause := firstPause; ; pause = min(pause*2, longestPause) {
		err := act()
		if err == nil || ctx.Err() != nil || core.CodeOf(err) == core.CodeLost {
			return err
		}
		j.log.Error("store refuses a write, trying again", "error", err)
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// say adds a line of Taffrail's own; it is committed with the next batch.
func (j *journey) say(stream core.Stream, text string) {
	j.ingest.Say(time.Now().UTC(), stream, text)
}

// fields shows the faults of single fields as one sentence each.
func fields(e *core.Error) string {
	var text []string
	for _, name := range slices.Sorted(maps.Keys(e.Fields)) {
		text = append(text, name+": "+strings.Join(e.Fields[name], " "))
	}
	return strings.Join(text, "; ")
}
