package projections

import (
	"errors"
	"iter"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"hoso/domain/eventlog"
)

// pages yields batches, and an error at the end if there is one.
func pages(all []eventlog.Batch, err error) iter.Seq2[eventlog.Batch, error] {
	return func(yield func(eventlog.Batch, error) bool) {
		for _, b := range all {
			if !yield(b, nil) {
				return
			}
		}
		if err != nil {
			yield(eventlog.Batch{}, err)
		}
	}
}

// TestGathered: however a log is paged, everything comes, once and in order;
// who lags gets it in large pieces, and who is at the head gets it at once,
// were it nothing; an error comes after what was read before it.
func TestGathered(t *testing.T) {
	heavy := make([]byte, 1<<20)
	rapid.Check(t, func(t *rapid.T) {
		var all []eventlog.Batch
		var want []uint64
		at := uint64(0)
		for range rapid.IntRange(0, 12).Draw(t, "pages") {
			var b eventlog.Batch
			data, most := heavy, 4
			if rapid.IntRange(0, 3).Draw(t, "light") > 0 {
				data, most = nil, 900
			}
			for range rapid.IntRange(0, most).Draw(t, "events") {
				at++
				b.Events = append(b.Events, eventlog.Recorded{Revision: at, Data: data})
				want = append(want, at)
			}
			at++ // left out by a filter
			b.End, b.Live = eventlog.Position{Commit: at, Prepare: at}, rapid.Bool().Draw(t, "live")
			b.Events = slices.Clip(b.Events)
			all = append(all, b)
		}
		var fault error
		if rapid.Bool().Draw(t, "fails") {
			fault = errors.New("the log is away")
		}
		var got []uint64
		var end eventlog.Position
		var told error
		lives := 0
		for b, err := range gathered(pages(all, fault)) {
			if told != nil {
				t.Fatal("something after the error")
			}
			if told = err; err != nil {
				continue
			}
			size := 0
			for _, e := range b.Events {
				got, size = append(got, e.Revision), size+len(e.Data)
			}
			if size >= lagBytes+4*len(heavy) {
				t.Fatalf("a piece of %d bytes", size)
			}
			if end = b.End; b.Live {
				lives++
			} else if len(b.Events) < lagBatch && size < lagBytes && fault == nil {
				t.Fatalf("a piece of %d events", len(b.Events))
			}
		}
		heads := 0
		for i, b := range all {
			if b.Live {
				heads++
			}
			if fault == nil && i == len(all)-1 && !b.Live {
				return // it goes on; what comes next is waited for
			}
		}
		if !slices.Equal(got, want) || told != fault || lives != heads {
			t.Fatalf("%d of %d events, %d of %d times at the head, error %v of %v", len(got), len(want), lives, heads, told, fault)
		}
		if len(got) > 0 && len(all) > 0 && fault == nil && end != all[len(all)-1].End {
			t.Fatalf("ends at %v of %v", end, all[len(all)-1].End)
		}
	})
}
