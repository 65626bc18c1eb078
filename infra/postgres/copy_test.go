package postgres

import (
	"errors"
	"iter"
	"path/filepath"
	"testing"

	"hoso/domain"
	"hoso/infra/keys"
)

// From a database into a file and from the file into another database: the same keys, under
// the same master key, without those that are left out; nothing is loaded upon other keys.
func TestDumpAndLoad(t *testing.T) {
	from, to, master := schemaOf(t), schemaOf(t), keys.NewMaster()
	s := openAt(t, from, master)
	living, gone, unwanted := someone(t, s, "1"), someone(t, s, "2"), someone(t, s, "3")
	if err := s.Destroy(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), keys.File)
	if err := keys.WriteFile(t.Context(), file, Dump(t.Context(), from)); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("the file ends here")
	cut := func(entries iter.Seq2[keys.Entry, error]) iter.Seq2[keys.Entry, error] {
		return func(yield func(keys.Entry, error) bool) {
			n := 0
			for e, err := range entries {
				if n++; n == 4 {
					yield(keys.Entry{}, broken)
					return
				}
				if !yield(e, err) {
					return
				}
			}
		}
	}
	if err := Load(t.Context(), to, cut(keys.ReadFile(t.Context(), file))); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	left := keys.Without(keys.ReadFile(t.Context(), file), map[domain.SubjectID]bool{unwanted: true})
	if err := Load(t.Context(), to, left); err != nil { // of the one before, nothing was kept
		t.Fatal(err)
	}
	if err := Load(t.Context(), to, left); !errors.Is(err, ErrNotEmpty) {
		t.Errorf("loaded upon other keys: %v", err)
	}
	c := openAt(t, to, master)
	for who, want := range map[domain.SubjectID]bool{living: true, gone: false, unwanted: false} {
		if _, err := c.Key(who); (err == nil) != want {
			t.Errorf("key of %s: %v, want %t", who, err, want)
		}
	}
	if found, known, err := c.Find(t.Context(), "1"); !known || found != living || err != nil {
		t.Errorf("%s, %t, %v", found, known, err)
	}
	if _, err := c.Resolve(t.Context(), unwanted); err == nil {
		t.Error("who was left out came back")
	}
	if err := c.Destroy(t.Context(), living); err != nil { // the numbers of erasures go on
		t.Fatal(err)
	}
	for _, err := range Dump(t.Context(), schemaOf(t)) {
		var fault *Fault
		if !errors.As(err, &fault) || fault.Code != "keys_none" {
			t.Errorf("of a database without keys: %v", err)
		}
	}
	if opens, err := master.Opens(Dump(t.Context(), to)); !opens || err != nil {
		t.Errorf("opens %t, %v", opens, err)
	}
}
