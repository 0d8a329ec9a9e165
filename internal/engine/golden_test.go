package engine_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/taffrail/taffrail/internal/compose"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/engine"
)

var update = flag.Bool("update", false, "write the golden files anew")

// variants are the ways in which a database differs from one with defaults.
func variants() map[string]func(*engine.Spec, *core.Database) {
	return map[string]func(*engine.Spec, *core.Database){
		"plain": func(*engine.Spec, *core.Database) {},
		"tls":   func(_ *engine.Spec, db *core.Database) { db.Settings.EnableSSL = true },
		"conf": func(s *engine.Spec, db *core.Database) {
			if name := field(s, engine.RoleConf); name != "" {
				db.Fields[name] = core.NewSecret("# requirepass, listen_addresses = 'nowhere'\nsome = thing")
			}
		},
		"public": func(_ *engine.Spec, db *core.Database) {
			db.Settings.EnableSSL = true
			db.Settings.Public = core.Public{Enabled: true, Port: 15432, Timeout: 60, Allow: []string{"10.1.2.3/8", "2001:db8::1"}}
			db.Settings.PortsMappings = "127.0.0.1:1234:5678, 4321:8765/udp"
		},
		"odd": func(s *engine.Spec, db *core.Database) { passwords(s, *db, odd) },
	}
}

// TestGolden holds the compose file and all files of every engine in every variant.
func TestGolden(t *testing.T) {
	t.Parallel()
	for _, s := range engine.All() {
		for name, change := range variants() {
			t.Run(s.Name+"-"+name, func(t *testing.T) {
				t.Parallel()
				db := sample(s)
				change(s, &db)
				golden(t, s.Name+"-"+name, shown(t, rendered(t, s, input(db))))
			})
		}
	}
}

// shown is everything of an output as a text.
func shown(t *testing.T, out engine.Output) string {
	t.Helper()
	text, err := compose.Render(out.Compose)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nready: %q\nports: %v\nproxy: %s\nowned: %v\n", text, out.Ready, out.Ports, out.Proxy, out.Owned)
	for _, f := range out.Files {
		if strings.HasSuffix(f.Path, ".sh") && !strings.Contains(f.Content, string(uuid)) {
			fmt.Fprintf(&b, "\n=== %s %o (script)\n", f.Path, f.Mode) // as it is in the folder scripts
			continue
		}
		fmt.Fprintf(&b, "\n=== %s %o\n%s", f.Path, f.Mode, f.Content)
	}
	return b.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name+".txt")
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("not as in %s (-update writes it anew):\n%s", path, diff)
	}
}

// TestSecretsAreInFilesOnly looks for passwords, and for texts of the user's that may hold
// some, wherever Docker shows something.
func TestSecretsAreInFilesOnly(t *testing.T) {
	t.Parallel()
	for _, s := range engine.All() {
		for name, change := range variants() {
			db := sample(s)
			change(s, &db)
			if name := field(s, engine.RoleConf); name != "" {
				db.Fields[name] = core.NewSecret("secret-conf")
			}
			if s.Name == "postgresql" {
				db.Settings.InitScripts = []core.InitScript{{Filename: "a.sh", Content: "secret-script"}}
			}
			out := rendered(t, s, input(db))
			text, err := compose.Render(out.Compose)
			if err != nil {
				t.Fatal(err)
			}
			text += fmt.Sprint(out.Ready, out.Compose, s.Reload(db))
			d, err := s.Dump(db, nil, true)
			if err != nil {
				t.Fatal(err)
			}
			text += fmt.Sprint(d)
			for _, f := range s.Fields {
				if f.Secret() && strings.Contains(text, db.Fields[f.Name].Reveal()) {
					t.Errorf("%s %s: %s is shown", s.Name, name, f.Name)
				}
			}
			if strings.Contains(text, "secret-") || strings.Contains(text, "(key)") || strings.Contains(text, odd[:20]) {
				t.Errorf("%s %s: a secret is shown in\n%s", s.Name, name, text)
			}
		}
	}
}

// TestDollars: Compose fills in nothing of what a user wrote.
func TestDollars(t *testing.T) {
	t.Parallel()
	s := find(t, "postgresql")
	in := input(sample(s))
	in.Envs = []core.EnvVar{{Key: "WORD", Value: core.NewSecret("${HOME} $$ $(id)")}}
	text, err := compose.Render(rendered(t, s, in).Compose)
	if err != nil {
		t.Fatal(err)
	}
	if want := `WORD: "$${HOME} $$$$ $$(id)"`; !strings.Contains(text, want) {
		t.Errorf("no %s in\n%s", want, text)
	}
}
