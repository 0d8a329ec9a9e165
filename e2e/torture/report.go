package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"sync"
	"time"
)

const reportFile = "report.json"

// mostShown is how many violations are told; all are counted.
const mostShown = 40

// report is what an arena found.
type report struct {
	Seed       uint64
	Faults     map[string]int             // by kind
	Took       map[string][]time.Duration // by kind: until all was seen that was printed before its end
	Lives      int
	Lines      int // in logs
	Printed    int // by commands
	Streams    int // connections of observers
	Cuts       int // connections that were broken off
	Refused    int // deployments that said no before anything was started, and were right
	Disturbed  int // deployments to the real Docker while that was away, of which nothing is expected but an end
	Violations []string
	Count      int // of violations
}

func newReport(seed uint64) report {
	return report{Seed: seed, Faults: map[string]int{}, Took: map[string][]time.Duration{}}
}

// add adds what another arena found.
func (r *report) add(o report) {
	for kind, n := range o.Faults {
		r.Faults[kind] += n
	}
	for kind, list := range o.Took {
		r.Took[kind] = append(r.Took[kind], list...)
	}
	r.Lives += o.Lives
	r.Lines += o.Lines
	r.Printed += o.Printed
	r.Streams += o.Streams
	r.Cuts += o.Cuts
	r.Refused += o.Refused
	r.Disturbed += o.Disturbed
	r.Count += o.Count
	r.Violations = append(r.Violations, o.Violations...)
}

func (r *report) print(out io.Writer) {
	fmt.Fprintf(out, "\n%-22s %7s %10s %10s %10s\n", "fault", "times", "back p50", "p99", "most")
	total := 0
	for _, kind := range slices.Sorted(maps.Keys(r.Faults)) {
		took := r.Took[kind]
		total += r.Faults[kind]
		fmt.Fprintf(out, "%-22s %7d %10s %10s %10s\n", kind, r.Faults[kind], quantile(took, 0.5), quantile(took, 0.99), quantile(took, 1))
	}
	fmt.Fprintf(out, "%-22s %7d\n\n", "all", total)
	fmt.Fprintf(out, "deployments %d (%d refused before their start, %d while Docker was away), lines in logs %d, of commands %d, streams %d, connections cut %d\n",
		r.Lives, r.Refused, r.Disturbed, r.Lines, r.Printed, r.Streams, r.Cuts)
	for _, v := range r.Violations {
		fmt.Fprintln(out, "VIOLATION", v)
	}
	fmt.Fprintf(out, "violations %d, seed %d\n", r.Count, r.Seed)
}

// quantile is the duration below which this share of the durations lies.
func quantile(list []time.Duration, share float64) time.Duration {
	if len(list) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(list))
	return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)].Round(time.Millisecond)
}

// reporter is a report that several write to.
type reporter struct {
	alarm chan struct{} // closed with the first violation
	mu    sync.Mutex    // guards the report
	report
}

func newReporter(seed uint64) *reporter {
	return &reporter{report: newReport(seed), alarm: make(chan struct{})}
}

func (r *reporter) violate(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.Count++; r.Count == 1 {
		close(r.alarm)
	}
	if len(r.Violations) < mostShown {
		r.Violations = append(r.Violations, text)
	}
}

func (r *reporter) lived(lines, printed int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Lives++
	r.Lines += lines
	r.Printed += printed
}

func (r *reporter) refused() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Refused++
}

func (r *reporter) disturbed() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Disturbed++
}

func (r *reporter) streams(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Streams += n
}

func (r *reporter) cut(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Cuts += n
}

func (r *reporter) fault(kind string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Faults[kind]++
}

func (r *reporter) took(kind string, d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Took[kind] = append(r.Took[kind], d)
}

func (r *reporter) write(path string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	text, err := json.Marshal(r.report)
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}
