package keys_test

import (
	"context"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/infra/keys"
)

func entriesOf(t *testing.T, from iter.Seq2[keys.Entry, error]) (all []keys.Entry) {
	t.Helper()
	for e, err := range from {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

func sameEntry(a, b keys.Entry) bool {
	return a.Secret == b.Secret && a.Subject == b.Subject && a.Hash == b.Hash && slices.Equal(a.Wrapped, b.Wrapped) && a.CreatedAt.Equal(b.CreatedAt)
}

// A copy, of the file or of its entries, opens with the same master key and knows the
// same persons; left out, a person is as destroyed as by Destroy.
func TestCopies(t *testing.T) {
	dir, master := t.TempDir(), keys.NewMaster()
	path := filepath.Join(dir, keys.File)
	s, err := keys.Open(dir, master)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	make := func(number string) domain.SubjectID {
		who, err := s.Resolve(t.Context(), uuid.New(), number)
		if err != nil {
			t.Fatal(err)
		}
		return who
	}
	living, gone, unwanted, stranger := make("1"), make("2"), make("3"), uuid.New()
	if err := s.Destroy(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	all := entriesOf(t, keys.ReadFile(t.Context(), path)) // beside the open store
	for name, copy := range map[string]func(to string) error{
		"file": func(to string) error { return keys.CopyFile(t.Context(), path, to) },
		"entries": func(to string) error {
			return keys.WriteFile(t.Context(), to, keys.ReadFile(t.Context(), path))
		},
		"without": func(to string) error {
			return keys.WriteFile(t.Context(), to, keys.Without(keys.ReadFile(t.Context(), path), map[domain.SubjectID]bool{unwanted: true, gone: true, stranger: true}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			to := t.TempDir()
			file := filepath.Join(to, keys.File)
			if err := os.WriteFile(file, []byte("left by somebody who was killed"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := copy(file); err != nil {
				t.Fatal(err)
			}
			if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%v, %v", info.Mode(), err)
			}
			if got := entriesOf(t, keys.ReadFile(t.Context(), file)); name != "without" && !slices.EqualFunc(got, all, sameEntry) {
				t.Errorf("%d entries, want %d", len(got), len(all))
			}
			if opens, err := keys.NewMaster().Opens(keys.ReadFile(t.Context(), file)); opens || err != nil {
				t.Errorf("another master key opens it: %v", err)
			}
			c, err := keys.Open(to, master)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if c.IDHash("1") != s.IDHash("1") {
				t.Error("hashes are others")
			}
			wantKey := map[domain.SubjectID]bool{living: true, gone: false, unwanted: name != "without", stranger: false}
			for who, want := range wantKey {
				if _, err := c.Key(who); (err == nil) != want {
					t.Errorf("key of %s: %v, want %t", who, err, want)
				}
			}
			for number, who := range map[string]domain.SubjectID{"1": living, "2": gone, "3": unwanted} {
				if found, known, err := c.Find(t.Context(), number); err != nil || known != wantKey[who] || known && found != who {
					t.Errorf("number %s: %s, %t, %v", number, found, known, err)
				}
			}
			for _, who := range []domain.SubjectID{unwanted, stranger} {
				if _, err := c.Resolve(context.Background(), who, "9"); name == "without" && err == nil {
					t.Errorf("%s came back", who)
				}
			}
		})
	}
}
