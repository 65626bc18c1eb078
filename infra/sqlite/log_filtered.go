package sqlite

import (
	"fmt"
	"math"
	"slices"

	"zombiezen.com/go/sqlite"

	"hoso/domain/eventlog"
)

// fewEvents is how many events a filter's streams may have to be looked up one
// by one: the catalogue is a few hundred among millions, and each start reads it.
const fewEvents = 10_000

// readFew reads the next batch by the index of streams. It leaves it to a scan
// (false) where there is not much to scan, and where the streams have many events.
func readFew(conn *sqlite.Conn, after eventlog.Position, f eventlog.Filter) (batch eventlog.Batch, few bool, err error) {
	if len(f.StreamPrefixes) == 0 {
		return batch, false, nil
	}
	head, err := readHead(conn)
	if err != nil || head.Commit <= min(after.Commit, math.MaxInt64-scanRows)+scanRows {
		return batch, false, err
	}
	found, few, err := positionsIn(conn, f.StreamPrefixes)
	if err != nil || !few {
		return batch, false, err
	}
	batch = eventlog.Batch{End: head, Live: true}
	size := 0
	for _, at := range found {
		if at <= int64(after.Commit) {
			continue
		}
		if len(batch.Events) == pageEvents || size >= pageBytes {
			batch.End, batch.Live = batch.Events[len(batch.Events)-1].Position, false
			break
		}
		e, err := eventAt(conn, at)
		if err != nil {
			return batch, true, err
		}
		batch.Events = append(batch.Events, e)
		size += len(e.Data) + len(e.Meta)
	}
	return batch, true, nil
}

// positionsIn gives the positions, in order, of the events in streams whose
// names begin with one of the prefixes; false where they are not few.
func positionsIn(conn *sqlite.Conn, prefixes []string) (all []int64, few bool, err error) {
	for _, prefix := range prefixes {
		if prefix == "" {
			return nil, false, nil
		}
		stmt, err := conn.Prepare("SELECT position FROM events INDEXED BY events_by_stream WHERE stream >= ? AND stream < ?")
		if err != nil {
			return nil, false, err
		}
		last := len(prefix) - 1
		stmt.BindText(1, prefix)
		stmt.BindText(2, prefix[:last]+string([]byte{prefix[last] + 1})) // no byte of UTF-8 is 255
		for {
			found, err := stmt.Step()
			if err != nil || len(all) > fewEvents {
				stmt.Reset()
				return nil, false, err
			}
			if !found {
				break
			}
			all = append(all, stmt.ColumnInt64(0))
		}
	}
	slices.Sort(all)
	return slices.Compact(all), true, nil // prefixes may lie within each other
}

func eventAt(conn *sqlite.Conn, at int64) (eventlog.Recorded, error) {
	stmt, err := conn.Prepare("SELECT " + columns + " FROM events WHERE position = ?")
	if err != nil {
		return eventlog.Recorded{}, err
	}
	defer stmt.Reset()
	stmt.BindInt64(1, at)
	found, err := stmt.Step()
	switch {
	case err != nil:
		return eventlog.Recorded{}, err
	case !found:
		return eventlog.Recorded{}, fmt.Errorf("the log is damaged: the index of streams names position %d, which is not there", at)
	}
	return recorded(stmt)
}
