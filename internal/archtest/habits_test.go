package archtest_test

import (
	"go/ast"
	"go/token"
	"strings"
	"testing"
)

// TestNoInit keeps work out of the loading of the program.
func TestNoInit(t *testing.T) {
	t.Parallel()
	for _, f := range load(t) {
		for _, decl := range f.ast.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%s: init functions hide what a program does when it starts", f.at(fn))
			}
		}
	}
}

// TestPackageVariablesStay finds functions that write to variables of their package.
func TestPackageVariablesStay(t *testing.T) {
	t.Parallel()
	for _, files := range byPackage(code(load(t))) {
		vars := map[string]bool{}
		for _, f := range files {
			packageVariables(f.ast, vars)
		}
		for _, f := range files {
			for _, decl := range f.ast.Decls {
				if fn, ok := decl.(*ast.FuncDecl); ok {
					checkWrites(t, f, fn, vars)
				}
			}
		}
	}
}

func packageVariables(f *ast.File, vars map[string]bool) {
	for _, decl := range f.Decls {
		d, ok := decl.(*ast.GenDecl)
		if !ok || d.Tok != token.VAR {
			continue
		}
		for _, spec := range d.Specs {
			if s, ok := spec.(*ast.ValueSpec); ok {
				for _, name := range s.Names {
					vars[name.Name] = true
				}
			}
		}
	}
}

func checkWrites(t *testing.T, f file, fn *ast.FuncDecl, vars map[string]bool) {
	t.Helper()
	own := locals(fn)
	ast.Inspect(fn, func(node ast.Node) bool {
		for _, target := range written(node) {
			if target.Name != "_" && vars[target.Name] && !own[target.Name] {
				t.Errorf("%s: the package variable %s is changed", f.at(target), target.Name)
			}
		}
		return true
	})
}

// locals are the names that a function declares itself, anywhere in it.
func locals(fn *ast.FuncDecl) map[string]bool {
	own := map[string]bool{}
	add := func(e ast.Expr) {
		if name, ok := e.(*ast.Ident); ok {
			own[name.Name] = true
		}
	}
	ast.Inspect(fn, func(node ast.Node) bool {
		switch x := node.(type) {
		case *ast.Field:
			for _, name := range x.Names {
				add(name)
			}
		case *ast.ValueSpec:
			for _, name := range x.Names {
				add(name)
			}
		case *ast.AssignStmt:
			if x.Tok == token.DEFINE {
				for _, e := range x.Lhs {
					add(e)
				}
			}
		case *ast.RangeStmt:
			add(x.Key)
			add(x.Value)
		}
		return true
	})
	return own
}

// written lists the variables that a statement gives a new value, or an element of.
func written(node ast.Node) []*ast.Ident {
	var targets []ast.Expr
	switch x := node.(type) {
	case *ast.AssignStmt:
		targets = x.Lhs
	case *ast.IncDecStmt:
		targets = []ast.Expr{x.X}
	}
	var names []*ast.Ident
	for _, target := range targets {
		if index, ok := target.(*ast.IndexExpr); ok {
			target = index.X
		}
		if name, ok := target.(*ast.Ident); ok {
			names = append(names, name)
		}
	}
	return names
}

// TestContextsComeFromAbove lets only main and tests make a context of their own.
func TestContextsComeFromAbove(t *testing.T) {
	t.Parallel()
	for _, f := range code(load(t)) {
		if strings.HasPrefix(f.pkg, "cmd/") {
			continue
		}
		ast.Inspect(f.ast, func(node ast.Node) bool {
			if e, ok := node.(ast.Expr); ok && (isSelector(e, "context", "Background") || isSelector(e, "context", "TODO")) {
				t.Errorf("%s: take the context as the first argument", f.at(node))
			}
			return true
		})
	}
}

// TestTestsDoNotSleep wants signals instead of guesses about time.
func TestTestsDoNotSleep(t *testing.T) {
	t.Parallel()
	for _, f := range load(t) {
		if !f.test {
			continue
		}
		ast.Inspect(f.ast, func(node ast.Node) bool {
			if e, ok := node.(ast.Expr); ok && isSelector(e, "time", "Sleep") {
				t.Errorf("%s: wait for a signal instead of sleeping", f.at(node))
			}
			return true
		})
	}
}

// TestSkipsSayWhy wants every skipped test to name what would un-skip it.
func TestSkipsSayWhy(t *testing.T) {
	t.Parallel()
	for _, f := range load(t) {
		if !f.test {
			continue
		}
		ast.Inspect(f.ast, func(node ast.Node) bool {
			call, ok := node.(*ast.CallExpr)
			if !ok {
				return true
			}
			s, ok := call.Fun.(*ast.SelectorExpr)
			if ok && (s.Sel.Name == "SkipNow" || (s.Sel.Name == "Skip" || s.Sel.Name == "Skipf") && len(call.Args) == 0) {
				t.Errorf("%s: say what would un-skip the test", f.at(call))
			}
			return true
		})
	}
}
