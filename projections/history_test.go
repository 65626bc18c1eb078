package projections_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"log/slog"
	"testing"
	"time"

	"hoso/domain"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
	"hoso/domain/eventlog/memory"
	"hoso/projections"
	"hoso/projections/projtest"
)

// spoiled is a log that hands out one event's bytes changed.
type spoiled struct {
	eventlog.Log
	revision uint64
}

func (s spoiled) ReadStream(ctx context.Context, stream string, from uint64) iter.Seq2[eventlog.Recorded, error] {
	return func(yield func(eventlog.Recorded, error) bool) {
		for r, err := range s.Log.ReadStream(ctx, stream, from) {
			if r.Revision == s.revision {
				r.Data = append(r.Data[:len(r.Data)-1:len(r.Data)-1], ' ', '}')
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

func historyOf(w *projtest.World, log eventlog.Log) projections.History {
	return projections.History{Feed: projections.NewFeed(log, w.Codec, slog.New(slog.NewTextHandler(io.Discard, nil)))}
}

// An import recorded on one day what happened over a week, a step of it out of
// order: revision 2 happened before revision 1.
func TestHistoryOnBothAxes(t *testing.T) {
	log := memory.New()
	defer log.Close()
	w := projtest.New(t, log)
	day := func(n, hour int) time.Time { return time.Date(2026, 3, n, hour, 0, 0, 0, time.UTC) }
	w.Catalogue(day(1, 0))
	id := projtest.ID("dossier", 1)
	stream := projtest.Stream(id)
	add := func(recorded, occurred time.Time, e domain.Event) {
		w.AppendMeta(stream, codec.Meta{RecordedAt: recorded, OccurredAt: occurred}, e)
	}
	add(day(20, 1), day(2, 1), projtest.Submission(1))
	add(day(20, 2), day(6, 1), domain.Decided{Outcome: domain.Granted})
	add(day(20, 3), day(4, 1), domain.Accepted{ReceivedAt: day(4, 1)})
	add(day(21, 1), time.Time{}, domain.Delivered{Way: domain.AtCounter})
	h := historyOf(w, log)

	at := func(t time.Time, axis projections.Axis) projections.Moment {
		return projections.Moment{At: &t, Axis: axis}
	}
	revision := func(n uint64) projections.Moment { return projections.Moment{Revision: &n} }
	for name, tc := range map[string]struct {
		moment   projections.Moment
		events   int
		decided  bool
		accepted bool
		end      bool
	}{
		"now":                            {projections.Moment{}, 4, true, true, true},
		"revision 0":                     {revision(0), 1, false, false, false},
		"revision 1":                     {revision(1), 2, true, false, false},
		"revision 2":                     {revision(2), 3, true, true, false},
		"occurred on the 3rd":            {at(day(3, 0), projections.Occurred), 1, false, false, false},
		"occurred on the 5th":            {at(day(5, 0), projections.Occurred), 2, false, true, false},
		"occurred, to the instant":       {at(day(6, 1), projections.Occurred), 3, true, true, false},
		"recorded before the acceptance": {at(day(20, 2), projections.Recorded), 2, true, false, false},
		"recorded by default":            {at(day(20, 2), ""), 2, true, false, false},
		"recorded later":                 {at(day(22, 0), projections.Recorded), 4, true, true, true},
	} {
		past, err := h.At(t.Context(), id, tc.moment)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		d := past.Dossier
		if len(past.Items) != tc.events || past.Head != 3 || d.ID != id ||
			!d.DecidedAt.IsZero() != tc.decided || !d.AcceptedAt.IsZero() != tc.accepted || !d.DeliveredAt.IsZero() != tc.end {
			t.Errorf("%s: %d events, decided %v, accepted %v, delivered %v", name, len(past.Items), d.DecidedAt, d.AcceptedAt, d.DeliveredAt)
		}
		if past.Revision() != past.Items[len(past.Items)-1].Revision {
			t.Errorf("%s: revision %d", name, past.Revision())
		}
	}
	for code, m := range map[string]projections.Moment{
		"revision_beyond_end": revision(4), "before_first_event": at(day(1, 0), projections.Occurred),
	} {
		if _, err := h.At(t.Context(), id, m); domain.CodeOf(err) != code {
			t.Errorf("%s: %v", code, err)
		}
	}
	if _, err := h.Events(t.Context(), projtest.ID("dossier", 2)); !errors.Is(err, projections.ErrNoDossier) {
		t.Errorf("an unknown dossier: %v", err)
	}
}

func TestHistoryRefusesChangedBytes(t *testing.T) {
	log := memory.New()
	defer log.Close()
	w := projtest.New(t, log)
	start := time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC)
	w.Catalogue(start)
	id := projtest.ID("dossier", 1)
	w.Append(projtest.Stream(id), start, projtest.Submission(1), domain.Accepted{ReceivedAt: start}, domain.Routed{Agency: "H99.14"})
	if items, err := historyOf(w, log).Events(t.Context(), id); err != nil || len(items) != 3 {
		t.Fatalf("%d events, %v", len(items), err)
	}
	for revision := range uint64(3) {
		_, err := historyOf(w, spoiled{log, revision}).Events(t.Context(), id)
		var broken *codec.BrokenError
		if !errors.As(err, &broken) || broken.Revision != revision {
			t.Errorf("revision %d changed: %v", revision, err)
		}
	}
}
