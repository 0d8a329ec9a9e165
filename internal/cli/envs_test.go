package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/api"
)

func TestEnvFlags(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), ".env")
	content := "# comment\nexport A=from file\nB=\"quoted $x\"\nC='it'\nEMPTY=\nURL=https://h/?a=b\n"
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	a := &app{IO: IO{Getenv: func(k string) string { return map[string]string{"TOKEN": "t0"}[k] }}}
	f := envFlags{files: []string{file}, pairs: []string{"A=later", "TOKEN", "PEM=a\nb"}, lock: []string{"TOKEN", "GENERATED"}}
	list, err := f.read(a)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]api.EnvWrite{}
	for _, e := range list {
		got[e.Key] = e
	}
	for key, want := range map[string]string{"A": "later", "B": "quoted $x", "C": "it", "EMPTY": "", "URL": "https://h/?a=b", "TOKEN": "t0", "PEM": "a\nb"} {
		if e := got[key]; e.Value == nil || *e.Value != want {
			t.Errorf("%s = %v, want %q", key, e.Value, want)
		}
	}
	if e := got["GENERATED"]; e.Value != nil || e.IsShownOnce == nil || !*e.IsShownOnce {
		t.Errorf("a variable that is only locked must keep its value: %+v", e)
	}
	if e := got["TOKEN"]; e.IsShownOnce == nil || !*e.IsShownOnce {
		t.Error("TOKEN is not locked")
	}
	if e := got["PEM"]; !*e.IsMultiline || *got["A"].IsMultiline {
		t.Error("multiline is told by the value")
	}
}

func TestEnvFlagsRefuse(t *testing.T) {
	t.Parallel()
	a := &app{IO: IO{Getenv: func(string) string { return "" }, In: strings.NewReader("no equals sign")}}
	for want, f := range map[string]envFlags{
		"NOVALUE has no value":                {pairs: []string{"NOVALUE"}},
		`"=x" is no variable`:                 {pairs: []string{"=x"}},
		"-: line 1: it must read KEY=VALUE":   {files: []string{"-"}},
		"open /does/not/exist: no such file ": {files: []string{"/does/not/exist"}},
	} {
		if _, err := f.read(a); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestPick(t *testing.T) {
	t.Parallel()
	list := []named{{"u1", "web", "a"}, {"u2", "web", "b"}, {"u3", "db", "c"}, {"u4", "u3", "d"}}
	for word, want := range map[string]string{"db": "u3", "u2": "u2", "u3": "u3"} {
		if got, err := pick("service", word, list); err != nil || got.uuid != want {
			t.Errorf("%s: got %v %v, want %s", word, got, err, want)
		}
	}
	for word, want := range map[string]string{"web": "2 of your services are called \"web\"; use the uuid of one:\n  u1  a\n  u2  b", "x": "there are: web, web, db, u3"} {
		if _, err := pick("service", word, list); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", word, err, want)
		}
	}
	if _, err := pickDefault("server", "", "localhost", list); err == nil || !strings.Contains(err.Error(), "--server") {
		t.Errorf("got %v", err)
	}
	if got, err := pickDefault("server", "", "localhost", list[2:3]); err != nil || got.uuid != "u3" {
		t.Errorf("the only one: got %v %v", got, err)
	}
}
