package sqlite_test

import (
	"context"
	"encoding/binary"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hoso/domain/eventlog"
	"hoso/infra/sqlite"
)

const frame = 24 + 4096

func checkWAL(t *testing.T, files map[string][]byte) (string, sqlite.WALState) {
	t.Helper()
	dir := t.TempDir()
	put(t, dir, files)
	state, err := sqlite.CheckWAL(filepath.Join(dir, "log.db"))
	if err != nil {
		t.Fatal(err)
	}
	return dir, state
}

// spoil gives the files with a changed WAL.
func spoil(files map[string][]byte, change func(wal []byte) []byte) map[string][]byte {
	out := maps.Clone(files)
	out["log.db-wal"] = change(slices.Clone(files["log.db-wal"]))
	return out
}

// lastTransaction gives the number of the first frame of the WAL's last transaction, and of its last.
func lastTransaction(wal []byte) (first, last int) {
	last = (len(wal) - 32) / frame
	for first = last; first > 1 && binary.BigEndian.Uint32(wal[32+(first-2)*frame+4:]) == 0; first-- {
	}
	return first, last
}

func TestWALSound(t *testing.T) {
	files := copyOfRunningLog(t)
	_, state := checkWAL(t, files)
	frames := (len(files["log.db-wal"]) - 32) / frame
	if state.Damaged || state.Frames != frames || state.LastSound != frames || state.Commits != 50 {
		t.Errorf("got %+v of %d frames and 50 appends", state, frames)
	}
	delete(files, "log.db-wal")
	if _, state := checkWAL(t, files); state != (sqlite.WALState{}) {
		t.Errorf("without a WAL: %+v", state)
	}
}

// SQLite alone drops what follows a damaged frame without a word; opening must refuse.
func TestWALDamagedInTheMiddle(t *testing.T) {
	files := copyOfRunningLog(t)
	for name, at := range map[string]int{
		"page": 32 + 9*frame + 24 + 100, "page number": 32 + 9*frame, "salt": 32 + 9*frame + 8, "checksum": 32 + 9*frame + 16,
		"salt of the header": 16, "magic": 3, "checksum of the header": 24, "page size": 10,
	} {
		t.Run(name, func(t *testing.T) {
			dir, state := checkWAL(t, spoil(files, func(wal []byte) []byte { wal[at] ^= 0x40; return wal }))
			want := 10
			if at < 32 {
				want = 0
			}
			if !state.Damaged || state.Torn || state.DamagedAt != want || state.CommitsAfter < 40 {
				t.Errorf("got %+v", state)
			}
			_, err := sqlite.OpenLog(dir, sqlite.LogOptions{})
			var damaged *sqlite.WALDamagedError
			if !errors.As(err, &damaged) || damaged.State != state || !strings.Contains(err.Error(), "backup") {
				t.Errorf("open: %v", err)
			}
			l, err := sqlite.OpenLogReadOnly(dir) // what verify does
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			seen := len(allEvents(t, l))
			if d, err := l.CheckFile(context.Background()); err != nil || d == nil || d.Position != uint64(seen+1) {
				t.Errorf("%d events are visible; damage %v, %v", seen, d, err)
			}
		})
	}
}

// A power cut leaves the last transaction partly written: never acknowledged, so the log goes on.
func TestWALTornAtTheEnd(t *testing.T) {
	files := copyOfRunningLog(t)
	first, last := lastTransaction(files["log.db-wal"])
	if last-first < 2 {
		t.Fatalf("the last transaction has the frames %d to %d only", first, last)
	}
	for name, change := range map[string]func(wal []byte) []byte{
		"its first frame was not written": func(wal []byte) []byte { clear(wal[32+(first-1)*frame:][:frame]); return wal },
		"its end was not written":         func(wal []byte) []byte { clear(wal[32+(last-1)*frame+2000:]); return wal },
		"half a page is zero":             func(wal []byte) []byte { clear(wal[32+first*frame+24:][:2048]); return wal },
	} {
		t.Run(name, func(t *testing.T) {
			dir, state := checkWAL(t, spoil(files, change))
			if !state.Damaged || !state.Torn || state.DamagedAt < first || state.LastSound != first-1 || state.Commits != 49 {
				t.Fatalf("got %+v, the last transaction has the frames %d to %d", state, first, last)
			}
			l := openLog(t, dir)
			if w := l.Warnings(); len(w) != 1 || !strings.Contains(w[0], "torn") {
				t.Errorf("warnings: %q", w)
			}
			if n := len(allEvents(t, l)); n != 398 {
				t.Errorf("%d events, want 398", n)
			}
			if _, err := l.Append(context.Background(), "after", eventlog.NoStream, proposed(3)); err != nil {
				t.Error(err)
			}
			if d, err := l.CheckFile(context.Background()); d != nil || err != nil {
				t.Errorf("after the next append: %v, %v", d, err)
			}
		})
	}
}

// What a kill in the middle of a transaction leaves is nothing to report: no frame ends it.
func TestWALUnfinishedTransaction(t *testing.T) {
	files := copyOfRunningLog(t)
	first, _ := lastTransaction(files["log.db-wal"])
	for name, change := range map[string]func(wal []byte) []byte{
		"sound frames without an end": func(wal []byte) []byte { return wal[:len(wal)-frame] },
		"the file ends in a page":     func(wal []byte) []byte { return wal[:len(wal)-1000] },
		"a frame without its page":    func(wal []byte) []byte { clear(wal[32+first*frame+24:]); return wal },
	} {
		t.Run(name, func(t *testing.T) {
			dir, state := checkWAL(t, spoil(files, change))
			if state.Damaged || state.Commits != 49 {
				t.Errorf("got %+v", state)
			}
			if d := checkCopy(t, dir); d != nil {
				t.Errorf("damage: %v", d)
			}
			if w := openLog(t, dir).Warnings(); w != nil {
				t.Errorf("warnings: %q", w)
			}
		})
	}
}

// The end of the last transaction with other salts and a right checksum: SQLite drops
// it, and no crash leaves it.
func TestWALChangedSaltsAtTheEnd(t *testing.T) {
	files := copyOfRunningLog(t)
	_, last := lastTransaction(files["log.db-wal"])
	dir, state := checkWAL(t, spoil(files, func(wal []byte) []byte { wal[32+(last-1)*frame+9] ^= 1; return wal }))
	if !state.Damaged || state.Torn || state.DamagedAt != last || state.CommitsAfter != 1 {
		t.Errorf("got %+v", state)
	}
	if _, err := sqlite.OpenLog(dir, sqlite.LogOptions{}); !errors.As(err, new(*sqlite.WALDamagedError)) {
		t.Errorf("open: %v", err)
	}
}

// Frames of the WAL's earlier round stand behind those of this one; they are meant to be dropped.
func TestWALRestarted(t *testing.T) {
	dir := t.TempDir()
	l := openLog(t, dir)
	for i := range 700 { // several rounds of 1,000 pages
		if _, err := l.Append(context.Background(), "s", eventlog.Expected(i*2-1), proposed(2)); err != nil {
			t.Fatal(err)
		}
	}
	state, err := sqlite.CheckWAL(sqlite.LogFile(dir))
	if err != nil || state.Damaged || state.Frames == 0 {
		t.Errorf("got %+v, %v", state, err)
	}
	t.Logf("%+v", state)
}
