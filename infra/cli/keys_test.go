package cli

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"zombiezen.com/go/sqlite/sqlitex"

	zs "zombiezen.com/go/sqlite"

	"hoso/infra/keys"
	"hoso/infra/sqlite"
)

// keyPlaces are where keys may lie.
func keyPlaces(t *testing.T) map[string][]string {
	places := map[string][]string{"sqlite": nil}
	if at := os.Getenv("HOSO_TEST_POSTGRES"); at != "" {
		places["postgres"] = []string{"--keys", keysDatabase(t, at)}
	}
	return places
}

func readMaster(t *testing.T, dir string) keys.Master {
	t.Helper()
	m, err := keys.ReadMaster(filepath.Join(dir, masterFile))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestRotateKilled kills changes of the master key again and again: after each kill the next
// command opens every key, with the one master key that is then in its place.
func TestRotateKilled(t *testing.T) {
	for name, engines := range keyPlaces(t) {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			l := life{t, append([]string{"--data", dir}, engines...), dir}
			if err := os.MkdirAll(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			put(t, filepath.Join(dir, masterFile), strings.Repeat("4f", 32)+"\n")
			_, dossier := l.someone(numberA, nameA)
			first, before := readMaster(t, dir), l.wrapped()
			kills, changed := 0, 0
			for after := 4 * time.Millisecond; ; after += time.Millisecond + after/8 {
				was := readMaster(t, dir)
				done, _ := killed(t, after, append([]string{"keys", "rotate"}, l.args...)...)
				if name := l.name(dossier); name != nameA {
					t.Fatalf("killed after %s: name %q", after, name)
				}
				if readMaster(t, dir) != was {
					changed++
				}
				if done {
					break
				}
				kills++
			}
			now := readMaster(t, dir)
			left, err := staged(dir)
			if kills < 2 || changed == 0 || now == first || len(left) > 0 || err != nil {
				t.Errorf("%d kills, %d changes, changed %t, staged %v, %v", kills, changed, now != first, left, err)
			}
			if after := l.wrapped(); slices.ContainsFunc(after, func(w []byte) bool {
				return slices.ContainsFunc(before, func(b []byte) bool { return bytes.Equal(w, b) })
			}) {
				t.Error("a key is wrapped as before")
			}
			if opens, err := first.Opens(l.app().keyEntries()); opens || err != nil {
				t.Errorf("the old master key opens the keys: %t, %v", opens, err)
			}
			kept, err := filepath.Glob(filepath.Join(dir, masterFile+".before-*Z"))
			if err != nil || len(kept) == 0 {
				t.Fatal(kept, err)
			}
			if m, err := keys.ReadMaster(kept[0]); err != nil || m != first || len(kept) != changed {
				t.Errorf("the first master key was not kept, or more than the %d that were changed: %v, %v", changed, kept, err)
			}
		})
	}
}

// wrapped are all wrapped keys.
func (l life) wrapped() (all [][]byte) {
	l.t.Helper()
	for e, err := range l.app().keyEntries() {
		if err != nil {
			l.t.Fatal(err)
		}
		if len(e.Wrapped) > 0 {
			all = append(all, e.Wrapped)
		}
	}
	return all
}

// TestRotateBetweenWrappingAndNaming: killed at the one moment when all keys are wrapped anew
// and the new master key has not its name yet, which a kill at random hardly meets.
func TestRotateBetweenWrappingAndNaming(t *testing.T) {
	dir := simulated(t, "5")
	l := life{t, []string{"--data", dir}, dir}
	_, dossier := l.someone(numberA, nameA)
	old, err := os.ReadFile(filepath.Join(dir, masterFile))
	if err != nil {
		t.Fatal(err)
	}
	l.run("keys", "rotate")
	if err := os.Rename(filepath.Join(dir, masterFile), stagedMaster(dir)); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, masterFile), string(old))
	if name := l.name(dossier); name != nameA || exists(stagedMaster(dir)) {
		t.Errorf("name %q, staged %t", name, exists(stagedMaster(dir)))
	}
	// One that was staged and wraps nothing changes nothing.
	if err := keys.NewMaster().Save(stagedMaster(dir)); err != nil {
		t.Fatal(err)
	}
	now := readMaster(t, dir)
	if name := l.name(dossier); name != nameA || readMaster(t, dir) != now {
		t.Errorf("name %q, another master key %t", name, readMaster(t, dir) != now)
	}
}

