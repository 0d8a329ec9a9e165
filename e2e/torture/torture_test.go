package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/testenv"
)

// TestMain makes the test binary the program that is entered anew in namespaces, and the
// docker that is found there.
func TestMain(m *testing.M) {
	// Not os.Exit: under the race detector that takes a second, in each of many calls.
	if filepath.Base(os.Args[0]) == "docker" {
		syscall.Exit(docker(os.Args[1:]))
	}
	if len(os.Args) > 1 && os.Args[1] == insideWord {
		syscall.Exit(run(context.Background(), os.Args[1:], os.Stdout))
	}
	os.Exit(m.Run())
}

// minutesVariable says how long TestNothingIsLost takes. CI has little time; a night has more.
const minutesVariable = "TAFFRAIL_TORTURE_MINUTES"

// TestNothingIsLost torments a controller on SQLite and one on PostgreSQL with all faults
// that need no controller built for them.
func TestNothingIsLost(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it takes a minute")
	}
	needs(t)
	minutes := 1.0
	if text := os.Getenv(minutesVariable); text != "" {
		var err error
		if minutes, err = strconv.ParseFloat(text, 64); err != nil {
			t.Fatalf("%s: %v", minutesVariable, err)
		}
	}
	var out bytes.Buffer
	o := options{Minutes: minutes, Seed: 20261122, Stores: "sqlite,postgres", Faults: "all", Lives: 2, Gap: 1500 * time.Millisecond, Shapes: "trickle,quiet,burst,giant"}
	r, err := torture(t.Context(), o, &out)
	r.print(&out)
	t.Log(out.String())
	if err != nil {
		t.Fatal(err)
	}
	if r.Count > 0 {
		t.Errorf("%d violations", r.Count)
	}
	if r.Lives < 4 || r.Printed == 0 || len(r.Faults) < 5 {
		t.Error("hardly anything was tried")
	}
}

// TestMutantIsCaught shows with one mutant that a broken promise is seen; make
// torture-mutants does so with all.
func TestMutantIsCaught(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it compiles a controller")
	}
	needs(t)
	var out bytes.Buffer
	if err := mutate(t.Context(), options{Minutes: 2, Seed: 5, Lives: 3, Mutants: "from-instead-of-after"}, &out); err != nil {
		t.Errorf("%v\n%s", err, out.String())
	}
}

// needs skips the test where the rig cannot work.
func needs(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		testenv.Missing(t, "root, to break networks and disks")
	}
	for _, program := range []string{"/usr/sbin/sshd", "ssh-keygen", "ip", "tc", "iptables"} {
		if _, err := exec.LookPath(program); err != nil {
			testenv.Missing(t, program)
		}
	}
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb"); len(found) == 0 {
		testenv.Missing(t, "PostgreSQL's programs")
	}
}

// TestMutantsAreUpToDate: each still finds what it changes.
func TestMutantsAreUpToDate(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, m := range mutants() {
		files, err := m.overlay("../..")
		if err != nil {
			t.Error(err)
		}
		if len(files) == 0 || seen[m.name] {
			t.Errorf("%s changes %d files", m.name, len(files))
		}
		seen[m.name] = true
		for name := range strings.SplitSeq(m.faults, ",") {
			if _, err := newNemesis(&arena{arenaOptions: arenaOptions{options: options{Faults: name}}}); err != nil {
				t.Errorf("%s: %v", m.name, err)
			}
		}
	}
	if files, err := clockOverlay(t.Context()); err != nil || len(files) != 2 {
		t.Errorf("the clock that can be set: %v", err)
	}
}

