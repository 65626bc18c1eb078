package sqlite

import (
	"context"
	"fmt"
	"maps"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// Damage is the first place where the file is not as it was written.
type Damage struct {
	Position uint64 // of the first event concerned; 0 when it concerns none in particular
	Stream   string // "" when unknown
	Revision int64  // as the file has it: a changed one may be negative
	Why      string
	// Torn says that all of the file is sound but the last transaction in the WAL, which a writing
	// start drops. A crash in the middle of its commit leaves that, and then it was never acknowledged;
	// a change of its bytes afterwards leaves the same bytes, so no reader can tell which it was.
	Torn bool
}

func (d *Damage) String() string {
	if d.Position == 0 {
		return d.Why
	}
	return fmt.Sprintf("position %d: %s", d.Position, d.Why)
}

// CheckFile looks for the first damage of the file below the events' hashes:
// the WAL, the header and the table about, every row of the table against
// the index and back, positions and revisions without gaps, then SQLite's own
// integrity check. Whether the bytes of an event are those that were written, its hash
// chain must tell (its data, meta, type and id). It returns nil for a sound file; the error is for
// a check that could not be made. It reads in one transaction of several seconds per million events.
func (l *Log) CheckFile(ctx context.Context) (*Damage, error) {
	wal, err := settledWAL(ctx, l.path)
	if err != nil {
		return nil, err
	}
	var damage *Damage
	err = l.readers.ReadWhole(ctx, func(conn *sqlite.Conn) (err error) {
		damage, err = checkAll(conn)
		if err == nil && damage == nil && wal.Damaged {
			damage, err = walDamage(conn, wal)
		}
		return err
	})
	if err == nil {
		return damage, nil
	}
	if ctx.Err() == nil && breaksFile(err) {
		return &Damage{Why: "SQLite cannot read the file: " + err.Error()}, nil
	}
	return nil, err
}

// settledWAL asks until two answers agree, since a running writer's last frames may be half written.
func settledWAL(ctx context.Context, path string) (WALState, error) {
	for {
		first, err := CheckWAL(path)
		if err != nil || !first.Damaged {
			return first, err
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return WALState{}, ctx.Err()
		}
		second, err := CheckWAL(path)
		if err != nil || !second.Damaged || second.DamagedAt == first.DamagedAt && second.LastSound == first.LastSound {
			return second, err
		}
	}
}

// walDamage puts a damaged WAL in words; its position is the first that SQLite does not show any more.
func walDamage(conn *sqlite.Conn, wal WALState) (*Damage, error) {
	head, err := readHead(conn)
	if err != nil {
		return nil, err
	}
	why := fmt.Sprintf("the WAL is damaged at frame %d, %d transactions stand there or behind it and are lost to every reader", wal.DamagedAt, wal.CommitsAfter)
	if wal.Torn {
		why = fmt.Sprintf("the WAL's last transaction is torn at frame %d: a crash before it was acknowledged, or a change of its bytes", wal.DamagedAt)
	}
	return &Damage{Position: head.Commit + 1, Why: why, Torn: wal.Torn}, nil
}

// checkAll runs every check but the WAL's and returns the damage at the lowest position.
func checkAll(conn *sqlite.Conn) (*Damage, error) {
	var first *Damage
	for _, check := range []func(*sqlite.Conn) (*Damage, error){checkTable, checkIndex, checkHeader, checkIntegrity} {
		d, err := check(conn)
		if err != nil {
			return nil, err
		}
		if d != nil && (first == nil || d.Position != 0 && (first.Position == 0 || d.Position < first.Position)) {
			first = d
		}
	}
	return first, nil
}

func checkHeader(conn *sqlite.Conn) (*Damage, error) {
	if _, err := identify(conn, "the file"); err != nil {
		return orDamage(0, err)
	}
	about, err := readAbout(conn)
	if err != nil {
		return orDamage(0, err)
	}
	if about["checksum"] != aboutChecksum(about) {
		return &Damage{Why: "the table about was changed: log_id, created_at or format_version do not fit its checksum"}, nil
	}
	for k, v := range aboutText {
		if about[k] != v {
			return &Damage{Why: fmt.Sprintf("the table about was changed: %q", k)}, nil
		}
	}
	if len(about) != len(aboutText)+3 {
		return &Damage{Why: "the table about has rows that hoso did not write"}, nil
	}
	return checkSchema(conn)
}

// checkSchema compares the file's tables with those of a fresh log.
func checkSchema(conn *sqlite.Conn) (*Damage, error) {
	fresh, err := sqlite.OpenConn(":memory:", sqlite.OpenReadWrite|sqlite.OpenMemory)
	if err != nil {
		return nil, err
	}
	defer fresh.Close()
	if err := sqlitex.ExecuteScript(fresh, logSchema, nil); err != nil {
		return nil, err
	}
	want, err := readSchema(fresh)
	if err != nil {
		return nil, err
	}
	got, err := readSchema(conn)
	if err != nil {
		return orDamage(0, err)
	}
	if !maps.Equal(got, want) {
		return &Damage{Why: "the file's tables, index and view are not those of an event log"}, nil
	}
	numbered, err := queryInt(conn, "SELECT seq FROM sqlite_sequence WHERE name = 'events'")
	if err != nil {
		return orDamage(0, err)
	}
	head, err := readHead(conn)
	if err != nil {
		return orDamage(0, err)
	}
	if uint64(numbered) != head.Commit {
		return &Damage{Position: min(uint64(max(numbered, 0)), head.Commit) + 1,
			Why: fmt.Sprintf("position %d was given out (sqlite_sequence), the newest event is at %s", numbered, head)}, nil
	}
	return nil, nil
}

func readSchema(conn *sqlite.Conn) (map[string]string, error) {
	schema := map[string]string{}
	err := sqlitex.ExecuteTransient(conn, "SELECT name, type, tbl_name, sql FROM sqlite_schema", &sqlitex.ExecOptions{
		ResultFunc: func(stmt *sqlite.Stmt) error {
			schema[stmt.ColumnText(0)] = stmt.ColumnText(1) + " " + stmt.ColumnText(2) + " " + stmt.ColumnText(3)
			return nil
		},
	})
	return schema, err
}

// orDamage turns an error of SQLite about the file into damage at a position;
// any other (an ended context) stays an error.
func orDamage(position uint64, err error) (*Damage, error) {
	if sqlite.ErrCode(err).ToPrimary() == sqlite.ResultInterrupt {
		return nil, err
	}
	return &Damage{Position: position, Why: err.Error()}, nil
}