// TestRotateRefusals: a server that runs; a master key from the environment without a new one.
func TestRotateRefusals(t *testing.T) {
	dir := simulated(t, "5")
	lock, err := sqlite.LockDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	refused(t, "is in use", "keys", "rotate", "--data", dir)
	refused(t, "is in use", "keys", "sweep", "--data", dir)
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, masterFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, masterFile)); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{keys.EnvMaster: strings.TrimSpace(string(text))}
	run := func(args ...string) (int, string) {
		var out bytes.Buffer
		code := Main(t.Context(), args, strings.NewReader(""), &out, &out, func(name string) string { return env[name] })
		return code, out.String()
	}
	if code, out := run("keys", "rotate", "--data", dir); code != exitUsage || !strings.Contains(out, "--new") {
		t.Errorf("%d %s", code, out)
	}
	file := filepath.Join(t.TempDir(), "next.key")
	if code, out := run("keys", "rotate", "--data", dir, "--new", file); code != exitDone || !strings.Contains(out, file) {
		t.Errorf("%d %s", code, out)
	}
	if code, out := run("rebuild", "--data", dir); code != exitFailed {
		t.Errorf("the old master key still opens: %s", out)
	}
	next, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	env[keys.EnvMaster] = strings.TrimSpace(string(next))
	if code, out := run("keys", "rotate", "--data", dir, "--new", file); code != exitUsage || !strings.Contains(out, "the master key of now") {
		t.Errorf("the same key again: %d %s", code, out)
	}
	if code, out := run("rebuild", "--data", dir); code != exitDone {
		t.Errorf("the new master key does not open: %s", out)
	}
	if exists(filepath.Join(dir, masterFile)) || exists(stagedMaster(dir)) {
		t.Error("a master key was put into the folder")
	}
}

// turnBack makes all keys look old.
func (l life) turnBack() {
	l.t.Helper()
	const statement = `UPDATE person SET created_at = '2026-01-01T00:00:00Z'`
	if url := l.app().Engines.Keys; url != "" {
		conn, err := pgx.Connect(l.t.Context(), url)
		if err == nil {
			_, err = conn.Exec(l.t.Context(), statement)
			err = errors.Join(err, conn.Close(l.t.Context()))
		}
		if err != nil {
			l.t.Fatal(err)
		}
		return
	}
	conn, err := zs.OpenConn(filepath.Join(l.dir, keys.File), zs.OpenReadWrite)
	if err == nil {
		err = errors.Join(sqlitex.ExecuteScript(conn, statement, nil), conn.Close())
	}
	if err != nil {
		l.t.Fatal(err)
	}
}

// TestSweep destroys old keys that no event names, and no others.
func TestSweep(t *testing.T) {
	for name, engines := range keyPlaces(t) {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			l := life{t, append([]string{"--data", dir}, engines...), dir}
			if err := os.MkdirAll(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			put(t, filepath.Join(dir, masterFile), strings.Repeat("4f", 32)+"\n")
			_, dossier := l.someone(numberA, nameA)
			orphan := uuid.New()
			l.write(func(s *stack) {
				if _, err := s.keys.Resolve(t.Context(), orphan, numberB); err != nil {
					t.Fatal(err)
				}
			})
			sweep := append([]string{"keys", "sweep", "--json"}, l.args...)
			if doc := answer(t, sweep...); doc["orphans"] != 0.0 {
				t.Errorf("fresh keys are no orphans: %v", doc)
			}
			l.turnBack()
			refused(t, "more than --max", append(sweep, "--max", "0")...)
			if doc := answer(t, append(sweep, "--dry-run")...); doc["orphans"] != 1.0 || doc["destroyed"] != 0.0 {
				t.Errorf("dry: %v", doc)
			}
			if doc := answer(t, sweep...); doc["orphans"] != 1.0 || doc["destroyed"] != 1.0 || doc["persons"] != 2.0 {
				t.Errorf("%v", doc)
			}
			if name := l.name(dossier); name != nameA {
				t.Errorf("name %q", name)
			}
			l.write(func(s *stack) {
				if _, known, err := s.keys.Find(t.Context(), numberB); known || err != nil {
					t.Errorf("the orphan is still known: %v", err)
				}
			})
		})
	}
}
