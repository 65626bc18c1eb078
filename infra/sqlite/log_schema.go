package sqlite

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/google/uuid"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

const (
	applicationID = 0x484F534F // "HOSO", in the file's header: tells file(1) and us whose file it is
	formatVersion = 1          // also PRAGMA user_version; a program refuses a newer one
)

// LogFormat is the version of the tables in a log's file, for people and manifests.
const LogFormat = "1"

// logSchema creates an empty log. The id is text rather than 16 bytes, which
// would save 20 bytes an event, because the file is to be read with any SQLite tool.
const logSchema = `
CREATE TABLE about (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
  position INTEGER PRIMARY KEY AUTOINCREMENT, -- total order of the log: 1, 2, 3 … no gaps
  stream   TEXT    NOT NULL,                  -- e.g. one dossier
  revision INTEGER NOT NULL,                  -- 0, 1, 2 … within the stream, no gaps
  id       TEXT    NOT NULL,                  -- UUID given by the writer
  type     TEXT    NOT NULL,                  -- e.g. dossier.submitted
  data     BLOB    NOT NULL,                  -- JSON, byte for byte as hashed; personal values sealed
  meta     BLOB    NOT NULL                   -- JSON: who, when, why; ends in the event's hash
) STRICT;

CREATE UNIQUE INDEX events_by_stream ON events (stream, revision);

CREATE VIEW events_readable AS
  SELECT position, stream, revision, type, id, CAST(data AS TEXT) AS data, CAST(meta AS TEXT) AS meta
  FROM events;
`

// aboutText explains the file to whoever opens it; the keys log_id, created_at
// and checksum are added when a log is created.
var aboutText = map[string]string{
	"format_version": LogFormat,
	"what":           "The event log of Hồ Sơ, a back end for administrative dossiers: everything that ever happened, in order. All else is computed from it.",
	"how to read":    "SELECT * FROM events_readable ORDER BY position; one dossier: … WHERE stream = '…' ORDER BY revision. Open it with sqlite3 -readonly.",
	"never change":   "Rows are never changed or deleted. Each event carries the hash of its predecessor in the stream, and signed roots cover the whole log: hoso verify finds any change.",
	"sealed values":  "Personal values are ciphertext (AES-256-GCM); their keys lie in another file.",
}

// inspectLog looks at an existing file before anything is written to it. It
// reports false for a missing or empty file and for one whose creation was cut short.
func inspectLog(path string) (exists bool, err error) {
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) || err == nil && info.Size() == 0 {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadOnly)
	if err != nil {
		return false, err
	}
	defer conn.Close()
	conn.SetBusyTimeout(busyTimeout)
	tables, err := queryInt(conn, "SELECT count(*) FROM sqlite_schema")
	if sqlite.ErrCode(err).ToPrimary() == sqlite.ResultNotADB {
		return false, fmt.Errorf("%s is no event log of hoso: it is no SQLite file at all, or its first page is damaged", path)
	}
	if sqlite.ErrCode(err) == sqlite.ResultReadOnlyRollback {
		return false, cutShort(path, err)
	}
	if err != nil {
		return false, fmt.Errorf("read %s: %w", path, err)
	}
	app, err := queryInt(conn, "PRAGMA application_id")
	if err != nil {
		return false, err
	}
	if tables == 0 && app == 0 {
		return false, nil
	}
	_, err = identify(conn, path)
	return err == nil, err
}

// identify reads the log's id from a file that is a log of a format we know.
func identify(conn *sqlite.Conn, path string) (uuid.UUID, error) {
	app, err := queryInt(conn, "PRAGMA application_id")
	if err != nil {
		return uuid.Nil, err
	}
	if app != applicationID {
		return uuid.Nil, fmt.Errorf("%s is no event log of hoso (application_id %#x, expected %#x)", path, app, applicationID)
	}
	version, err := queryInt(conn, "PRAGMA user_version")
	if err != nil {
		return uuid.Nil, err
	}
	if version != formatVersion {
		return uuid.Nil, fmt.Errorf("%s has format version %d, this program knows version %d: use a newer hoso", path, version, formatVersion)
	}
	about, err := readAbout(conn)
	if err != nil {
		return uuid.Nil, fmt.Errorf("read %s: %w", path, err)
	}
	id, err := uuid.Parse(about["log_id"])
	if err != nil {
		return uuid.Nil, fmt.Errorf("%s has no readable log_id in its table about: %w", path, err)
	}
	return id, nil
}

// createLog makes the tables and the log's id, a new one where it is Nil; a job of the writer.
func createLog(conn *sqlite.Conn, id uuid.UUID) error {
	if id == uuid.Nil {
		id = uuid.New()
	}
	if err := sqlitex.ExecuteScript(conn, logSchema, nil); err != nil {
		return err
	}
	about := map[string]string{
		"log_id":     id.String(),
		"created_at": time.Now().UTC().Format(time.RFC3339),
	}
	for k, v := range aboutText {
		about[k] = v
	}
	about["checksum"] = aboutChecksum(about)
	for k, v := range about {
		err := sqlitex.Execute(conn, "INSERT INTO about (key, value) VALUES (?, ?)", &sqlitex.ExecOptions{Args: []any{k, v}})
		if err != nil {
			return err
		}
	}
	return sqlitex.ExecuteScript(conn, fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d;", applicationID, formatVersion), nil)
}

func readAbout(conn *sqlite.Conn) (map[string]string, error) {
	about := map[string]string{}
	err := sqlitex.Execute(conn, "SELECT key, value FROM about", &sqlitex.ExecOptions{
		ResultFunc: func(stmt *sqlite.Stmt) error {
			about[stmt.ColumnText(0)] = stmt.ColumnText(1)
			return nil
		},
	})
	return about, err
}

// aboutChecksum guards what nothing else covers against accident, not against intent.
func aboutChecksum(about map[string]string) string {
	sum := sha256.Sum256([]byte(about["log_id"] + " " + about["created_at"] + " " + about["format_version"]))
	return hex.EncodeToString(sum[:8])
}

func queryInt(conn *sqlite.Conn, query string) (int64, error) {
	var n int64
	err := sqlitex.ExecuteTransient(conn, query, &sqlitex.ExecOptions{
		ResultFunc: func(stmt *sqlite.Stmt) error {
			n = stmt.ColumnInt64(0)
			return nil
		},
	})
	return n, err
}
