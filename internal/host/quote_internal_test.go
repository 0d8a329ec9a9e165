package host

import (
	"os/exec"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestShellsReadWhatWasQuoted hands any words to a real shell and wants them back.
func TestShellsReadWhatWasQuoted(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		words := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) string {
			special := rapid.SampledFrom([]string{"'", `"`, `\`, "$x", "`", " ", "\n", "*", "~", "!", ";", "-", "=", "é", "\xff"})
			return strings.Join(rapid.SliceOfN(rapid.OneOf(special, rapid.StringMatching(`[a-z]{0,3}`)), 0, 6).Draw(rt, "parts"), "")
		}), 1, 5).Draw(rt, "words")
		line, err := quote(append([]string{"printf", `%s\001`}, words...))
		if err != nil {
			rt.Fatal(err)
		}
		out, err := exec.CommandContext(t.Context(), "sh", "-c", line).Output()
		if err != nil {
			rt.Fatal(err)
		}
		if got := string(out); got != strings.Join(words, "\x01")+"\x01" {
			rt.Fatalf("%q became %q", words, got)
		}
	})
}

func TestQuoteRefusesNUL(t *testing.T) {
	t.Parallel()
	if _, err := quote([]string{"a\x00b"}); err == nil {
		t.Error("no error")
	}
}

func TestQuoteLeavesPlainWordsReadable(t *testing.T) {
	t.Parallel()
	got, err := quote([]string{"docker", "ps", "-a", "--filter", "label=a=b", ""})
	if want := `docker ps -a --filter 'label=a=b' ''`; err != nil || got != want {
		t.Errorf("%s, %v", got, err)
	}
}
