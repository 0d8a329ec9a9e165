package cli

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestHelpIsAsAgreed shows every change of what people type and read.
func TestHelpIsAsAgreed(t *testing.T) {
	t.Parallel()
	a := &app{IO: IO{Getenv: func(string) string { return "" }}}
	var b strings.Builder
	for _, path := range paths(a.root(), nil) {
		var out bytes.Buffer
		if code := Run(t.Context(), append(path, "--help"), IO{Out: &out, Err: &out, Getenv: a.Getenv}); code != 0 {
			t.Errorf("%v: exit %d", path, code)
		}
		b.WriteString("$ taffrail " + strings.Join(append(path, "--help"), " ") + "\n" + out.String() + "\n")
	}
	const golden = "testdata/help.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(b.String(), "\n")); diff != "" {
		t.Errorf("help has changed; if it is meant to: go test ./internal/cli -run Help -update\n%s", diff)
	}
}

// paths lists the words of all commands of our own.
func paths(cmd *cobra.Command, before []string) [][]string {
	list := [][]string{before}
	for _, c := range cmd.Commands() {
		if c.Name() == "completion" || c.Name() == "help" {
			continue
		}
		list = append(list, paths(c, append(append([]string{}, before...), c.Name()))...)
	}
	return list
}
