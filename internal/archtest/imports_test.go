package archtest_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/archtest"
)

// TestImports holds the tree against the import table.
func TestImports(t *testing.T) {
	t.Parallel()
	files := load(t)
	for pkg := range byPackage(files) {
		if _, listed := layerOf(pkg); !listed && !slices.Contains(archtest.TestSupport(), pkg) {
			t.Errorf("%s is not in the import table: add it to archtest.Table and docs/architecture.md", pkg)
		}
	}
	for _, f := range code(files) {
		from, listed := layerOf(f.pkg)
		if !listed {
			continue
		}
		for _, spec := range f.ast.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			to, own := strings.CutPrefix(path, module)
			if own && !allowed(from, to) {
				t.Errorf("%s: %s may not import %s", f.at(spec), f.pkg, to)
			}
		}
	}
}

// TestTableIsConsistent catches slips in the table itself.
func TestTableIsConsistent(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, layer := range archtest.Table() {
		for _, pkg := range layer.Packages {
			if seen[pkg] {
				t.Errorf("%s is listed twice", pkg)
			}
			seen[pkg] = true
		}
		for _, only := range layer.Only {
			if to, listed := layerOf(only); !listed || to.Number > layer.Number {
				t.Errorf("layer %d lets in %s, which is not below it", layer.Number, only)
			}
		}
	}
}

func layerOf(pkg string) (archtest.Layer, bool) {
	for _, layer := range archtest.Table() {
		if slices.Contains(layer.Packages, pkg) {
			return layer, true
		}
	}
	return archtest.Layer{}, false
}

func allowed(from archtest.Layer, to string) bool {
	if from.Only != nil {
		return slices.Contains(from.Only, to)
	}
	layer, listed := layerOf(to)
	return listed && layer.Number < from.Number && !slices.Contains(from.Not, to)
}
