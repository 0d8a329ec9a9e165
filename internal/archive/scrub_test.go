package archive_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/taffrail/taffrail/internal/archive"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/redact"
)

const pem = "-----BEGIN PRIVATE KEY-----\nMIIEpQ7wZ0tLk9vXb2Nn8YcQm4Hs1Jd5Rf6Tg3Uh0Vi2Wj4Xk6Yl8Zm1An3Bo5Cp\nQ7wZ0tLk9vXb2Nn8YcQm4Hs1Jd5Rf6Tg3Uh0Vi2Wj4Xk6Yl8Zm1An3Bo5CpAAA\nAb3=\n-----END PRIVATE KEY-----"

func compiled(values ...string) *redact.Set {
	var o redact.Options
	for _, v := range values {
		o.Secrets = append(o.Secrets, redact.Value{Name: "X", Value: v})
	}
	return redact.Compile(o)
}

// stored makes lines of texts: "2:" before one is standard error, "i:" our own word, "+" at
// the end goes on in the next line.
func stored(texts ...string) []core.Line {
	var out []core.Line
	for i, text := range texts {
		l := core.Line{Seq: int64(i + 1), Step: 1, Stream: core.Stdout}
		if rest, ok := strings.CutPrefix(text, "2:"); ok {
			text, l.Stream = rest, core.Stderr
		}
		if rest, ok := strings.CutPrefix(text, "i:"); ok {
			text, l.Stream = rest, core.Info
		}
		text, l.Continued = strings.CutSuffix(text, "+")
		l.Output = text
		out = append(out, l)
	}
	return out
}

func TestScrub(t *testing.T) {
	t.Parallel()
	const m = redact.Mask
	for name, c := range map[string]struct{ in, want []string }{
		"nothing":          {[]string{"a", "", "2:b", "i:c"}, []string{"a", "", "2:b", "i:c"}},
		"in a line":        {[]string{"a", "x kelp-Harbor-4471 y", "2:kelp-Harbor-4471", "i:kelp-Harbor-4471"}, []string{"a", "x " + m + " y", "2:" + m, "i:" + m}},
		"two of them":      {[]string{"kelp-Harbor-4471 kelp-Harbor-4471"}, []string{m + " " + m}},
		"over a cut":       {[]string{"x kelp-Har+", "bor-4471 y", "z"}, []string{"x <REDACTE+", "D> y", "z"}},
		"between streams":  {[]string{"x kelp-Har+", "2:stays", "bor-4471 y"}, []string{"x <REDACTE+", "2:stays", "D> y"}},
		"half of it":       {[]string{"x kelp-Har", "bor-4471 y"}, []string{"x kelp-Har", "bor-4471 y"}},
		"a box":            {[]string{"\n╔ kelp-Harbor-4471", "\n╔ ok"}, []string{"\n╔ " + m, "\n╔ ok"}},
		"masked already":   {[]string{"password=" + m, "x " + m + m}, []string{"password=" + m, "x " + m + m}},
		"two lines of one": {[]string{"a row-one-Secret-1", "row-two-Secret-2 b", "c"}, []string{"a " + m, m + " b", "c"}},
	} {
		in := stored(c.in...)
		got, err := archive.Scrub(compiled("kelp-Harbor-4471", "row-one-Secret-1\nrow-two-Secret-2"), in)
		if err != nil {
			t.Fatal(name, err)
		}
		if diff := cmp.Diff(stored(c.want...), got); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
	}
}

// TestScrubOverLines: what a secret over many lines leaves of them is no part of it.
func TestScrubOverLines(t *testing.T) {
	t.Parallel()
	key := strings.Split(pem, "\n")
	texts := append(append([]string{"before", "2:meanwhile"}, key...), "after")
	texts[2] = "key: " + texts[2]
	got, err := archive.Scrub(compiled(pem), stored(texts...))
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range got {
		switch {
		case i < 2 || i == len(got)-1:
			if l.Output != stored(texts...)[i].Output {
				t.Errorf("line %d became %q", i, l.Output)
			}
		case strings.Contains(l.Output, "MIIE") || strings.Contains(l.Output, "Q7wZ") || strings.Contains(l.Output, "Ab3="):
			t.Errorf("line %d shows %q", i, l.Output)
		}
	}
	step := stored("kelp-Har+", "bor-4471")
	step[1].Step = 2 // another command has nothing to do with it
	got, err = archive.Scrub(compiled("kelp-Harbor-4471"), step)
	if diff := cmp.Diff(step, got); diff != "" || err != nil {
		t.Errorf("over the end of a step (%v):\n%s", err, diff)
	}
}

// TestScrubLeaksNothing: whatever the lines are, the values are in none of them afterwards,
// nor in what they are together, their number stays, and once more changes nothing.
func TestScrubLeaksNothing(t *testing.T) {
	t.Parallel()
	values := []string{"kelp-Harbor-4471", "aabaabX7q", "row-one-Secret-1\nrow-two-Secret-2"}
	set := compiled(values...)
	pieces := []string{"kelp-Harbor-4471", "kelp-Har", "bor-4471", "aabaab", "X7q", "row-one-Secret-1", "row-two-Secret-2", "x", " ", "+", "2:", "i:", "%6b", "é", "", "\n╔", "a2VscC1IYXJib3ItNDQ3MQ=="}
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(rapid.Map(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 6), func(p []string) string { return strings.Join(p, "") }), 0, 12).Draw(t, "texts")
		in := stored(texts...)
		got, err := archive.Scrub(set, in)
		if err != nil || len(got) != len(in) {
			t.Fatal(len(got), err)
		}
		joined := map[core.Stream]*strings.Builder{core.Stdout: {}, core.Stderr: {}, core.Info: {}}
		for i, l := range got {
			old := in[i]
			old.Output = l.Output
			if old != l {
				t.Fatalf("line %d changed beside its text: %+v", i, l)
			}
			b := joined[l.Stream]
			b.WriteString(strings.TrimPrefix(l.Output, "\n"))
			if !l.Continued || l.Stream == core.Info {
				b.WriteByte('\n')
			}
		}
		for stream, b := range joined {
			for _, v := range []string{"kelp-Harbor-4471", "aabaabX7q", "row-one-Secret-1", "row-two-Secret-2"} {
				if strings.Contains(b.String(), v) {
					t.Fatalf("%s shows %q: %q became %q", stream, v, texts, b.String())
				}
			}
		}
		again, err := archive.Scrub(set, got)
		if diff := cmp.Diff(got, again); diff != "" || err != nil {
			t.Fatalf("once more (%v):\n%s", err, diff)
		}
	})
}
