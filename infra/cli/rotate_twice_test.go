package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"hoso/infra/keys"
)

// TestRotateTwiceAtOnce: a change of the master key waits in PostgreSQL while a second one is
// started, in the same folder or in another instance's. One of the two ends well, and its new
// key is on disk, in the place of the one before.
func TestRotateTwiceAtOnce(t *testing.T) {
	at := os.Getenv("HOSO_TEST_POSTGRES")
	if at == "" {
		t.Skip("HOSO_TEST_POSTGRES names no PostgreSQL")
	}
	for name, sameFolder := range map[string]bool{"one folder": true, "two folders": false} {
		t.Run(name, func(t *testing.T) {
			url := keysDatabase(t, at)
			dirs := []string{filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "data")}
			if sameFolder {
				dirs[1] = dirs[0]
			}
			for _, dir := range dirs {
				if err := os.MkdirAll(dir, 0o700); err != nil {
					t.Fatal(err)
				}
				put(t, filepath.Join(dir, masterFile), strings.Repeat("4f", 32)+"\n")
			}
			l := life{t, []string{"--data", dirs[0], "--keys", url}, dirs[0]}
			_, _ = l.someone(numberA, nameA)
			conn, err := pgx.Connect(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(t.Context())
			tx, err := conn.Begin(t.Context())
			if err == nil {
				_, err = tx.Exec(t.Context(), `LOCK TABLE person IN SHARE MODE`)
			}
			if err != nil {
				t.Fatal(err)
			}
			var wg sync.WaitGroup
			codes, said, ended := make([]int, 2), make([]bytes.Buffer, 2), []chan struct{}{make(chan struct{}), make(chan struct{})}
			for i := range 2 {
				wg.Go(func() {
					defer close(ended[i])
					args := []string{"keys", "rotate", "--data", dirs[i], "--keys", url}
					codes[i] = Main(t.Context(), args, strings.NewReader(""), &said[i], &said[i], func(string) string { return "" })
				})
				awaitWaiting(t, tx, i+1, ended[i])
				time.Sleep(2 * time.Millisecond) // the names of files hold the time
			}
			if err := tx.Rollback(t.Context()); err != nil {
				t.Fatal(err)
			}
			wg.Wait()
			if (codes[0] == exitDone) == (codes[1] == exitDone) {
				t.Fatalf("not one of the two: %v\n%s\n%s", codes, said[0].String(), said[1].String())
			}
			winner := 0
			if codes[1] == exitDone {
				winner = 1
			}
			if !strings.Contains(said[1-winner].String(), "master key") {
				t.Errorf("the other says: %s", said[1-winner].String())
			}
			opens, err := readMaster(t, dirs[winner]).Opens(l.app().keyEntries())
			if err != nil || !opens {
				t.Fatalf("no key is left that opens: %v", err)
			}
			old, err := keys.ParseMaster(strings.Repeat("4f", 32))
			if err != nil {
				t.Fatal(err)
			}
			kept, err := filepath.Glob(filepath.Join(dirs[winner], masterFile+".before-*Z"))
			if err != nil || len(kept) != 1 {
				t.Fatal("kept:", kept, err)
			}
			if m, err := keys.ReadMaster(kept[0]); err != nil || m != old {
				t.Error("the old one is not in the file that is named:", err)
			}
			if !strings.Contains(said[winner].String(), kept[0]) {
				t.Errorf("it names another file than %s: %s", kept[0], said[winner].String())
			}
		})
	}
}

// awaitWaiting returns when so many wait for table person, or one has ended.
func awaitWaiting(t *testing.T, tx pgx.Tx, n int, ended chan struct{}) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		var waiting int
		if err := tx.QueryRow(t.Context(), `SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'person'::regclass`).Scan(&waiting); err != nil {
			t.Fatal(err)
		}
		select {
		case <-ended:
			return
		default:
		}
		if waiting >= n {
			return
		}
	}
	t.Fatal("nobody waits for the table")
}

// TestStagedKeysStayUntilAnotherWraps: a next master key that an interrupted change laid
// there may yet be the one that opens, as PostgreSQL may carry out what was asked of it. It
// stays beside the next change's, and goes when that one has wrapped all keys.
func TestStagedKeysStayUntilAnotherWraps(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, masterFile), strings.Repeat("4f", 32)+"\n")
	earlier, now := []string{stagedMaster(dir), stagedName(dir, time.Now())}, stagedName(dir, time.Now())
	for _, file := range earlier {
		if err := keys.NewMaster().Save(file); err != nil {
			t.Fatal(err)
		}
	}
	next, _, err := (&rotateCmd{}).stage(dir, now, true, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if files, err := staged(dir); err != nil || len(files) != 3 {
		t.Fatalf("staged: %v, %v", files, err)
	}
	if err := placeMaster(dir, now, next); err != nil {
		t.Fatal(err)
	}
	if files, err := staged(dir); err != nil || len(files) != 0 || readMaster(t, dir) != next {
		t.Errorf("staged: %v, %v", files, err)
	}
	// Settled by somebody else, it is done too.
	if err := placeMaster(dir, now, next); err != nil {
		t.Error(err)
	}
	if err := placeMaster(dir, now, keys.NewMaster()); err == nil {
		t.Error("another key is in its place, and it said nothing")
	}
}
