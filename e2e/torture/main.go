// Command torture breaks a real controller in every way it can think of, while programs
// that keep their own record of what they printed are being deployed, and checks that
// nothing was lost, repeated, reordered, shown before it was kept, started twice or
// called failed that was not: go run ./e2e/torture -minutes 5 [-seed N].
//
// Everything that it breaks is its own: it works in network, mount and process namespaces
// of its own, which vanish with it. Nothing here knows how Taffrail keeps its promise. What
// must be in a log is worked out anew from what was printed (record.go), and looked for
// where anybody may look: in the streams, pages and rows (observer.go, check.go).
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// options is what a person may choose.
type options struct {
	Binary  string
	Minutes float64
	Seed    uint64
	Stores  string
	Faults  string
	Lives   int
	Gap     time.Duration
	Clock   bool
	Docker  bool
	Shapes  string
	Mutants string
	First   bool
	Keep    string
	Verbose bool
}

func main() {
	if filepath.Base(os.Args[0]) == "docker" {
		os.Exit(docker(os.Args[1:]))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout)
	stop()
	os.Exit(code)
}

// run is the whole program but its process. 0: nothing wrong, 1: violations, 2: no answer.
func run(ctx context.Context, args []string, out io.Writer) int {
	if len(args) > 0 && args[0] == insideWord {
		return inside(ctx, args[1:])
	}
	o, what, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err == nil {
		switch what {
		case "mutants":
			err = mutate(ctx, o, out)
		case "faults":
			listFaults(out)
		default:
			var r report
			if r, err = torture(ctx, o, out); err == nil {
				r.print(out)
				if len(r.Violations) > 0 {
					return 1
				}
			}
		}
	}
	if err != nil {
		fmt.Fprintln(out, "torture:", err)
		return 2
	}
	return 0
}

// parse reads the command line: flags, and perhaps the word "mutants" or "faults".
func parse(args []string) (options, string, error) {
	o := options{Seed: uint64(time.Now().UnixNano()) % 1_000_000}
	flags := flag.NewFlagSet("torture [mutants|faults]", flag.ContinueOnError)
	flags.StringVar(&o.Binary, "binary", "", "the controller; built when it is not given")
	flags.Float64Var(&o.Minutes, "minutes", 5, "how long faults are made")
	flags.Uint64Var(&o.Seed, "seed", o.Seed, "what is done when; printed with the report")
	flags.StringVar(&o.Stores, "stores", "sqlite,postgres", "stores to work with, each with a controller of its own at the same time")
	flags.StringVar(&o.Faults, "faults", "all", "comma-separated names of faults; a name with - before it is left out")
	flags.IntVar(&o.Lives, "lives", 4, "deployments at a time, for each store")
	flags.DurationVar(&o.Gap, "gap", 2*time.Second, "mean quiet time between two faults")
	flags.BoolVar(&o.Clock, "clock", false, "let clocks be wrong as well: the controller is built with a clock that can be set (minutes, the first time)")
	flags.BoolVar(&o.Docker, "dockerd", false, "deploy to a Docker of the rig's own as well, and restart it")
	flags.StringVar(&o.Shapes, "shapes", "", "comma-separated shapes of what is printed; all unless given")
	flags.StringVar(&o.Mutants, "only", "", "comma-separated names of mutants; all unless given")
	flags.BoolVar(&o.First, "first", false, "end with the first violation")
	flags.StringVar(&o.Keep, "keep", "", "folder for logs and journals of what went wrong")
	flags.BoolVar(&o.Verbose, "v", false, "say each fault as it is made")
	what := ""
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		what, args = args[0], args[1:]
	}
	err := flags.Parse(args)
	return o, what, err
}

// torture runs an arena for each store and adds up what they found.
func torture(ctx context.Context, o options, out io.Writer) (report, error) {
	total := newReport(o.Seed)
	if os.Geteuid() != 0 {
		return total, errors.New("it must be root, to break networks and disks of its own")
	}
	dir, err := os.MkdirTemp("", "taffrail-torture-")
	if err != nil {
		return total, err
	}
	defer os.RemoveAll(dir)
	if o.Binary == "" || o.Clock {
		var overlay map[string]string
		if o.Clock {
			if overlay, err = clockOverlay(ctx); err != nil {
				return total, err
			}
		}
		if o.Binary, err = build(ctx, dir, overlay); err != nil {
			return total, err
		}
	}
	if o.Binary, err = filepath.Abs(o.Binary); err != nil {
		return total, err
	}
	type answer struct {
		report
		err error
	}
	answers := make(chan answer)
	out = &shared{w: out}
	stores := strings.Split(o.Stores, ",")
	for i, store := range stores {
		a := arenaOptions{options: o, Store: store, Dir: filepath.Join(dir, fmt.Sprint(i, "-", store))}
		a.Seed += uint64(i) * 1_000_003
		go func() {
			r, err := enter(ctx, a, out)
			answers <- answer{r, err}
		}()
	}
	for range stores {
		a := <-answers
		err = errors.Join(err, a.err)
		total.add(a.report)
	}
	return total, err
}

// shared is a writer that several arenas write to at the same time.
type shared struct {
	mu sync.Mutex
	w  io.Writer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(p)
}

// inside is the program in its own namespaces: it works in one arena.
func inside(ctx context.Context, args []string) int {
	var o arenaOptions
	err := json.Unmarshal([]byte(strings.Join(args, "")), &o)
	if err == nil {
		err = work(ctx, o)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "torture: %s: %v\n", o.Store, err)
		return 2
	}
	return 0
}

// pause waits, or less when ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
