package run

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestProgressGetsRarer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
		defer cancel()
		var said []string
		var at []time.Duration
		progress(ctx, func() int64 { return int64(time.Since(began) / time.Microsecond) }, func(text string) {
			said, at = append(said, text), append(at, time.Since(began))
		})
		var want []time.Duration
		for _, seconds := range []int{10, 30, 70, 150, 310, 610, 910} {
			want = append(want, time.Duration(seconds)*time.Second)
		}
		if !slices.Equal(at, want) || said[0] != "10.0 MB" || said[6] != "910.0 MB" {
			t.Errorf("said %q at %s", said, at)
		}
	})
}

func TestBytesText(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{
		0: "0 bytes", 999: "999 bytes", 1000: "1.0 kB", 999_949: "999.9 kB", 999_950: "1.0 MB", 1_234_567_890: "1.2 GB", 5_000_000_000_000_000: "5000.0 TB",
	} {
		if got := bytesText(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}