// TestOracle: what a line must become.
func TestOracle(t *testing.T) {
	t.Parallel()
	hidden := []string{"abab-key-abac", "Sw0rdfish"}
	for raw, want := range map[string]string{
		"plain \t\r\n":                     "plain",
		"  indented":                       "  indented",
		"a\rb\x00c\xff\xfed\n":             "a\rb\uFFFDc\uFFFDd",
		"at Sw0rdfish it is":               "at <REDACTED> it is",
		"abab-key-abab-key-abac":           "abab-key-<REDACTED>",
		"Sw0rdfisSw0rdfish and Sw0rdfish.": "Sw0rdfis<REDACTED> and <REDACTED>.",
		"Sw0rdfis":                         "Sw0rdfis",
	} {
		if got := oracle([]byte(raw), hidden); got != want {
			t.Errorf("%q: %q, want %q", raw, got, want)
		}
	}
	if got := oracle([]byte("x ababa y"), []string{"aba"}); got != "x <REDACTED>ba y" && got != "x <REDACTED> y" {
		t.Errorf("overlapping: %q", got)
	}
}

// TestGenerator: the same order prints the same, every secret as a whole, and each shape
// within its bounds.
func TestGenerator(t *testing.T) {
	t.Parallel()
	for _, s := range shapes() {
		if s.name == "flood" {
			continue // wide, and a lot of it
		}
		o := order{Seed: 7, Secrets: secrets(rand.New(rand.NewPCG(1, 2))), Shape: s.name}
		first, again := newGenerator(o, partUp), newGenerator(o, partUp)
		count, planted := 0, 0
		for {
			a, more := first.next()
			b, _ := again.next()
			if !reflect.DeepEqual(a, b) {
				t.Fatalf("%s: record %d differs", s.name, count)
			}
			if !more {
				break
			}
			count++
			if a.cut > 0 {
				planted++
				if !strings.Contains(oracle(a.raw, o.Secrets), mask) || a.cut >= len(a.raw) {
					t.Errorf("%s: cut at %d of %q", s.name, a.cut, a.raw)
				}
			}
		}
		if count < s.records[0] || count > s.records[1] || planted == 0 && count > 100 {
			t.Errorf("%s: %d records, %d with a secret", s.name, count, planted)
		}
	}
}

// complaints collects what a life would report.
func complaints() (*life, *reporter) {
	r := newReporter(1)
	return &life{arena: &arena{report: r}, order: order{Secrets: []string{"Sw0rdfish"}}}, r
}

func numbered(texts ...string) []api.LogLine {
	var lines []api.LogLine
	for i, text := range texts {
		lines = append(lines, api.LogLine{Order: int64(i + 1), Step: 2, Type: stdout, Output: text})
	}
	return lines
}

// TestCheckerSees: each kind of fault of a log, by hand.
func TestCheckerSees(t *testing.T) {
	t.Parallel()
	want := []string{fingerprint("one"), fingerprint("two"), fingerprint("two"), fingerprint("three")}
	for name, c := range map[string]struct {
		got   []string
		wrong bool
	}{
		"all":       {[]string{"one", "two", "two", "three"}, false},
		"lost":      {[]string{"one", "two", "three"}, true},
		"lost last": {[]string{"one", "two", "two"}, true},
		"repeated":  {[]string{"one", "one", "two", "two", "three"}, true},
		"reordered": {[]string{"two", "one", "two", "three"}, true},
		"more":      {[]string{"one", "two", "two", "three", "three"}, true},
		"cut":       {[]string{"on", "e", "two", "two", "three"}, true},
	} {
		l, r := complaints()
		var got []shown
		for i, text := range c.got {
			got = append(got, shown{int64(i), text})
		}
		if l.compare(name, want, got); r.Count > 0 != c.wrong {
			t.Errorf("%s: %v", name, r.Violations)
		}
	}
}

// TestJournal: what a reader of a stream must never meet.
func TestJournal(t *testing.T) {
	t.Parallel()
	lines := numbered("a", "b", "c")
	changed := numbered("a", "x")[1]
	for name, c := range map[string]struct {
		seen  []api.LogLine
		ended bool
		wrong int
	}{
		"well":                {lines, true, 0},
		"not to the end":      {lines[:2], false, 0},
		"end too early":       {lines[:2], true, 1},
		"a repeat":            {[]api.LogLine{lines[0], lines[1], lines[1], lines[2]}, true, 1},
		"a hole":              {[]api.LogLine{lines[0], lines[2]}, true, 1},
		"shown otherwise":     {[]api.LogLine{lines[0], changed, lines[2]}, true, 1},
		"what was never kept": {append(numbered("a", "b", "c"), api.LogLine{Order: 4}), false, 1},
	} {
		l, r := complaints()
		j := newJournal(name, l.complain)
		l.journals = []*journal{j}
		for _, line := range c.seen {
			j.see(line)
		}
		if c.ended {
			j.end()
		}
		if l.checkJournals(lines); r.Count != c.wrong {
			t.Errorf("%s: %d violations: %v", name, r.Count, r.Violations)
		}
	}
}

