package redact_test

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/taffrail/taffrail/internal/redact"
)

func TestWeakValues(t *testing.T) {
	t.Parallel()
	set := redact.Compile(redact.Options{
		Secrets: []redact.Value{
			{Name: "PIN", Value: "7"}, {Name: "DRIVER", Value: "postgres"}, {Name: "CODE", Value: "Qx7!"},
			{Name: "KEY", Value: "kelp-Harbor-4471"}, {Name: "RULE", Value: "--------"}, {Value: "x"}, {Name: "EMPTY", Value: " \n"},
		},
		Vars: map[string]string{"OTHER_PIN": "7"},
	})
	if want, got := []string{"CODE", "DRIVER", "PIN", "RULE"}, set.Weak(); !slices.Equal(got, want) {
		t.Errorf("Weak: %v, want %v", got, want)
	}
	tests := []struct{ in, want string }{
		{"PIN=7 OTHER_PIN=7 MY_PIN=7 PIN=77 7", "PIN=<REDACTED> OTHER_PIN=<REDACTED> MY_PIN=7 PIN=77 7"},
		{`{"PIN":7,"PIN": "7"}`, `{"PIN":<REDACTED>,"PIN": "<REDACTED>"}`},
		{"PIN: 7\nDRIVER='postgres' uses postgres:16", "PIN: <REDACTED>\nDRIVER='<REDACTED>' uses postgres:16"},
		{"(Qx7!) aQx7! Qx7!b Qx7!", "(<REDACTED>) aQx7! Qx7!b <REDACTED>"},
		{"--------", "--------"},
	}
	for _, tt := range tests {
		if got := set.String(tt.in); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.in, got, tt.want)
		}
	}
}

// TestValuesInside: a structured value stands for the secrets in it.
func TestValuesInside(t *testing.T) {
	t.Parallel()
	tests := []struct{ value, in, want string }{
		{"postgres://app:p%40ss-Dock-61@db/app", "p@ss-Dock-61 p%40ss-Dock-61", "<REDACTED> <REDACTED>"},
		{`{"user":"svc","password":"Drift-Anchor"}`, "Drift-Anchor of svc", "<REDACTED> of svc"},
		{`{"a":["Zq81kTz0pLm3Vv5Rr7Nn9","https://host.test/a0b1c2d3e4f5"]}`, "Zq81kTz0pLm3Vv5Rr7Nn9 https://host.test/a0b1c2d3e4f5", "<REDACTED> https://host.test/a0b1c2d3e4f5"},
		{"A=1\nAPI_TOKEN='plover-Drum'\nexport X=y", "plover-Drum A=1", "<REDACTED> A=1"},
		{"Server=db;Password=Drizzle55x;Encrypt=true", "Drizzle55x", "<REDACTED>"},
		{"first line 1\r\nsecond line 2\r\n", "second line 2 first line 1", "<REDACTED> <REDACTED>"},
	}
	for _, tt := range tests {
		if got := compile([]string{tt.value}).String(tt.in); got != tt.want {
			t.Errorf("%q of %q: got %q, want %q", tt.in, tt.value, got, tt.want)
		}
	}
}

// TestIdempotent: masking what is masked changes nothing.
func TestIdempotent(t *testing.T) {
	t.Parallel()
	for _, c := range loadCorpus(t) {
		if c.PadBefore > 0 {
			continue
		}
		set := redact.Compile(c.options())
		once := set.Bytes(bytes.Join(c.input(), nil))
		if twice := set.Bytes(once); !bytes.Equal(once, twice) {
			t.Errorf("%s: %q became %q", c.Name, short(string(once)), short(string(twice)))
		}
	}
}

// TestAnchorLogKeepsItsText: of an ordinary log only the secrets go.
func TestAnchorLogKeepsItsText(t *testing.T) {
	t.Parallel()
	secrets := anchorSecrets(100)
	set := compile(secrets)
	plain := anchorLog(1<<20, nil)
	if got := set.String(plain); got != plain {
		t.Error("text without secrets was changed")
	}
	got := set.String(anchorLog(3<<20, secrets))
	for _, s := range secrets[:3] {
		if strings.Contains(got, s) {
			t.Errorf("%q is left", short(s))
		}
	}
	if !strings.Contains(got, "using <REDACTED> now\n") {
		t.Error("no mask")
	}
}

// TestHoldBack: no text keeps more from its reader than the longest value and
// 4 KiB.
func TestHoldBack(t *testing.T) {
	t.Parallel()
	secrets := []string{strings.Repeat("a", 40) + "01", "kelp-Harbor-4471"}
	set := compile(secrets)
	for _, a := range adversaries(secrets) {
		w := set.NewWriter(io.Discard)
		for _, p := range split([]byte(repeat(a.part, 64<<10)), 512) {
			mustWrite(t, w, p)
			if held := redact.Held(w); held > len(secrets[0])+4096 {
				t.Fatalf("%s: %d bytes are held back", a.name, held)
			}
		}
	}
}

func TestSetServesManyStreams(t *testing.T) {
	t.Parallel()
	set := compile([]string{"kelp-Harbor-4471", `Rock"Pool\Tide/4`})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			in := fmt.Sprintf("%d kelp-Harbor-4471 Rock\\\"Pool\\\\Tide/4 %d\n", i, i)
			want := fmt.Sprintf("%d <REDACTED> <REDACTED> %d\n", i, i)
			for range 50 {
				if got := set.String(in); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
			}
		})
	}
	wg.Wait()
}

// TestPositionsGoOnAfterFlush: a flush ends a stream, and the next one counts on.
func TestPositionsGoOnAfterFlush(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w := compile([]string{"kelp-Harbor-4471"}).NewWriter(&out)
	mustWrite(t, w, []byte("kelp-Har"))
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	mustWrite(t, w, []byte("bor-4471 kelp-Harbor-4471\n"))
	if in, at := w.Mark(); in != 34 || at != 28 {
		t.Errorf("mark: %d %d", in, at)
	}
	if want := "kelp-Harbor-4471 <REDACTED>\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}
