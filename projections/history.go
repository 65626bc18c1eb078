package projections

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"hoso/domain"
)

// Axis says which of an event's two times a question is about.
type Axis string

// The two time axes.
const (
	Recorded Axis = "recorded" // the writer's clock: as it was known then
	Occurred Axis = "occurred" // when it happened, where an import or a correction says so: as known now
)

// Moment picks a state out of a dossier's history: after a revision, at a time,
// or, with neither, the newest.
type Moment struct {
	Revision *uint64
	At       *time.Time
	Axis     Axis // of At; "" means Recorded
}

// History answers from the log itself, event by event, each checked against the
// hash of the one before it.
type History struct{ Feed *Feed }

// Past is a dossier's history up to a moment and what it comes to. Head names
// the newest revision there is, however far back the moment lies.
type Past struct {
	Items   []*Item        // the events up to the moment, in revision order
	Dossier domain.Dossier // their fold; not to be read where there are none and the dossier is unknown
	Head    uint64         // the dossier's newest revision
}

// Revision is that of the last event of the past, 0 where there is none.
func (p Past) Revision() uint64 {
	if len(p.Items) == 0 {
		return 0
	}
	return p.Items[len(p.Items)-1].Revision
}

// The refusals of a History.
var (
	ErrNoDossier = &domain.Error{Code: "not_found",
		VI: "Không tìm thấy hồ sơ. Hãy kiểm tra lại mã.",
		EN: "There is no such dossier. Please check the code."}
	errBeforeFirst = &domain.Error{Code: "before_first_event",
		VI: "Vào thời điểm đó hồ sơ chưa có trong sổ: hãy chọn thời điểm muộn hơn.",
		EN: "The dossier was not on record at that time: choose a later one."}
)

func errBeyondEnd(asked, head uint64) *domain.Error {
	return &domain.Error{Code: "revision_beyond_end",
		VI: fmt.Sprintf("Hồ sơ chưa có bản %d: bản mới nhất là %d.", asked, head),
		EN: fmt.Sprintf("The dossier has no revision %d yet: the newest is %d.", asked, head)}
}

// Events gives all events of a dossier in revision order, folded. Errors:
// ErrNoDossier; *codec.BrokenError where the chain of hashes is broken, and
// whatever else makes an event unreadable; the log's own.
func (h History) Events(ctx context.Context, dossier uuid.UUID) ([]*Item, error) {
	head, err := h.Feed.log.Head(ctx)
	if err != nil {
		return nil, err
	}
	items, err := h.Feed.Replay(ctx, dossier, head)
	switch {
	case err != nil:
		return nil, err
	case len(items) == 0:
		return nil, ErrNoDossier
	}
	if last := items[len(items)-1]; last.Broken != nil {
		return nil, fmt.Errorf("dossier %s: %w", dossier, last.Broken)
	}
	return items, nil
}

// At gives the dossier as it was at a moment. Errors: those of Events and of
// Past.Then.
func (h History) At(ctx context.Context, dossier uuid.UUID, m Moment) (Past, error) {
	items, err := h.Events(ctx, dossier)
	if err != nil {
		return Past{}, err
	}
	last := items[len(items)-1]
	return Past{Items: items, Dossier: *last.After, Head: last.Revision}.Then(m)
}

// Then goes back from the newest past to an earlier one. Folding goes in
// revision order, always; at a time it is the fold of the events whose time on
// the axis is not later. Errors: revision_beyond_end, before_first_event.
func (p Past) Then(m Moment) (Past, error) {
	items := p.Items
	if m.Revision != nil {
		if *m.Revision > p.Head {
			return Past{}, errBeyondEnd(*m.Revision, p.Head)
		}
		items = items[:*m.Revision+1]
	}
	if m.At == nil {
		return Past{Items: items, Dossier: *items[len(items)-1].After, Head: p.Head}, nil
	}
	then := Past{Dossier: domain.NewDossier(p.Dossier.ID), Head: p.Head}
	for _, it := range items {
		if !it.on(m.Axis).After(*m.At) {
			then.Items = append(then.Items, it)
			then.Dossier = domain.Evolve(then.Dossier, it.Fact())
		}
	}
	if len(then.Items) == 0 {
		return Past{}, errBeforeFirst
	}
	return then, nil
}

// on is the event's time on an axis.
func (it *Item) on(axis Axis) time.Time {
	if axis == Occurred {
		return it.Meta.At()
	}
	return it.Meta.RecordedAt
}
