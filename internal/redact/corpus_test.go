package redact_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/taffrail/taffrail/internal/redact"
)

// corpusCase is one line of testdata/redaction.jsonl.gz.
type corpusCase struct {
	Name           string            `json:"name"`
	Tier           string            `json:"tier"`
	Secrets        []string          `json:"secrets"`
	Chunks         []string          `json:"chunks"`
	ChunksB64      [][]byte          `json:"chunks_b64"`
	MustNotContain []string          `json:"must_not_contain"`
	MustContain    []string          `json:"must_contain"`
	Exact          *string           `json:"exact"`
	AltExact       *string           `json:"alt_exact"`
	Vars           map[string]string `json:"vars"`
	Late           []change          `json:"late"`
	Removed        []change          `json:"removed"`
	Streams        [][2]string       `json:"streams"`
	PadBefore      int               `json:"pad_before"`
	Mode           string            `json:"mode"`
}

// change is what happens to the set before a chunk.
type change struct {
	BeforeChunk int      `json:"before_chunk"`
	Secrets     []string `json:"secrets"`
}

func loadCorpus(tb testing.TB) []corpusCase {
	tb.Helper()
	f, err := os.Open("testdata/redaction.jsonl.gz")
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		tb.Fatal(err)
	}
	var list []corpusCase
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var c corpusCase
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			tb.Fatal(err)
		}
		list = append(list, c)
	}
	if err := lines.Err(); err != nil {
		tb.Fatal(err)
	}
	return list
}

func (c *corpusCase) options() redact.Options {
	o := redact.Options{Vars: c.Vars, HidePrivateIPs: c.Mode == "hide_private_ips"}
	for _, s := range c.Secrets {
		o.Secrets = append(o.Secrets, redact.Value{Value: s})
	}
	return o
}

// input returns the chunks with the padding before the first.
func (c *corpusCase) input() [][]byte {
	list := c.ChunksB64
	if len(list) == 0 {
		for _, s := range c.Chunks {
			list = append(list, []byte(s))
		}
	}
	list = append([][]byte(nil), list...)
	if c.PadBefore > 0 {
		list[0] = append(bytes.Repeat([]byte("x"), c.PadBefore), list[0]...)
	}
	return list
}

// verdict says what is wrong with an output, "" for nothing.
func (c *corpusCase) verdict(out string) string {
	if len(out) < c.PadBefore {
		return "padding lost"
	}
	out = out[c.PadBefore:]
	for _, s := range c.MustNotContain {
		if strings.Contains(out, s) {
			return "contains " + s
		}
	}
	for _, s := range c.MustContain {
		if !strings.Contains(out, s) {
			return "does not contain " + s
		}
	}
	if c.Exact != nil && out != *c.Exact && (c.AltExact == nil || out != *c.AltExact) {
		return "is not exact"
	}
	return ""
}

// pass writes each part in one write and returns the output.
func pass(tb rapid.TB, set *redact.Set, parts ...[]byte) string {
	tb.Helper()
	var out bytes.Buffer
	w := set.NewWriter(&out)
	for _, p := range parts {
		mustWrite(tb, w, p)
	}
	if err := w.Flush(); err != nil {
		tb.Error(err)
	}
	return out.String()
}

func mustWrite(tb rapid.TB, w io.Writer, p []byte) {
	tb.Helper()
	if n, err := w.Write(p); err != nil || n != len(p) {
		tb.Errorf("Write: %d, %v", n, err)
	}
}

func TestCorpus(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var wg sync.WaitGroup
	counts := map[string][2]int{}
	for _, c := range loadCorpus(t) {
		wg.Go(func() {
			reason := c.run(t)
			mu.Lock()
			defer mu.Unlock()
			n := counts[c.Tier]
			n[1]++
			if reason == "" {
				n[0]++
			} else {
				t.Errorf("%s (%s): output %s", c.Name, c.Tier, reason)
			}
			counts[c.Tier] = n
		})
	}
	wg.Wait()
	for tier, n := range counts {
		t.Logf("%s: %d of %d", tier, n[0], n[1])
	}
	if n := counts["should"][1] + counts["must"][1]; n < 197 {
		t.Errorf("only %d cases", n)
	}
}

