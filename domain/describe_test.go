package domain

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"
)

// TestEveryEventHasATitle, and no title is of an event that is not listed.
func TestEveryEventHasATitle(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range EventTypes() {
		vi, en := Title(e.EventType())
		if vi == "" || en == "" || en == e.EventType() {
			t.Errorf("%s has no title", e.EventType())
		}
		if seen[e.EventType()] {
			t.Errorf("%s is listed twice", e.EventType())
		}
		seen[e.EventType()] = true
	}
	for typ := range titles {
		if !seen[typ] {
			t.Errorf("a title for %s, which is not listed", typ)
		}
	}
	if vi, en := Title("other.thing"); vi != "other.thing" || en != vi {
		t.Error(vi, en)
	}
}

// source parses the package's files, without tests.
func source(t *testing.T) (files []*ast.File) {
	t.Helper()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), e.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

// TestEveryEventIsListed finds the EventType methods in the source.
func TestEveryEventIsListed(t *testing.T) {
	listed := map[string]bool{}
	for _, e := range EventTypes() {
		listed[e.EventType()] = true
	}
	found := 0
	for _, f := range source(t) {
		ast.Inspect(f, func(n ast.Node) bool {
			fn, ok := n.(*ast.FuncDecl)
			if !ok || fn.Name.Name != "EventType" {
				return true
			}
			found++
			name, _ := strconv.Unquote(fn.Body.List[0].(*ast.ReturnStmt).Results[0].(*ast.BasicLit).Value)
			if !listed[name] {
				t.Errorf("%s is not listed", name)
			}
			return true
		})
	}
	if found != len(listed) {
		t.Errorf("%d events in the source, %d listed", found, len(listed))
	}
}

// TestErrorsAreDistinct: each code is written once, and every error speaks
// both languages.
func TestErrorsAreDistinct(t *testing.T) {
	codes := map[string]bool{}
	for _, f := range source(t) {
		ast.Inspect(f, func(n ast.Node) bool {
			lit, ok := n.(*ast.CompositeLit)
			if !ok {
				return true
			}
			if name, ok := lit.Type.(*ast.Ident); !ok || name.Name != "Error" || len(lit.Elts) != 3 {
				return true
			}
			code, ok := lit.Elts[0].(*ast.BasicLit)
			if !ok {
				return true
			}
			if codes[code.Value] {
				t.Errorf("code %s is written twice", code.Value)
			}
			codes[code.Value] = true
			for _, text := range lit.Elts[1:] {
				if l, ok := text.(*ast.BasicLit); ok && len(l.Value) < 10 {
					t.Errorf("%s does not speak a language", code.Value)
				}
			}
			return true
		})
	}
	if len(codes) < 50 {
		t.Errorf("only %d errors found: the test looks at the wrong thing", len(codes))
	}
}

func TestErrorIs(t *testing.T) {
	if errors.Is(ErrEnded, ErrPaused) || !errors.Is(&Error{Code: "ended"}, ErrEnded) || CodeOf(ErrEnded) != "ended" {
		t.Error("errors are told apart by their codes")
	}
}

// TestEveryFieldHasALabel: what a message names is named for people too.
func TestEveryFieldHasALabel(t *testing.T) {
	for _, f := range source(t) {
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			for _, field := range fieldsNamed(call) {
				if labelVI(field) == field {
					t.Errorf("field %q has no label", field)
				}
			}
			return true
		})
	}
}

// fieldsNamed are the literal field names in a call on a form.
func fieldsNamed(call *ast.CallExpr) (out []string) {
	i := 0
	switch fn := call.Fun.(type) {
	case *ast.SelectorExpr:
		if on, ok := fn.X.(*ast.Ident); !ok || on.Name != "f" || fn.Sel.Name == "fail" {
			return nil
		}
	case *ast.Ident:
		if fn.Name != "pick" {
			return nil
		}
		i = 1
	}
	if len(call.Args) <= i {
		return nil
	}
	ast.Inspect(call.Args[i], func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if s, err := strconv.Unquote(lit.Value); err == nil {
				out = append(out, strings.TrimPrefix(s, "."))
			}
		}
		return true
	})
	return out
}
