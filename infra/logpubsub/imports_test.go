package logpubsub

import (
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestLiftable: beside the standard library the package imports Watermill, the
// log's port and what that port is made of.
func TestLiftable(t *testing.T) {
	allowed := []string{"hoso/domain/eventlog", "github.com/google/uuid", "github.com/ThreeDotsLabs/watermill", "github.com/ThreeDotsLabs/watermill/message"}
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), ".go") || strings.HasSuffix(file.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file.Name(), nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range f.Imports {
			seen++
			path, _ := strconv.Unquote(spec.Path.Value)
			if first, _, _ := strings.Cut(path, "/"); (strings.Contains(first, ".") || first == "hoso") && !slices.Contains(allowed, path) {
				t.Errorf("%s imports %s", file.Name(), path)
			}
		}
	}
	if seen < 10 {
		t.Fatalf("only %d imports seen", seen)
	}
}