func TestChecksOfSecretsStepsAndRows(t *testing.T) {
	t.Parallel()
	said := "docker compose up"
	lines := numbered("a", "at Sw0rdfish")
	lines[0].Command = &said
	steps := []api.Step{{Number: 2, Command: &said, State: "running"}, {Number: 3, Command: &said, State: "done"}}
	l, r := complaints()
	if l.checkSteps(lines, steps); r.Count != 3 { // a secret, an open step, one that was never announced
		t.Errorf("steps: %v", r.Violations)
	}
	for name, rows := range map[string][]storedLine{
		"fewer":   {{1, 1, stdout, false, "a"}},
		"another": {{1, 1, stdout, false, "a"}, {2, 2, stdout, false, "b"}},
		"order":   {{2, 2, stdout, false, "at Sw0rdfish"}, {1, 1, stdout, false, "a"}},
		"twice":   {{1, 2, "", false, ""}, {2, 2, stdout, false, "at Sw0rdfish"}},
		"more":    {{1, 3, "", false, ""}},
	} {
		l, r := complaints()
		if l.checkRows(lines, rows); r.Count != 1 {
			t.Errorf("rows, %s: %v", name, r.Violations)
		}
	}
	l, r = complaints()
	l.checkRows(lines, []storedLine{{1, 1, "", false, ""}, {2, 2, stdout, false, "at Sw0rdfish"}})
	l.checkRows(lines, []storedLine{{1, 2, "", false, ""}})
	if r.Count > 0 {
		t.Errorf("rows, all well: %v", r.Violations)
	}
}

// TestStartedTwice: a command that ran twice, and one that was ended in its middle.
func TestStartedTwice(t *testing.T) {
	t.Parallel()
	for name, started := range map[string]string{"twice": "1\n2\n", "broken off": "1\n"} {
		l, r := complaints()
		l.Dir, l.deployment = t.TempDir(), "d"
		if err := os.MkdirAll(filepath.Join(l.Dir, "truth"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(l.truth(partUp)+startedFile, []byte(started), 0o600); err != nil {
			t.Fatal(err)
		}
		if l.checkPart(partUp, nil, nil); r.Count != 1 {
			t.Errorf("%s: %v", name, r.Violations)
		}
	}
}

func TestChoiceOfFaults(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, f := range faults() {
		if names[f.name] || f.weight <= 0 || f.most < f.least || f.text == "" {
			t.Errorf("%+v", f)
		}
		names[f.name] = true
	}
	a := &arena{arenaOptions: arenaOptions{options: options{Faults: "all,-controller-kill,-net-drop"}}}
	n, err := newNemesis(a)
	if err != nil {
		t.Fatal(err)
	}
	n.random = rand.New(rand.NewPCG(3, 4))
	for range 300 {
		f := n.pick("ssh")
		if f.name == "controller-kill" || f.name == "net-drop" || f.group == "ssh" || f.needs != nil && !f.needs(a) {
			t.Fatalf("picked %s", f.name)
		}
	}
	a.Faults = "no-such-fault"
	if _, err := newNemesis(a); err == nil {
		t.Error("a fault that does not exist was taken")
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	a, b := newReporter(9), newReporter(10)
	a.fault("x")
	b.fault("x")
	b.took("x", time.Second)
	for i := range mostShown + 5 {
		b.violate(fmt.Sprint(i))
	}
	total := newReport(9)
	total.add(a.report)
	total.add(b.report)
	var out strings.Builder
	total.print(&out)
	for _, want := range []string{"x                            2         1s", "violations 45, seed 9", "VIOLATION 0"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
}
