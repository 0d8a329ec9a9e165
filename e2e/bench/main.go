// Command bench measures the figures that Taffrail promises, with the real binary on
// real Docker, and prints them as one table: go run ./e2e/bench [BINARY [PART...]].
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"time"
)

// rounds is how often what varies is measured; the table has the median.
const rounds = 5

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	binary, only := "bin/taffrail", []string(nil)
	if len(os.Args) > 1 {
		binary, only = os.Args[1], os.Args[2:]
	}
	if err := measure(ctx, binary, only); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// row is one line of the table.
type row struct{ what, measured, target string }

func measure(ctx context.Context, binary string, only []string) error {
	var rows []row
	for _, part := range []struct {
		name    string
		measure func(context.Context, string) ([]row, error)
	}{
		{"size", size}, {"idle", idle}, {"services", with((*bench).deployments)},
		{"databases", with((*bench).databases)}, {"applications", with((*bench).applications)},
	} {
		if len(only) > 0 && !slices.Contains(only, part.name) {
			continue
		}
		more, err := part.measure(ctx, binary)
		if err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
		rows = append(rows, more...)
	}
	fmt.Printf("| %-50s | %-28s | %-34s |\n|%s|%s|%s|\n", "what", "measured", "target", dashes(52), dashes(30), dashes(36))
	for _, r := range rows {
		fmt.Printf("| %-50s | %-28s | %-34s |\n", r.what, r.measured, r.target)
	}
	return nil
}

func dashes(n int) string { return string(slices.Repeat([]byte("-"), n)) }

func size(_ context.Context, binary string) ([]row, error) {
	info, err := os.Stat(binary)
	if err != nil {
		return nil, fmt.Errorf("%w; run: make build", err)
	}
	return []row{{"binary", fmt.Sprintf("%.1f MB", float64(info.Size())/1e6), "< 35 MB"}}, nil
}

// quantile is the value below which this share of the durations lies.
func quantile(list []time.Duration, share float64) time.Duration {
	if len(list) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(list))
	return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)]
}

func median(list []time.Duration) time.Duration { return quantile(list, 0.5) }

// pause waits, or less when ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond)) }
