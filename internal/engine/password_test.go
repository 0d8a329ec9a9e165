package engine_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/engine"
)

// TestChange: passwords that lie in a volume are changed there, those that are read at
// every start need nothing, and no secret is in a command.
func TestChange(t *testing.T) {
	t.Parallel()
	for _, s := range engine.All() {
		db := sample(s)
		had := s.Passwords(db)
		if _, changing := s.Change(db, had); changing {
			t.Errorf("%s: nothing changed, and something is done", s.Name)
		}
		if _, changing := s.Change(db, nil); changing {
			t.Errorf("%s: nobody knows the old passwords", s.Name)
		}
		db.Fields = maps.Clone(db.Fields)
		for name := range had {
			db.Fields[name] = core.NewSecret("secret'\"\\$1")
		}
		keeps := map[string]bool{"postgresql": true, "mysql": true, "mariadb": true, "mongodb": true}[s.Name]
		c, changing := s.Change(db, had)
		if changing != keeps {
			t.Errorf("%s: changed: %t", s.Name, changing)
		}
		if user, ok := s.Field(field(s, engine.RoleUser)); ok && s.Keeps(user) != keeps {
			t.Errorf("%s: keeps its user: %t", s.Name, s.Keeps(user))
		}
		if !changing {
			continue
		}
		if text := fmt.Sprint(c.Ready); strings.Contains(text, "secret") || !strings.HasSuffix(text, strings.Trim(fmt.Sprint(rendered(t, s, input(db)).Ready), "[")) {
			t.Errorf("%s: %s", s.Name, text)
		}
		var b strings.Builder
		for _, f := range c.Files {
			if !strings.HasPrefix(f.Path, c.Folder) {
				t.Errorf("%s: %s is not in %s", s.Name, f.Path, c.Folder)
			}
			if !strings.HasSuffix(f.Path, ".sh") {
				fmt.Fprintf(&b, "=== %s %o\n%s\n", f.Path, f.Mode, f.Content)
			}
		}
		golden(t, "change-"+s.Name, b.String())
	}
}
