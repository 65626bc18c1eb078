package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// inward lists, for each top-level folder, which of ours it may import. Test
// files see everything; main.go and infra/cli wire everything together.
var inward = map[string][]string{
	"domain":      {"domain"},
	"commands":    {"domain", "commands"},
	"projections": {"domain", "projections"},
	"http":        {"domain", "commands", "projections", "http"},
	"infra":       {"domain", "commands", "projections", "infra"},
}

// wires may import everything.
var wires = []string{"infra/cli", "."}

// TestImportsPointInwards keeps the layers apart: a decision never reaches for
// a database, a projection never for a page.
func TestImportsPointInwards(t *testing.T) {
	files := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		folder := filepath.ToSlash(filepath.Dir(path))
		for _, w := range wires {
			if folder == w {
				return nil
			}
		}
		files++
		top, _, _ := strings.Cut(folder, "/")
		allowed, known := inward[top]
		if !known {
			t.Errorf("%s: folder %s has no rule: where does it stand?", path, top)
			return nil
		}
		checkImports(t, path, allowed)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 50 {
		t.Fatalf("only %d files seen: is the test run from the module's root?", files)
	}
}

func checkImports(t *testing.T, path string, allowed []string) {
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Error(err)
		return
	}
	for _, spec := range f.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value)
		ours, isOurs := strings.CutPrefix(imported, "hoso/")
		if !isOurs {
			continue
		}
		top, _, _ := strings.Cut(ours, "/")
		ok := false
		for _, a := range allowed {
			ok = ok || a == top
		}
		if !ok {
			t.Errorf("%s imports %s: imports point inwards only", path, imported)
		}
	}
}
