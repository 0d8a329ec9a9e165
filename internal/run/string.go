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
		{s.OnFailure, "on failure"},
		{s.Hidden, "hidden"},
		{s.Prepares, "prepares"},
		{s.Tells, "tells"},
		{s.Group != "", "of " + s.Group},
		{s.Spares != "", "spares " + s.Spares},
		{s.Answer != "", "answer " + s.Answer},
		{s.Takes != "", "takes " + s.Takes},
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
	if in := s.Input; in != nil {
		fmt.Fprintf(b, "   < %s%s%s\n", in.Path, word(in.Gunzip, " gunzip"), word(in.SHA256 != "", " sha256="+in.SHA256))
	}
	if out := s.Output; out != nil {
		fmt.Fprintf(b, "   > %s%s as %s\n", out.Path, word(out.Gzip, " gzip"), out.Name)
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
	s.Watch.describe(b)
	if p := s.Ports; p != nil {
		fmt.Fprintf(b, "   ports %s\n     free, or of %s\n", strings.Trim(fmt.Sprint(p.Ports), "[]"), p.Project)
	}
	s.Object.describe(b)
}

func (w *Watch) describe(b *strings.Builder) {
	if w == nil {
		return
	}
	fmt.Fprintf(b, "   watch %s, settle %s, limit %s\n", w.Project, w.Settle, w.Limit)
	for _, e := range w.Expect {
		fmt.Fprintf(b, "     %s x%d one-shot=%t ignore=%t\n", e.Service, e.Replicas, e.OneShot, e.Ignore)
		if len(e.Ready) > 0 {
			fmt.Fprintf(b, "       ready $ %s\n", strings.Join(e.Ready, " "))
		}
		if h := e.HTTP; h != nil {
			fmt.Fprintf(b, "       http %s\n", h)
		}
	}
}

func (o *Object) describe(b *strings.Builder) {
	if o == nil {
		return
	}
	fmt.Fprintf(b, "   bucket %s at %s, region %s, key %s\n", o.Bucket, o.Endpoint, o.Region, o.Access)
	if o.Put != "" {
		fmt.Fprintf(b, "     put %s from %s as %s\n", o.Put, o.Path, o.Name)
	}
	if o.Get != "" {
		fmt.Fprintf(b, "     get %s into %s\n", o.Get, o.Path)
	}
	for _, key := range o.Delete {
		fmt.Fprintf(b, "     delete %s\n", key)
	}
}

// word is text when on, else nothing.
func word(on bool, text string) string {
	if on {
		return text
	}
	return ""
}
