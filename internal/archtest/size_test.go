package archtest_test

import (
	"go/ast"
	"go/token"
	"testing"

	"github.com/taffrail/taffrail/internal/archtest"
)

// TestFileLength holds all files, tests included, to the bar.
func TestFileLength(t *testing.T) {
	t.Parallel()
	for _, f := range load(t) {
		if lines := f.line(f.ast.FileEnd); lines > archtest.MaxFileLines {
			t.Errorf("%s has %d lines, at most %d", f.path, lines, archtest.MaxFileLines)
		}
	}
}

// TestFunctions holds functions to their length and their number of branches.
func TestFunctions(t *testing.T) {
	t.Parallel()
	for _, f := range load(t) {
		for _, decl := range f.ast.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if lines := f.line(fn.End()) - f.line(fn.Pos()) + 1; lines > archtest.MaxFunctionLines {
				t.Errorf("%s: %s has %d lines, at most %d", f.at(fn), fn.Name.Name, lines, archtest.MaxFunctionLines)
			}
			if n := cyclomatic(fn); n > archtest.MaxCyclomatic && !f.test {
				t.Errorf("%s: %s has a cyclomatic complexity of %d, at most %d", f.at(fn), fn.Name.Name, n, archtest.MaxCyclomatic)
			}
		}
	}
}

// cyclomatic counts the branches of a function with its closures, plus one.
func cyclomatic(fn *ast.FuncDecl) int {
	n := 1
	ast.Inspect(fn, func(node ast.Node) bool {
		switch x := node.(type) {
		case *ast.IfStmt, *ast.ForStmt, *ast.RangeStmt:
			n++
		case *ast.CaseClause:
			if x.List != nil {
				n++
			}
		case *ast.CommClause:
			if x.Comm != nil {
				n++
			}
		case *ast.BinaryExpr:
			if x.Op == token.LAND || x.Op == token.LOR {
				n++
			}
		}
		return true
	})
	return n
}

// TestTypes holds interfaces and structs to their size, and keeps contexts out of structs.
func TestTypes(t *testing.T) {
	t.Parallel()
	for _, f := range code(load(t)) {
		ast.Inspect(f.ast, func(node ast.Node) bool {
			switch x := node.(type) {
			case *ast.InterfaceType:
				if n := x.Methods.NumFields(); n > archtest.MaxMethods {
					t.Errorf("%s: an interface with %d methods, at most %d", f.at(x), n, archtest.MaxMethods)
				}
			case *ast.StructType:
				checkStruct(t, f, x)
			}
			return true
		})
	}
}

func checkStruct(t *testing.T, f file, s *ast.StructType) {
	t.Helper()
	if n := s.Fields.NumFields(); n > archtest.MaxFields {
		t.Errorf("%s: a struct with %d fields, at most %d", f.at(s), n, archtest.MaxFields)
	}
	for _, field := range s.Fields.List {
		if isSelector(field.Type, "context", "Context") {
			t.Errorf("%s: a context is kept in a struct", f.at(field))
		}
	}
}

// isSelector says whether e reads pkg.name.
func isSelector(e ast.Expr, pkg, name string) bool {
	s, ok := e.(*ast.SelectorExpr)
	if !ok || s.Sel.Name != name {
		return false
	}
	x, ok := s.X.(*ast.Ident)
	return ok && x.Name == pkg
}
