package sqlite_test

import (
	"path/filepath"
	"testing"

	"hoso/infra/sqlite"
	"hoso/projections/viewtest"
)

// TestViewsContract runs the suite that every view store passes.
func TestViewsContract(t *testing.T) {
	root := t.TempDir()
	viewtest.Run(t, func(t testing.TB, place string, o viewtest.Options) viewtest.Views {
		v, err := sqlite.OpenViews(filepath.Join(root, place), o.ReadOnly, sqlite.ViewsOptions{Proofs: o.Proofs, Head: o.Head, Logger: o.Logger})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { v.Close() })
		return v
	})
}
