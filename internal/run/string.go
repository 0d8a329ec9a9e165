package run

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// String shows the script as a person reads it. Values of variables, file contents
// and standard input are left out, since they may be secret.
func (s Script) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "in %s\n", s.Dir)
	for i, step := range s.Steps {
		fmt.Fprintf(&b, "%d. %s: %s%s\n", i+1, step.Name, step.Title, step.flags())
		step.describe(&b)
	}
	return b.String()
}

func (s Step) flags() string {
	var flags []string
	for _, f := range []struct {
		on   bool
		text string
	}{
		{s.MayFail, "may fail"},
		{s.Always, "always"},
		{s.Hidden, "hidden"},
		{s.Retries > 0, fmt.Sprintf("%d retries", s.Retries)},
		{s.Timeout > 0, "within " + s.Timeout.String()},
	} {
		if f.on {
			flags = append(flags, f.text)
		}
	}
	if len(flags) == 0 {
		return ""
	}
	return " (" + strings.Join(flags, ", ") + ")"
}

func (s Step) describe(b *strings.Builder) {
	if len(s.Argv) > 0 {
		fmt.Fprintf(b, "   $ %s\n", strings.Join(s.Argv, " "))
	}
	for _, name := range slices.Sorted(maps.Keys(s.Env)) {
		fmt.Fprintf(b, "   env %s\n", name)
	}
	for _, f := range s.Files {
		if f.Check {
			fmt.Fprintf(b, "   check %s\n", f.Path)
			continue
		}
		fmt.Fprintf(b, "   write %s %#o\n", f.Path, f.Mode)
	}
	for _, path := range s.Delete {
		fmt.Fprintf(b, "   delete %s\n", path)
	}
	if w := s.Watch; w != nil {
		fmt.Fprintf(b, "   watch %s, settle %s, limit %s\n", w.Project, w.Settle, w.Limit)
		for _, e := range w.Expect {
			fmt.Fprintf(b, "     %s x%d one-shot=%t ignore=%t\n", e.Service, e.Replicas, e.OneShot, e.Ignore)
		}
	}
}
