package elastic

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"hoso/domain"
	"hoso/projections"
	"hoso/projections/projtest"
	"hoso/projections/viewtest"
)

// TestErasureReachesTheDisk looks for a person's name and words in the raw
// files of the server, whose data folder HOSO_TEST_ELASTIC_DATA names: there
// before the erasure, also in an older generation, gone some time after it;
// somebody else's still there.
func TestErasureReachesTheDisk(t *testing.T) {
	data := os.Getenv("HOSO_TEST_ELASTIC_DATA")
	if data == "" {
		t.Skip("needs the server's data folder in HOSO_TEST_ELASTIC_DATA")
	}
	open := opener(newPrefix(t), server(t), nil)
	const gone, stays = 117, 127
	w := viewtest.NewWorld(t)
	at := w.Lives(1, viewtest.Start, 0, 40)
	for _, n := range []int{gone, stays} {
		sub := projtest.Submission(n)
		sub.Owner.Name = domain.About(sub.Owner.Subject, secret(n, "name"))
		sub.Summary = domain.About(sub.Owner.Subject, secret(n, "text"))
		w.Append(projtest.Stream(projtest.ID("dossier", n)), at, sub, domain.Numbered{Code: fmt.Sprintf("H99.14-260305-0%d", n)})
	}
	s := viewtest.Started(t, w, "p", open)
	if err := projections.Rebuild(t.Context(), nil, s.Runners...); err != nil { // so that there is an older generation
		t.Fatal(err)
	}
	stop := s.Follow()
	defer stop()
	views := s.Views.(*Views)
	for _, p := range views.all { // onto the disk
		if err := p.lanes[0].known(must(p.look(t.Context())).serving).expungeOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range []int{gone, stays} {
		if where := traces(t, data, n); len(where) == 0 {
			t.Fatalf("no trace of person %d before the erasure: the test looks for the wrong thing", n)
		}
	}
	who := projtest.Person(gone).Subject
	w.Append(projtest.Stream(projtest.ID("dossier", gone)), viewtest.Start.AddDate(0, 6, 0), domain.Redacted{Subject: who})
	s.CaughtUp()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(time.Second) {
		where, left := traces(t, data, gone), uint64(0)
		for _, p := range views.all {
			left += must(views.readState(t.Context(), p.alias())).Unpurged
		}
		if len(where) == 0 && left == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("two minutes after the erasure: %q, %d views to be cleared", where, left)
		}
	}
	if len(traces(t, data, stays)) == 0 {
		t.Error("somebody else is gone too")
	}
}

// secret is a value of a person that occurs nowhere else, not even in part, so
// that compression leaves it as it is.
func secret(n int, what string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", what, n))
	return base32.StdEncoding.EncodeToString(sum[:20])
}

// traces names the server's files that hold a person's values.
func traces(t *testing.T, data string, n int) (where []string) {
	t.Helper()
	values := []string{secret(n, "name"), domain.Fold(secret(n, "name")), secret(n, "text")}
	err := filepath.WalkDir(filepath.Join(data, "indices"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil // files go while we look
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil
		}
		for _, v := range values {
			if bytes.Contains(raw, []byte(v)) {
				where = append(where, filepath.Base(path)+": "+v)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return slices.Compact(where)
}
