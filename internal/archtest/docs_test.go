package archtest_test

import (
	"go/ast"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/archtest"
)

// TestPackageComments wants one package comment in every package.
func TestPackageComments(t *testing.T) {
	t.Parallel()
	for pkg, files := range byPackage(load(t)) {
		if !documented(files) {
			t.Errorf("%s has no package comment", pkg)
		}
	}
}

func documented(files []file) bool {
	onlyTests := true
	for _, f := range files {
		if f.ast.Doc != nil {
			return true
		}
		onlyTests = onlyTests && strings.HasSuffix(f.path, "_test.go")
	}
	return onlyTests
}

// TestExportedNamesAreDocumented wants a comment on nearly all exported names.
func TestExportedNamesAreDocumented(t *testing.T) {
	t.Parallel()
	for pkg, files := range byPackage(code(load(t))) {
		var all, bare []string
		for _, f := range files {
			for _, decl := range f.ast.Decls {
				names, missing := exported(decl)
				all = append(all, names...)
				bare = append(bare, missing...)
			}
		}
		if len(all) > 0 && float64(len(bare)) > (1-archtest.MinDocumented)*float64(len(all)) {
			t.Errorf("%s: %d of %d exported names have no comment: %s", pkg, len(bare), len(all), strings.Join(bare, ", "))
		}
	}
}

// exported lists the exported names of a declaration, and those of them without comment.
func exported(decl ast.Decl) (all, bare []string) {
	note := func(name *ast.Ident, docs ...*ast.CommentGroup) {
		if !name.IsExported() {
			return
		}
		all = append(all, name.Name)
		for _, d := range docs {
			if d != nil {
				return
			}
		}
		bare = append(bare, name.Name)
	}
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if exportedReceiver(d) {
			note(d.Name, d.Doc)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				note(s.Name, d.Doc, s.Doc, s.Comment)
			case *ast.ValueSpec:
				for _, name := range s.Names {
					note(name, d.Doc, s.Doc, s.Comment)
				}
			}
		}
	}
	return all, bare
}

func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return true
	}
	typ := d.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	if index, ok := typ.(*ast.IndexExpr); ok {
		typ = index.X
	}
	name, ok := typ.(*ast.Ident)
	return ok && name.IsExported()
}
