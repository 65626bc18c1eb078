package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/go-json-experiment/json"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// rawEvent is a row of the log, read without any of the program's code.
type rawEvent struct {
	position     int64
	stream       string
	revision     int64
	id, typ      string
	data, meta   []byte
	command      string // from meta
	recordedText string // from meta
}

// readRows reads the log's table as it stands.
func readRows(path string) ([]rawEvent, error) {
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadOnly)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	conn.SetBlockOnBusy()
	var out []rawEvent
	err = sqlitex.ExecuteTransient(conn, "SELECT position, stream, revision, id, type, data, meta FROM events ORDER BY position",
		&sqlitex.ExecOptions{ResultFunc: func(stmt *sqlite.Stmt) error {
			e := rawEvent{
				position: stmt.ColumnInt64(0), stream: stmt.ColumnText(1), revision: stmt.ColumnInt64(2),
				id: stmt.ColumnText(3), typ: stmt.ColumnText(4), data: blobOf(stmt, 5), meta: blobOf(stmt, 6),
			}
			out = append(out, e)
			return nil
		}})
	return out, err
}

// readLog reads the log of a folder and each event's command.
func readLog(t testing.TB, dir string) []rawEvent {
	t.Helper()
	rows, err := readRows(filepath.Join(dir, "log.db"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		var m struct {
			Command  string `json:"command"`
			Recorded string `json:"recorded_at"`
		}
		if err := json.Unmarshal(rows[i].meta, &m); err != nil {
			t.Fatalf("position %d: metadata: %v", rows[i].position, err)
		}
		rows[i].command, rows[i].recordedText = m.Command, m.Recorded
	}
	return rows
}

func blobOf(stmt *sqlite.Stmt, column int) []byte {
	b := make([]byte, stmt.ColumnLen(column))
	stmt.ColumnBytes(column, b)
	return b
}

// text reads one member of an event's data.
func (e rawEvent) text(t testing.TB, member string) string {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal(e.data, &all); err != nil {
		t.Fatalf("position %d: %v", e.position, err)
	}
	s, _ := all[member].(string)
	return s
}

// copyFolder copies the files of a folder, not those of folders in it.
func copyFolder(t testing.TB, from, to string) {
	t.Helper()
	if err := os.MkdirAll(to, 0o700); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Type().IsRegular() {
			copyFile(t, filepath.Join(from, e.Name()), filepath.Join(to, e.Name()))
		}
	}
}

func copyFile(t testing.TB, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
