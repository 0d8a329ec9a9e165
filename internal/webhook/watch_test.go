package webhook_test

import (
	"strings"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/webhook"
)

func TestWatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		lines   string
		yes, no []string
	}{
		{"", []string{"a", "a/b"}, nil},
		{"\n  \n# only words\n", []string{"a"}, nil},
		{"src/**", []string{"src/a", "src/a/b", "/src/a"}, []string{"a", "lib/src/a", "srcx/a"}},
		{"src", []string{"src/a", "src/b/c", "lib/src/a", "src"}, []string{"srcx/a", "a/srcx"}},
		{"src/", []string{"src/a", "lib/src/a"}, []string{"src", "srcx/a"}},
		{"/src", []string{"src/a"}, []string{"lib/src/a"}},
		{"/src/**\n/lib/**", []string{"src/app.js", "lib/x"}, []string{"nested/src/app.js"}},
		{"*.go", []string{"a.go", "x/y/a.go", ".go"}, []string{"a.goo", "go"}},
		{"/*.go", []string{"a.go"}, []string{"x/a.go"}},
		{"cmd/*.go", []string{"cmd/a.go"}, []string{"cmd/x/a.go", "x/cmd/a.go"}},
		{"**/test/**", []string{"test/a", "x/test/a", "x/y/test/z/a"}, []string{"testx/a"}},
		{"a/**/b", []string{"a/b", "a/x/b", "a/x/y/b", "a/x/b/c"}, []string{"a/xb", "ab"}},
		{".github/**\n.*", []string{".github/workflows/ci.yml", ".env"}, []string{"env"}},
		{"file?.[ch]", []string{"file1.c", "x/file2.h"}, []string{"file12.c", "file1.o", "file/.c"}},
		{"v[!0-9]", []string{"va", "x/va"}, []string{"v1", "v/"}},
		{`app/\[id\]/**`, []string{"app/[id]/page.tsx"}, []string{"app/i/page.tsx"}},
		{"app/(group)/x+y.{js}", []string{"app/(group)/x+y.{js}"}, []string{"app/group/xy.js"}},
		{"**\n!docs/**\n!tests/**", []string{"src/a", "a"}, []string{"docs/a", "tests/b/c"}},
		{"!docs/**\n!*.md", []string{"src/a", "a"}, []string{"docs/a", "README.md", "src/x.md"}},
		{"src/**\n!src/gen/**\nsrc/gen/keep.go", []string{"src/a", "src/gen/keep.go"}, []string{"src/gen/a", "b"}},
		{"! docs/**", []string{"a"}, []string{"docs/a"}},
		{"src/**\r\nlib/**\r\n", []string{"src/a", "lib/a"}, []string{"a"}},
		{"größe/*", []string{"größe/ü"}, []string{"grosse/u"}},
		{"./Dockerfile", []string{"Dockerfile"}, []string{"Dockerfiles"}},
		{"[", []string{"["}, []string{"a"}},
		{"a[]b", []string{"a[]b"}, []string{"ab"}},
	} {
		w, err := webhook.ParseWatch("watch_paths", c.lines)
		if err != nil {
			t.Errorf("%q: %v", c.lines, err)
			continue
		}
		for _, path := range c.yes {
			if !w.Wants(webhook.Changes{Paths: []string{path}, Complete: true}) {
				t.Errorf("%q does not want %q", c.lines, path)
			}
		}
		for _, path := range c.no {
			if w.Wants(webhook.Changes{Paths: []string{path}, Complete: true}) {
				t.Errorf("%q wants %q", c.lines, path)
			}
			if !w.Wants(webhook.Changes{Paths: []string{path}}) {
				t.Errorf("%q is sure about %q, although more may have changed", c.lines, path)
			}
			if len(c.yes) > 0 && !w.Wants(webhook.Changes{Paths: []string{path, c.yes[0]}, Complete: true}) {
				t.Errorf("%q: one of several paths is not enough", c.lines)
			}
		}
	}
}

func TestWatchRefuses(t *testing.T) {
	t.Parallel()
	for _, lines := range []string{"!", "/", "! ", "[z-a]", "x\x80y", strings.Repeat("a", 513), strings.Repeat("a\n", 201)} {
		if _, err := webhook.ParseWatch("watch_paths", lines); core.CodeOf(err) != core.CodeInvalid {
			t.Errorf("%.20q: %v", lines, err)
		}
	}
}

// FuzzWatch: no pattern is too much for it.
func FuzzWatch(f *testing.F) {
	f.Add("src/**\n!*.md", "src/a/b.md")
	f.Add(strings.Repeat("**/", 50)+"x", strings.Repeat("a/", 50))
	f.Add(strings.Repeat("*a", 100), strings.Repeat("a", 200))
	f.Add("[!a-\\]]", "]")
	f.Fuzz(func(t *testing.T, lines, path string) {
		if len(lines) > 2000 || len(path) > 2000 {
			return
		}
		began := time.Now()
		w, err := webhook.ParseWatch("watch_paths", lines)
		if err == nil {
			w.Wants(webhook.Changes{Paths: []string{path}, Complete: true})
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Fatalf("took %s", took)
		}
	})
}
