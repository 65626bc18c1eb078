//go:build unix

package sqlite_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"hoso/domain/eventlog"
	"hoso/infra/sqlite"
)

// Issue line "Kill −9 during load": HOSO_KILLS sets how often, 5 unless told.
func TestKilledWhileAppending(t *testing.T) {
	kills := 5
	if s := os.Getenv("HOSO_KILLS"); s != "" {
		var err error
		if kills, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	acknowledged := map[string]string{} // id → stream/revision
	torn := 0
	for i := range kills {
		cmd, lines := child(t, "append", dir)
		n := 0
		wait := 200 + i*37%300 // lines to see before the kill, so that kills hit different moments
		for lines.Scan() {
			var id, stream, position string
			var revision uint64
			if _, err := fmt.Sscan(lines.Text(), &id, &stream, &revision, &position); err != nil {
				break // the last line may be cut
			}
			acknowledged[id] = fmt.Sprintf("%s/%d", stream, revision)
			if n++; n == wait {
				time.Sleep(time.Duration(i%7) * time.Millisecond)
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if n < wait {
			t.Fatalf("kill %d: the child ended after %d events", i, n)
		}
		torn += checkAfterKill(t, dir, acknowledged)
	}
	t.Logf("%d kills, %d acknowledged events, %d torn last transactions", kills, len(acknowledged), torn)
}

// checkAfterKill opens the log as the next start would: each acknowledged event is there once, the file is sound.
func checkAfterKill(t *testing.T, dir string, acknowledged map[string]string) (torn int) {
	t.Helper()
	l, err := sqlite.OpenLog(dir, sqlite.LogOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	seen := map[string]int{}
	for _, e := range allEvents(t, l) {
		seen[e.ID.String()]++
		if want, ok := acknowledged[e.ID.String()]; ok && want != fmt.Sprintf("%s/%d", e.Stream, e.Revision) {
			t.Fatalf("event %s acknowledged at %s stands at %s/%d", e.ID, want, e.Stream, e.Revision)
		}
		if !strings.Contains(string(e.Data), e.ID.String()) {
			t.Fatalf("event %s has the data %s", e.ID, e.Data)
		}
	}
	for id, where := range acknowledged {
		if seen[id] != 1 {
			t.Fatalf("the event %s at %s is there %d times", id, where, seen[id])
		}
	}
	if d, err := l.CheckFile(context.Background()); d != nil || err != nil {
		t.Fatalf("damage %v, error %v", d, err)
	}
	return len(l.Warnings())
}

func allEvents(t testing.TB, l *sqlite.Log) []eventlog.Recorded {
	t.Helper()
	list, err := readAll(l)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func readAll(l *sqlite.Log) (list []eventlog.Recorded, err error) {
	for b, err := range l.Subscribe(context.Background(), eventlog.Position{}, eventlog.Filter{}) {
		if err != nil {
			return nil, err
		}
		list = append(list, b.Events...)
		if b.Live {
			break
		}
	}
	return list, nil
}

// Issue line "a full disk": the operating system refuses to let files grow beyond 1 MiB.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	cmd, lines := child(t, "full", dir)
	said := map[string][]string{}
	for lines.Scan() {
		word, rest, _ := strings.Cut(lines.Text(), " ")
		said[word] = append(said[word], rest)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if len(said["ok"]) == 0 || len(said["ambiguous"]) == 0 || len(said["stopped"]) != 1 || len(said["unexpected"]) != 0 ||
		said["head"][0] != "<nil>" || said["again"][0] != "true" {
		t.Fatalf("%d acknowledged, ambiguous %v, stopped %v, unexpected %v, head %v", len(said["ok"]), said["ambiguous"], said["stopped"], said["unexpected"], said["head"])
	}
	for _, text := range []string{said["stopped"][0], said["healthy"][0]} {
		if !strings.Contains(text, "restart") || !strings.Contains(text, "space") {
			t.Errorf("does not say what to do: %s", text)
		}
	}
	t.Logf("%d acknowledged; then: %s", len(said["ok"]), said["stopped"][0])

	l := openLog(t, dir) // with space again
	there := map[string]bool{}
	for _, e := range allEvents(t, l) {
		there[e.ID.String()] = true
	}
	for _, id := range said["ok"] {
		if !there[id] {
			t.Errorf("the acknowledged event %s is lost", id)
		}
	}
	if _, err := l.Append(context.Background(), "after", eventlog.NoStream, proposed(1)); err != nil {
		t.Error(err)
	}
	if d, err := l.CheckFile(context.Background()); d != nil || err != nil {
		t.Errorf("damage %v, error %v", d, err)
	}
}
