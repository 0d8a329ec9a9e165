package main

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"
)

// late is how long after a fault an observer may still lack what was printed before its
// end. It is far from what is promised, which is a figure of the report: on a busy machine
// everything may take long, and that is no fault of the controller's.
const late = 90 * time.Second

// nemesis breaks things, in an order that its seed gives.
type nemesis struct {
	*arena
	random *rand.Rand
	faults []fault
	moved  map[*life]moved
}

func newNemesis(a *arena) (*nemesis, error) {
	n := &nemesis{arena: a, random: a.random(1), moved: map[*life]moved{}}
	var wanted, left []string
	for name := range strings.SplitSeq(a.Faults, ",") {
		if rest, not := strings.CutPrefix(name, "-"); not {
			left = append(left, rest)
		} else {
			wanted = append(wanted, name)
		}
	}
	for _, name := range append(slices.Clone(wanted), left...) {
		if name != "all" && !slices.ContainsFunc(faults(), func(f fault) bool { return f.name == name }) {
			return nil, fmt.Errorf("there is no fault %q", name)
		}
	}
	all := len(wanted) == 0 || slices.Contains(wanted, "all")
	for _, f := range faults() {
		if (all || slices.Contains(wanted, f.name)) && !slices.Contains(left, f.name) && (f.needs == nil || f.needs(a)) {
			n.faults = append(n.faults, f)
		}
	}
	return n, nil
}

// rage makes faults, one or two at a time, until ctx ends.
func (n *nemesis) rage(ctx context.Context) {
	for len(n.faults) > 0 {
		gap := time.Duration(n.random.ExpFloat64() * float64(n.Gap))
		if pause(ctx, min(gap, 4*n.Gap)) != nil {
			return
		}
		n.spare(ctx)
		first := n.pick("")
		chosen := []fault{first}
		if n.random.IntN(5) == 0 {
			if second := n.pick(first.group); second.name != "" {
				chosen = append(chosen, second)
			}
		}
		var names []string
		var all sync.WaitGroup
		for _, f := range chosen {
			names = append(names, f.name)
			length := f.least
			if f.most > f.least {
				length += time.Duration(n.random.Int64N(int64(f.most - f.least)))
			}
			n.tell("%s for %s", f.name, length.Round(ms))
			all.Go(func() { n.strike(ctx, f, length) })
		}
		all.Wait()
		if n.controller.deserted() {
			n.report.violate(n.Store + ": the controller ended by itself")
			if err := n.revive(ctx); err != nil {
				return
			}
		}
		// Now and then the next one comes before they have recovered; mostly so in a hurry.
		if waits := n.random.IntN(4); waits == 0 || waits < 3 && n.Gap >= sec {
			n.recover(ctx, names)
		}
	}
}

// A deployment that has not moved for long is let go on: on a machine so busy that nothing
// is done between two faults, it would be the rig that keeps it from its end.
const (
	starving = 15 * time.Second
	mercy    = 90 * time.Second
)

func (n *nemesis) spare(ctx context.Context) {
	began := time.Now()
	living := n.living()
	maps.DeleteFunc(n.moved, func(l *life, _ moved) bool { return !slices.Contains(living, l) })
	for time.Since(began) < mercy {
		hungry := slices.ContainsFunc(n.living(), func(l *life) bool { return n.idle(l) > starving })
		if !hungry || pause(ctx, 50*ms) != nil {
			return
		}
	}
}

// idle is how long a deployment has shown nothing new.
func (n *nemesis) idle(l *life) time.Duration {
	last, _, ended := l.journals[0].state()
	if at := n.moved[l]; ended || at.line != last || at.since.IsZero() {
		n.moved[l] = moved{last, time.Now()}
	}
	return time.Since(n.moved[l].since)
}

// moved is when a deployment came to a line.
type moved struct {
	line  int64
	since time.Time
}

func (n *nemesis) strike(ctx context.Context, f fault, length time.Duration) {
	if err := f.strike(ctx, n.arena, length); err != nil && ctx.Err() == nil {
		n.report.violate(fmt.Sprintf("%s: %s: %v", n.Store, f.name, err))
		return
	}
	n.report.fault(f.name)
}

// pick chooses a fault of another group than this.
func (n *nemesis) pick(but string) fault {
	total := 0
	for _, f := range n.faults {
		if f.group != but {
			total += f.weight
		}
	}
	if total == 0 {
		return fault{}
	}
	at := n.random.IntN(total)
	for _, f := range n.faults {
		if f.group == but {
			continue
		}
		if at -= f.weight; at < 0 {
			return f
		}
	}
	return fault{}
}

// recover measures how long it takes until observers have seen all that was printed
// before now.
func (n *nemesis) recover(ctx context.Context, names []string) {
	began := time.Now()
	behind := map[*life]int{}
	for _, l := range n.living() {
		behind[l] = l.printed()
	}
	name := strings.Join(names, "+")
	for len(behind) > 0 {
		for l, want := range behind {
			if _, printed, ended := l.journals[0].state(); printed >= want || ended {
				delete(behind, l)
				if took := time.Since(began); took > sec {
					n.tell("%s %s (%s) had all %d lines after %s", l.name, l.deployment, l.order.Shape, want, took.Round(ms))
				}
			}
		}
		if time.Since(began) > late {
			for l, want := range behind {
				last, printed, _ := l.journals[0].state()
				l.complain("%s after %s not caught up: %d of %d lines, at line %d", late, name, printed, want, last)
			}
			return
		}
		if pause(ctx, 5*ms) != nil {
			return
		}
	}
	n.report.took(name, time.Since(began))
	n.tell("caught up after %s", time.Since(began).Round(ms))
}
