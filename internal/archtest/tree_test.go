package archtest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/archtest"
)

const module = "github.com/taffrail/taffrail/"

// file is one parsed Go file of the module.
type file struct {
	path string // from the module's root
	pkg  string // its folder from the module's root
	test bool   // _test.go, or in a package that only tests import
	ast  *ast.File
	fset *token.FileSet
}

func (f file) line(p token.Pos) int { return f.fset.Position(p).Line }

// at names a place for a failure message.
func (f file) at(n ast.Node) string { return f.fset.Position(n.Pos()).String() }

// load parses all Go files of the module's own packages.
func load(t *testing.T) []file {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	var files []file
	fset := token.NewFileSet()
	for _, top := range []string{"api", "client", "cmd", "internal", "e2e"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && d.Name() == "testdata":
				return filepath.SkipDir
			case d.IsDir() || !strings.HasSuffix(path, ".go"):
				return nil
			}
			f, err := parseFile(fset, root, path)
			files = append(files, f)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(files) == 0 {
		t.Fatal("no Go files found")
	}
	return files
}

func parseFile(fset *token.FileSet, root, path string) (file, error) {
	tree, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
	if err != nil {
		return file{}, err
	}
	rel, err := filepath.Rel(root, path)
	if err != nil {
		return file{}, err
	}
	rel = filepath.ToSlash(rel)
	f := file{path: rel, pkg: filepath.ToSlash(filepath.Dir(rel)), ast: tree, fset: fset}
	f.test = strings.HasSuffix(rel, "_test.go") || slices.Contains(archtest.TestSupport(), f.pkg)
	return f, nil
}

// code leaves out what only tests use.
func code(files []file) []file {
	return slices.DeleteFunc(slices.Clone(files), func(f file) bool { return f.test })
}

// byPackage groups files by folder.
func byPackage(files []file) map[string][]file {
	out := map[string][]file{}
	for _, f := range files {
		out[f.pkg] = append(out[f.pkg], f)
	}
	return out
}
