package sqlstore_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

func newPacker(tb testing.TB) *sqlstore.Packer {
	tb.Helper()
	p, err := sqlstore.NewPacker()
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// buildLog makes lines as BuildKit and the programs that it runs print them, until their
// text has so many bytes.
func buildLog(size int) []core.Line {
	r := rand.New(rand.NewPCG(5, 6))
	at := time.UnixMicro(1_790_000_000_123_456).UTC()
	var lines []core.Line
	for n := 0; n < size; {
		at = at.Add(time.Duration(r.IntN(40_000)) * time.Microsecond)
		l := core.Line{Seq: int64(len(lines) + 1), Step: 3, Batch: 3, Stream: core.Stderr, At: at, Output: buildLine(r, len(lines))}
		n += len(l.Output)
		lines = append(lines, l)
	}
	return lines
}

func word(r *rand.Rand) string {
	return []string{"express", "react-dom", "lodash", "webpack", "typescript", "libssl", "serde", "tokio", "openssl", "eslint", "babel-core", "postcss", "chalk"}[r.IntN(13)]
}

func buildLine(r *rand.Rand, n int) string {
	at := fmt.Sprintf("#%d %d.%03d ", n/300+5, n/100, r.IntN(1000))
	switch r.IntN(8) {
	case 0:
		return fmt.Sprintf("%snpm http fetch GET 200 https://registry.npmjs.org/%s/-/%s-%d.%d.%d.tgz %dms (cache miss)", at, word(r), word(r), r.IntN(20), r.IntN(20), r.IntN(20), r.IntN(900))
	case 1:
		return fmt.Sprintf("%s  Compiling %s v%d.%d.%d", at, word(r), r.IntN(4), r.IntN(30), r.IntN(9))
	case 2:
		return fmt.Sprintf("%sGet:%d http://deb.debian.org/debian bookworm/main amd64 %s amd64 %d.%d-%d [%d kB]", at, r.IntN(200), word(r), r.IntN(9), r.IntN(30), r.IntN(5), r.IntN(900))
	case 3:
		return fmt.Sprintf("%snpm warn deprecated %s@%d.%d.%d: this version is no longer supported", at, word(r), r.IntN(9), r.IntN(9), r.IntN(9))
	case 4:
		return fmt.Sprintf("%sdist/assets/%s-%06x.js   %d.%02d kB │ gzip: %d.%02d kB", at, word(r), r.IntN(1<<24), r.IntN(400), r.IntN(100), r.IntN(90), r.IntN(100))
	case 5:
		return fmt.Sprintf("#%d sha256:%064x %d.%dMB / 31.42MB %d.%ds", n/300+5, r.Uint64(), r.IntN(31), r.IntN(100), r.IntN(9), r.IntN(10))
	}
	return fmt.Sprintf("%sUnpacking %s (%d.%d.%d) over (%d.%d) ...", at, word(r), r.IntN(9), r.IntN(99), r.IntN(9), r.IntN(9), r.IntN(99))
}

// jsonSize is how long the lines are as the API gives them.
func jsonSize(t *testing.T, lines []core.Line) int {
	t.Helper()
	size := 0
	for _, l := range lines {
		b, err := json.Marshal(map[string]any{"command": nil, "output": l.Output, "type": l.Stream, "timestamp": l.At, "hidden": l.Hidden, "batch": l.Batch, "order": l.Seq})
		if err != nil {
			t.Fatal(err)
		}
		size += len(b)
	}
	return size
}

// TestChunksAreSmall: a log takes at most an eighth of what it takes as JSON.
func TestChunksAreSmall(t *testing.T) {
	t.Parallel()
	lines := buildLog(256 << 10)
	packed, plain := len(newPacker(t).Pack(lines)), jsonSize(t, lines)
	t.Logf("%d lines: %d bytes of JSON, %d packed: 1/%.1f", len(lines), plain, packed, float64(plain)/float64(packed))
	if packed*8 > plain {
		t.Errorf("packed to %d bytes of %d", packed, plain)
	}
}

func TestChunksGiveBackTheirLines(t *testing.T) {
	t.Parallel()
	p := newPacker(t)
	for name, lines := range map[string][]core.Line{
		"a build": buildLog(100 << 10),
		"one":     {{Seq: 1, At: time.UnixMicro(1).UTC(), Stream: core.Info}},
		"odd": {
			{Seq: 900, Step: -1, Batch: 1 << 40, Stream: "", At: time.UnixMicro(5).UTC(), Command: "x", Output: "\n\n"},
			{Seq: 901, Stream: core.Warning, Hidden: true, At: time.UnixMicro(-9).UTC(), Output: strings.Repeat("é", 40_000)},
			{Seq: 902, Stream: core.Warning, Continued: true, At: time.UnixMicro(4e15).UTC(), Command: strings.Repeat("y", 70_000)},
		},
	} {
		data := p.Pack(lines)
		got, err := p.Unpack(data, 0, len(lines)+5)
		if err != nil {
			t.Fatal(name, err)
		}
		if diff := cmp.Diff(lines, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
		got, err = p.Unpack(data, lines[0].Seq, 1)
		if err != nil || len(got) != min(1, len(lines)-1) || len(got) == 1 && got[0] != lines[1] {
			t.Errorf("%s: second line: %v, %v", name, got, err)
		}
	}
}

// FuzzChunk: a damaged chunk is an error, and never more than that.
func FuzzChunk(f *testing.F) {
	p := newPacker(f)
	plain, err := p.Plain(p.Pack(buildLog(400)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(plain)
	f.Add([]byte{1, 0xff, 0xff, 3, 2})
	f.Fuzz(func(t *testing.T, plain []byte) {
		if sqlstore.UnpackPlain(plain) == nil && len(plain) == 0 {
			t.Error("nothing is no chunk")
		}
		if _, err := p.Unpack(plain, 0, 10); err == nil && len(plain) < 4 {
			t.Error("that is not compressed")
		}
	})
}

// BenchmarkUnpack reads a page from the middle of a chunk, which is what a reader waits for.
func BenchmarkUnpack(b *testing.B) {
	p, lines := newPacker(b), buildLog(256<<10)
	data := p.Pack(lines)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Unpack(data, int64(len(lines)/2), 200); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPack packs a chunk.
func BenchmarkPack(b *testing.B) {
	p, lines := newPacker(b), buildLog(256<<10)
	for b.Loop() {
		p.Pack(lines)
	}
}
