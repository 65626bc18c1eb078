package sqlite_test

import (
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hoso/domain/eventlog"
	"hoso/infra/sqlite"
)

// roundAgain gives the files of a log whose WAL is in a later round, so that
// its last transaction overwrote frames of an earlier one, before and after
// that transaction, and how many events there are before it.
func roundAgain(t *testing.T) (before, after map[string][]byte, events int) {
	t.Helper()
	dir := t.TempDir()
	l := openLog(t, dir)
	files := func() map[string][]byte {
		out := map[string][]byte{}
		for _, name := range []string{"log.db", "log.db-wal"} {
			content, err := os.ReadFile(filepath.Join(dir, name)) // the lock it drops guards nothing here
			if err != nil {
				t.Fatal(err)
			}
			out[name] = content
		}
		return out
	}
	for i := range 5000 {
		before = after
		if _, err := l.Append(context.Background(), "s", eventlog.Expected(i*2-1), proposed(2)); err != nil {
			t.Fatal(err)
		}
		if i < 300 || i%50 > 1 {
			after = nil
			continue
		}
		after = files()
		state, err := sqlite.CheckWAL(sqlite.LogFile(dir))
		if err != nil {
			t.Fatal(err)
		}
		if old := (len(after["log.db-wal"])-32)/frame - state.Frames; before != nil && old > 10 && state.Commits > 9 {
			return before, after, 2 * i
		}
	}
	t.Fatal("the WAL never began another round")
	return nil, nil, 0
}

// lastFrame gives where the last frame of the WAL's round stands.
func lastFrame(t *testing.T, files map[string][]byte) int {
	t.Helper()
	_, state := checkWAL(t, files)
	return 32 + (state.LastSound-1)*frame
}

// SQLite writes a frame's header, then its page. A kill between the two of a
// transaction's last frame leaves a header that ends it over a page of the
// WAL's earlier round: torn, never acknowledged, healed by the next start.
func TestKilledBetweenHeaderAndPage(t *testing.T) {
	before, after, events := roundAgain(t)
	at := lastFrame(t, after)
	if binary.BigEndian.Uint32(after["log.db-wal"][at+4:]) == 0 {
		t.Fatal("that frame ends no transaction")
	}
	dir := t.TempDir()
	put(t, dir, spoil(after, func(wal []byte) []byte {
		copy(wal[at+24:at+frame], before["log.db-wal"][at+24:at+frame])
		return wal
	}))
	d := checkCopy(t, dir)
	if d == nil || !d.Torn || d.Position != uint64(events+1) || !strings.Contains(d.Why, "before it was acknowledged") {
		t.Fatalf("got %+v", d)
	}
	l := openLog(t, dir)
	if w := l.Warnings(); len(w) != 1 {
		t.Errorf("warnings: %q", w)
	}
	if n := len(allEvents(t, l)); n != events {
		t.Errorf("%d events, want %d", n, events)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if d := checkCopy(t, dir); d != nil {
		t.Errorf("after a start: %+v", d)
	}
}

// A changed byte of an acknowledged last transaction is found, and looks like
// the kill above: it must never be taken for nothing.
func TestChangedLastTransactionIsNeverSound(t *testing.T) {
	_, after, _ := roundAgain(t)
	at := lastFrame(t, after)
	changed := func(byteAt int) *sqlite.Damage {
		dir := t.TempDir()
		put(t, dir, spoil(after, func(wal []byte) []byte { wal[byteAt] ^= 0x10; return wal }))
		return checkCopy(t, dir)
	}
	for _, offset := range []int{0, 5, 9, 17, 24, 2000, frame - 1} {
		if changed(at+offset) == nil {
			t.Errorf("byte %d of the last frame: not found", offset)
		}
	}
	if d := changed(at - 8*frame + 100); d == nil || d.Torn {
		t.Errorf("a frame with transactions behind it: got %+v, want damage that is not torn", d)
	}
}
