package web

import (
	"context"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/taffrail/taffrail/internal/core"
)

// pile is a log in memory that counts how often it is read.
type pile struct {
	lines []core.Line
	reads int
}

func (p *pile) LinesAfter(_ context.Context, _, after int64, limit int) ([]core.Line, error) {
	p.reads++
	from := min(int(after), len(p.lines))
	return p.lines[from:min(from+limit, len(p.lines))], nil
}

func (p *pile) GetCursor(context.Context, int64) (core.Cursor, int64, error) {
	return core.Cursor{}, int64(len(p.lines)), nil
}

func (p *pile) add(step, n int, hidden bool) {
	for range n {
		p.lines = append(p.lines, core.Line{Seq: int64(len(p.lines) + 1), Step: step, Hidden: hidden})
	}
}

// TestOutline compares with looking at every line, for logs that grow while somebody
// looks at them.
func TestOutline(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := &pile{}
		o := newOutlines(p)
		for step := range rapid.IntRange(1, 8).Draw(t, "steps") {
			p.add(0, rapid.IntRange(0, 3).Draw(t, "own"), false)
			p.add(step+1, 1, false)
			p.add(step+1, rapid.IntRange(0, 900).Draw(t, "lines"), rapid.Bool().Draw(t, "hidden"))
			if rapid.Bool().Draw(t, "look") {
				if _, _, err := o.of(t.Context(), 1); err != nil {
					t.Fatal(err)
				}
			}
		}
		got, last, err := o.of(t.Context(), 1)
		if err != nil || last != int64(len(p.lines)) {
			t.Fatal(last, err)
		}
		exact := &surveyor{}
		for _, l := range p.lines {
			exact.add(section{l.Seq, l.Seq, l.Step, l.Hidden})
		}
		if !reflect.DeepEqual(got, exact.out) {
			t.Fatalf("%v, want %v", got, exact.out)
		}
	})
}

func TestOutlineOfAMillionLines(t *testing.T) {
	t.Parallel()
	p := &pile{}
	for step := range 10 {
		p.add(step+1, 100_000, step%3 == 2)
	}
	o := newOutlines(p)
	list, _, err := o.of(t.Context(), 1)
	if err != nil || len(list) != 10 || p.reads > 700 {
		t.Errorf("%d sections by %d reads, %v", len(list), p.reads, err)
	}
	before := p.reads
	if _, _, err := o.of(t.Context(), 1); err != nil || p.reads != before {
		t.Errorf("a second look reads %d times, %v", p.reads-before, err)
	}
	o.known[1] = list[:0:0]
	for id := range int64(600) {
		o.keep(id, nil)
	}
	if len(o.known) > knownOutlines {
		t.Errorf("%d outlines are kept", len(o.known))
	}
}
