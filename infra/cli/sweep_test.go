package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// manyOrphans is an installation with n old keys that no event names, and, where
// asked for, one person whom the log names.
func manyOrphans(t *testing.T, n int, someone bool) life {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	l := life{t, []string{"--data", dir}, dir}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, masterFile), strings.Repeat("4f", 32)+"\n")
	if someone {
		l.someone(numberA, nameA)
	}
	l.write(func(s *stack) {
		for i := range n {
			if _, err := s.keys.Resolve(t.Context(), uuid.New(), fmt.Sprintf("00108500%04d", i)); err != nil {
				t.Fatal(err)
			}
		}
	})
	l.turnBack()
	return l
}

// TestSweepOfMostKeys: where most keys are orphans, or the log names nobody, it is
// rather the wrong log: nothing goes unless somebody says so.
func TestSweepOfMostKeys(t *testing.T) {
	for name, c := range map[string]struct {
		orphans int
		someone bool
		refused bool
	}{
		"most":           {11, true, true},
		"most, but few":  {10, true, false},
		"nobody is left": {1, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			l := manyOrphans(t, c.orphans, c.someone)
			sweep := append([]string{"keys", "sweep", "--json"}, l.args...)
			if c.refused {
				refused(t, "--many", sweep...)
				sweep = append(sweep, "--many")
			}
			if doc := answer(t, sweep...); doc["destroyed"] != float64(c.orphans) {
				t.Errorf("%v", doc)
			}
		})
	}
}
