package sqlite_test

import (
	"testing"

	"hoso/projections/viewtest"
)

// TestViewsContract runs the suite that every view store passes.
func TestViewsContract(t *testing.T) { viewtest.Run(t, opener(t.TempDir())) }
