package archtest_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestAttacksAreTried looks up every test that docs/attacks.md names.
func TestAttacksAreTried(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/attacks.md")
	if err != nil {
		t.Fatal(err)
	}
	sources := map[string]string{}
	named := regexp.MustCompile("`(internal/[a-z/]+)\\.(Test[A-Za-z]+)`").FindAllStringSubmatch(string(text), -1)
	for _, m := range named {
		if _, read := sources[m[1]]; !read {
			sources[m[1]] = testsOf(t, m[1])
		}
		if !strings.Contains(sources[m[1]], "func "+m[2]+"(t *testing.T)") {
			t.Errorf("docs/attacks.md names %s, which %s has not", m[2], m[1])
		}
	}
	if len(named) < 40 {
		t.Errorf("only %d tests are named", len(named))
	}
}

func testsOf(t *testing.T, folder string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("../..", folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}