// run tries one case in all the ways it may be written.
func (c *corpusCase) run(t *testing.T) string {
	switch {
	case len(c.Streams) > 0:
		return c.runStreams(t)
	case len(c.Late)+len(c.Removed) > 0:
		return c.runChanges(t)
	}
	set := redact.Compile(c.options())
	chunks := c.input()
	whole := bytes.Join(chunks, nil)
	want := pass(t, set, whole)
	if reason := c.verdict(want); reason != "" {
		return "whole " + reason + ": " + short(want)
	}
	if got := pass(t, set, chunks...); got != want {
		return "in its chunks: " + short(got)
	}
	pad := max(0, c.PadBefore-40_000) // a mebibyte of letters may come at once
	if got := pass(t, set, append([][]byte{whole[:pad]}, split(whole[pad:], 1)...)...); got != want {
		return "byte by byte: " + short(got)
	}
	for _, cut := range cuts(len(whole), c.PadBefore) {
		if got := pass(t, set, whole[:cut[0]], whole[cut[0]:cut[1]], whole[cut[1]:]); got != want {
			return "cut: " + short(got)
		}
	}
	return ""
}

// cuts returns pairs of places: all of them for a short text, and for a longer
// one so many that the product of length and pairs stays the same, with all
// places where a single cut can be.
func cuts(size, pad int) [][2]int {
	const budget = 1 << 16
	var list [][2]int
	every := max(1, (size-pad)*size/(2*budget))
	stride := max(1, size*size/2/max(1, budget/max(1, size)))
	k := 0
	for i := pad; i <= size; i++ {
		if (i-pad)%every == 0 {
			list = append(list, [2]int{i, i})
		}
		for j := i + 1; j <= size; j++ {
			if k++; k%stride == 0 {
				list = append(list, [2]int{i, j})
			}
		}
	}
	return list
}

func split(p []byte, size int) [][]byte {
	var list [][]byte
	for len(p) > size {
		list = append(list, p[:size])
		p = p[size:]
	}
	return append(list, p)
}

func short(s string) string {
	if len(s) > 600 {
		return s[:200] + "..." + s[len(s)-400:]
	}
	return s
}

// runStreams writes to one writer a stream and judges what they say together.
func (c *corpusCase) runStreams(t *testing.T) string {
	set := redact.Compile(c.options())
	outs := map[string]*bytes.Buffer{}
	writers := map[string]*redact.Writer{}
	for _, s := range c.Streams {
		if writers[s[0]] == nil {
			outs[s[0]] = &bytes.Buffer{}
			writers[s[0]] = set.NewWriter(outs[s[0]])
		}
		mustWrite(t, writers[s[0]], []byte(s[1]))
	}
	all := ""
	for name, w := range writers {
		if err := w.Flush(); err != nil {
			t.Error(err)
		}
		all += outs[name].String()
	}
	return c.verdict(all)
}

// runChanges swaps the set before a chunk. A removed value stays in the set of
// a run until it ends, so only its late values change it.
func (c *corpusCase) runChanges(t *testing.T) string {
	o := c.options()
	var out bytes.Buffer
	w := redact.Compile(o).NewWriter(&out)
	for i, p := range c.input() {
		for _, l := range append(c.Late, c.Removed...) {
			if l.BeforeChunk != i {
				continue
			}
			for _, s := range l.Secrets {
				o.Secrets = append(o.Secrets, redact.Value{Value: s})
			}
			if err := w.Swap(redact.Compile(o)); err != nil {
				t.Error(err)
			}
		}
		mustWrite(t, w, p)
	}
	if err := w.Flush(); err != nil {
		t.Error(err)
	}
	return c.verdict(out.String())
}
