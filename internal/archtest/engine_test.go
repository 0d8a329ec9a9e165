package archtest_test

import (
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// engineHome is where engines are known by name.
const engineHome = "internal/engine"

// engineNames are the names of database engines. PostgreSQL is one that Taffrail itself may
// keep its data in, so that its name is looked for apart.
var (
	engineNames = regexp.MustCompile(`(?i)mysql|maria|mongo|redis(?:[^tc]|$)|keydb|dragonfly|clickhouse|valkey`)
	ownEngine   = regexp.MustCompile(`(?i)postgres`)
)

// mayName are the packages outside of engineHome in which names are right, with the reason.
func mayName() map[string]string {
	return map[string]string{
		"internal/redact": "schemes of URLs and options of programs that secrets come behind",
	}
}

// mayNameOwn are the packages in which PostgreSQL is the store of Taffrail's own data.
func mayNameOwn() map[string]string {
	return map[string]string{
		"internal/redact":   "schemes of URLs and options of programs that secrets come behind",
		"internal/sqlstore": "speaks to it",
		"internal/config":   "the URL of the store",
		"internal/cli":      "says where the store is",
	}
}

// TestEnginesAreData wants no name of an engine in the code outside of its package: what
// differs between engines is data of their Specs.
func TestEnginesAreData(t *testing.T) {
	t.Parallel()
	needed := map[string]bool{}
	for _, f := range code(load(t)) {
		if f.pkg == engineHome {
			continue
		}
		ast.Inspect(f.ast, func(node ast.Node) bool {
			text := ""
			switch x := node.(type) {
			case *ast.ImportSpec:
				return false // libraries are called as they are
			case *ast.Ident:
				text = x.Name
			case *ast.BasicLit:
				if x.Kind == token.STRING {
					text, _ = strconv.Unquote(x.Value)
				}
			}
			foreign, own := engineNames.MatchString(text), ownEngine.MatchString(text)
			needed[f.pkg] = needed[f.pkg] || foreign || own
			if foreign && mayName()[f.pkg] == "" || own && mayNameOwn()[f.pkg] == "" {
				t.Errorf("%s: %q names an engine: make it data of engine.Spec", f.at(node), text)
			}
			return true
		})
	}
	for _, list := range []map[string]string{mayName(), mayNameOwn()} {
		for pkg := range list {
			if !needed[pkg] {
				t.Errorf("%s names no engine: it needs no exception", pkg)
			}
		}
	}
}

// TestEngineSize holds the catalog and the one renderer to their size.
func TestEngineSize(t *testing.T) {
	t.Parallel()
	const limit = 900
	lines := 0
	for _, name := range []string{"catalog.go", "spec.go", "scope.go", "render.go", "mount.go"} {
		b, err := os.ReadFile(filepath.Join("../..", engineHome, name))
		if err != nil {
			t.Fatal(err)
		}
		lines += strings.Count(string(b), "\n")
	}
	if lines > limit {
		t.Errorf("the catalog and the renderer have %d lines, at most %d", lines, limit)
	}
}
