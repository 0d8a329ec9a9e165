package template_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/taffrail/taffrail/internal/template"
)

func files(content map[string]string) fstest.MapFS {
	out := fstest.MapFS{}
	for name, text := range content {
		out[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return out
}

const head = "# name: Web\n# description: Shows a page.\n# category: website\n"

func TestRead(t *testing.T) {
	t.Parallel()
	text := head + "# tags: a, b c,\n# aliases: web-with-db\n# port: 8080\n# docs: https://example.com\n# logo: none\nservices:\n# port: 1\n  web: {image: nginx}\n"
	c, err := template.Read(files(map[string]string{"web.yaml": text, "app.yaml": head, "note.txt": "no template"}))
	if err != nil {
		t.Fatal(err)
	}
	want := template.Template{
		Key: "web", Aliases: []string{"web-with-db"}, Name: "Web", Description: "Shows a page.", Category: "website",
		Tags: []string{"a", "b c"}, Port: 8080, Docs: "https://example.com", Compose: text,
	}
	for _, key := range []string{"web", "web-with-db", "WEB"} {
		got, ok := c.Find(key)
		if diff := cmp.Diff(want, got); !ok || diff != "" {
			t.Errorf("%s: %v\n%s", key, ok, diff)
		}
	}
	if _, ok := c.Find("nope"); ok {
		t.Error("found what is not there")
	}
	if got := strings.Join(c.Keys(), " "); got != "app web" {
		t.Errorf("keys %q", got)
	}
	c.List()[0].Name = "changed"
	if c.List()[0].Name != "Web" {
		t.Error("a caller can change the catalogue")
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"no head":       {map[string]string{"a.yaml": "services: {}\n"}, "template a.yaml: its head has no "},
		"no field":      {map[string]string{"a.yaml": "# hello\n" + head}, `"hello" is no "field: value"`},
		"unknown field": {map[string]string{"a.yaml": head + "# colour: red\n"}, `a field "colour", which is unknown`},
		"port a word":   {map[string]string{"a.yaml": head + "# port: http\n"}, `the port "http"`},
		"port too high": {map[string]string{"a.yaml": head + "# port: 70000\n"}, `the port "70000"`},
		"alias twice":   {map[string]string{"a.yaml": head + "# aliases: b\n", "b.yaml": head}, "a and b both have the key b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := template.Read(files(c.files))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
}
