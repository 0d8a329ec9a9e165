package server

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// broken breaks after each message, as a database does that is restarted.
type broken struct{ payloads []string }

func (b *broken) Listen(ctx context.Context, heard func(string)) error {
	if len(b.payloads) == 0 {
		<-ctx.Done()
		return context.Cause(ctx)
	}
	heard(b.payloads[0])
	b.payloads = b.payloads[1:]
	return errors.New("connection lost")
}

func TestOthersAreHeardAgainAfterABreak(t *testing.T) {
	t.Parallel()
	got := make(chan string, 10)
	s := others(&broken{payloads: []string{"log:7", "queue", "log:x", "log:8"}}, slog.New(slog.DiscardHandler),
		func() { got <- "queue" }, func(id int64) { got <- map[int64]string{7: "seven", 8: "eight"}[id] })
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	heard := []string{<-got, <-got, <-got}
	if diff := cmp.Diff([]string{"seven", "queue", "eight"}, heard); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		t.Error(err)
	}
}
