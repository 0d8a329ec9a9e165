package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// mask stands for a secret in a log.
const mask = "<REDACTED>"

// order tells a producer what to print. Both the producer and the checker can work out
// everything from it, so that what was printed need not be kept.
type order struct {
	Seed    uint64
	Secrets []string
	Shape   string
	Exit    int // of the last command
}

// The streams of a command.
const (
	stdout = "stdout"
	stderr = "stderr"
)

// record is one line of a producer.
type record struct {
	stream string
	raw    []byte // with its end of line, if it has one
	cut    int    // write(2) ends here, in the middle of a secret; 0: nowhere
}

// shape is how a producer prints.
type shape struct {
	name    string
	weight  int
	records [2]int        // fewest and most
	length  [2]int        // of a line in bytes
	pause   time.Duration // longest, between two lines
}

// shapes are trickles, bursts and lines as long as files.
func shapes() []shape {
	return []shape{
		{"trickle", 50, [2]int{60, 300}, [2]int{0, 120}, 30 * time.Millisecond},
		{"quiet", 15, [2]int{3, 9}, [2]int{0, 300}, 900 * time.Millisecond},
		{"burst", 20, [2]int{2000, 12000}, [2]int{0, 200}, 0},
		{"wide", 10, [2]int{100, 400}, [2]int{1 << 10, 64<<10 + 2}, 4 * time.Millisecond},
		{"flood", 1, [2]int{400, 1300}, [2]int{32 << 10, 50 << 10}, 0},
		{"giant", 5, [2]int{2, 5}, [2]int{64<<10 - 1, 5 << 20}, 200 * time.Millisecond},
	}
}

func shapeOf(name string) shape {
	for _, s := range shapes() {
		if s.name == name {
			return s
		}
	}
	return shapes()[0]
}

// choose picks a shape of those named, or of all, by its weight.
func choose(random *rand.Rand, names string) string {
	var list []shape
	total := 0
	for _, s := range shapes() {
		if names == "" || slices.Contains(strings.Split(names, ","), s.name) {
			list, total = append(list, s), total+s.weight
		}
	}
	n := random.IntN(max(total, 1))
	for _, s := range list {
		if n -= s.weight; n < 0 {
			return s.name
		}
	}
	return shapes()[0].name
}

// generator makes the records of one command, the same ones from the same order.
type generator struct {
	random  *rand.Rand
	shape   shape
	secrets []string
	left    int
}

func newGenerator(o order, part string) *generator {
	sum := sha256.Sum256([]byte(part))
	g := &generator{random: rand.New(rand.NewPCG(o.Seed, uint64(sum[0])<<8|uint64(sum[1]))), shape: shapeOf(o.Shape), secrets: o.Secrets}
	g.left = g.between(g.shape.records)
	return g
}

func (g *generator) between(r [2]int) int { return r[0] + g.random.IntN(r[1]-r[0]+1) }

// next makes the next record; false when that was the last.
func (g *generator) next() (record, bool) {
	if g.left == 0 {
		return record{}, false
	}
	g.left--
	r := record{stream: stdout}
	if g.random.IntN(5) == 0 {
		r.stream = stderr
	}
	r.raw = g.text(g.between(g.shape.length))
	if len(r.raw) < 60<<10 { // longer ones are cut into parts, never within a character: they stay plain
		g.spice(&r)
	}
	if g.left > 0 || g.random.IntN(2) == 0 {
		r.raw = append(r.raw, '\n')
	}
	return r, true
}

var words = strings.Fields("ship mast rope tide wind sail deck keel hull oar reef knot bow stern log line rudder anchor")

// text is words, as long as asked for.
func (g *generator) text(length int) []byte {
	b := make([]byte, 0, length+16)
	for len(b) < length {
		b = append(append(b, words[g.random.IntN(len(words))]...), ' ')
	}
	b = b[:length]
	if length > 0 && b[length-1] == ' ' {
		b[length-1] = 'x'
	}
	return b
}

// spice adds what programs print besides words.
func (g *generator) spice(r *record) {
	switch g.random.IntN(12) {
	case 0:
		r.raw = append(r.raw, "\r50 percent\r100 percent"...)
	case 1:
		r.raw = append(r.raw, " \x1b[31mred\x1b[0m"...)
	case 2:
		r.raw = append(r.raw, " \xff\xfe and \xc3( \x00 end"...)
	case 3:
		r.raw = append(r.raw, " \t \r"...)
	case 4, 5, 6:
		secret := g.secrets[g.random.IntN(len(g.secrets))]
		r.raw = append(r.raw, " at "...)
		if g.random.IntN(3) == 0 { // the start of a secret, which must stay, right before a whole one
			r.raw = append(r.raw, secret[:g.random.IntN(len(secret)/2)]...)
		}
		r.cut = len(r.raw) + 1 + g.random.IntN(len(secret)-1)
		r.raw = append(append(r.raw, secret...), " it is"...)
	}
}

// wait is how long the producer waits behind a record, and inside of one that is cut.
func (g *generator) wait() (behind, within time.Duration) {
	if g.shape.pause > 0 {
		behind = time.Duration(g.random.Int64N(int64(g.shape.pause)))
	}
	if g.shape.records[1] < 1000 && g.random.IntN(2) == 0 {
		within = time.Duration(60+g.random.IntN(120)) * time.Millisecond
	}
	return behind, within
}

// oracle says what a line must look like in a log.
func oracle(raw []byte, secrets []string) string {
	line := bytes.TrimSuffix(raw, []byte("\n"))
	line = hide(line, secrets)
	text := strings.ToValidUTF8(string(bytes.TrimRight(line, " \t\r")), "\uFFFD")
	return strings.ReplaceAll(text, "\x00", "\uFFFD")
}

// hide puts one mask for each stretch that secrets cover, overlapping ones together.
func hide(line []byte, secrets []string) []byte {
	type span struct{ from, to int }
	var spans []span
	for _, s := range secrets {
		for at := 0; ; at++ {
			i := bytes.Index(line[at:], []byte(s))
			if i < 0 {
				break
			}
			at += i
			spans = append(spans, span{at, at + len(s)})
		}
	}
	slices.SortFunc(spans, func(a, b span) int { return a.from - b.from })
	var out []byte
	done := 0
	for i, s := range spans {
		if i > 0 && s.from < done {
			done = max(done, s.to)
			continue
		}
		out = append(append(out, line[done:s.from]...), mask...)
		done = s.to
	}
	return append(out, line[done:]...)
}

// print is what is kept of a line to compare it with another.
func fingerprint(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}
