package sqlite

import (
	"context"
	"fmt"
	"iter"
	"math"
	"time"

	"zombiezen.com/go/sqlite"

	"hoso/domain/eventlog"
)

// scanRows bounds the rows that one page looks at when a filter drops most of them.
const scanRows = 10_000

// breath is the least time between two batches of a live subscription. An
// event after a quiet moment is told at once; under load events gather, because
// each batch costs every subscriber a read and every projection a transaction.
const breath = 20 * time.Millisecond

// Subscribe implements eventlog.Log. A position after the head is refused
// with eventlog.ErrForeignPosition: it is of another log, or of a later state than this restored one.
// A closed log ends it with an error that is eventlog.ErrStopped.
func (l *Log) Subscribe(ctx context.Context, after eventlog.Position, f eventlog.Filter) iter.Seq2[eventlog.Batch, error] {
	return func(yield func(eventlog.Batch, error) bool) {
		if err := l.knows(ctx, after); err != nil {
			yield(eventlog.Batch{}, err)
			return
		}
		wasLive := false
		var told time.Time
		for end := after; ; {
			fresh := l.freshNews()
			batch, err := l.page(ctx, end, f)
			if err != nil {
				yield(eventlog.Batch{}, err)
				return
			}
			if batch.End != end || !wasLive {
				told = time.Now()
				if !yield(batch, nil) {
					return
				}
			}
			end, wasLive = batch.End, batch.Live
			if !batch.Live {
				continue
			}
			err = l.await(ctx, fresh, nil)
			if rest := breath - time.Since(told); err == nil && rest > 0 {
				err = l.await(ctx, nil, time.After(rest))
			}
			if err != nil {
				yield(eventlog.Batch{}, err)
				return
			}
		}
	}
}

func (l *Log) knows(ctx context.Context, after eventlog.Position) error {
	head, err := l.Head(ctx)
	if err != nil {
		return err
	}
	if head.Before(after) || after.Commit != after.Prepare {
		return fmt.Errorf("%w: position %s, the newest event is at %s", eventlog.ErrForeignPosition, after, head)
	}
	return nil
}

// freshNews must be taken before reading; nil when another process writes.
func (l *Log) freshNews() <-chan struct{} {
	if l.news == nil {
		return nil
	}
	return l.news.next()
}

// await returns when there may be new events, or the time is over.
func (l *Log) await(ctx context.Context, fresh <-chan struct{}, over <-chan time.Time) error {
	if fresh == nil && over == nil {
		over = time.After(pollEvery)
	}
	select {
	case <-fresh:
		return nil
	case <-over:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-l.closing:
		return fmt.Errorf("%w: it is closed", eventlog.ErrStopped)
	}
}

// page gives the next batch, from memory where that still holds it. It is live
// when it came to the end of what was there.
func (l *Log) page(ctx context.Context, after eventlog.Position, f eventlog.Filter) (eventlog.Batch, error) {
	if events, ok := l.tail.after(after); ok {
		return recent(events, after, f), ctx.Err()
	}
	return l.readPage(ctx, after, f)
}

// recent makes a batch of all events after a position.
func recent(events []eventlog.Recorded, after eventlog.Position, f eventlog.Filter) eventlog.Batch {
	batch := eventlog.Batch{End: after, Live: true}
	if n := len(events); n > 0 {
		batch.End = events[n-1].Position
	}
	if len(f.StreamPrefixes) == 0 {
		batch.Events = events
		return batch
	}
	for _, e := range events {
		if f.Has(e.Stream) {
			batch.Events = append(batch.Events, e)
		}
	}
	return batch
}

// readPage reads the next batch in one short transaction.
func (l *Log) readPage(ctx context.Context, after eventlog.Position, f eventlog.Filter) (eventlog.Batch, error) {
	batch := eventlog.Batch{End: after}
	err := l.readers.Read(ctx, func(conn *sqlite.Conn) error {
		if found, few, err := readFew(conn, after, f); few || err != nil {
			batch = found
			return err
		}
		stmt, err := conn.Prepare("SELECT " + columns + " FROM events WHERE position > ? ORDER BY position")
		if err != nil {
			return err
		}
		defer stmt.Reset()
		stmt.BindInt64(1, int64(min(after.Commit, math.MaxInt64)))
		size := 0
		for scanned := 0; scanned < scanRows && len(batch.Events) < pageEvents && size < pageBytes; scanned++ {
			found, err := stmt.Step()
			if err != nil || !found {
				batch.Live = !found
				return err
			}
			at := position(stmt.ColumnInt64(0))
			if at.Commit != batch.End.Commit+1 {
				return fmt.Errorf("the log is damaged: after position %s comes %s", batch.End, at)
			}
			batch.End = at
			if !f.Has(stmt.ColumnText(1)) {
				continue
			}
			e, err := recorded(stmt)
			if err != nil {
				return err
			}
			batch.Events = append(batch.Events, e)
			size += len(e.Data) + len(e.Meta)
		}
		return nil
	})
	return batch, err
}
