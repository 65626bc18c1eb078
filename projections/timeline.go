package projections

import (
	"slices"
	"strings"

	"hoso/domain"
)

// EntryOf is an event as the timeline keeps it. Titles are not kept: they are
// words of the program (domain.Title), put in when the timeline is read.
func EntryOf(it *Item) TimelineEntry {
	e := TimelineEntry{
		Revision: it.Revision, Position: it.Position.String(), Type: it.Type,
		At: it.Meta.At(), RecordedAt: it.Meta.RecordedAt, By: it.Meta.Actor,
	}
	e.DetailVI, e.DetailEN = detailsOf(it)
	e.Text, e.Erased = it.text()
	return e
}

// text joins an event's free texts. Names, numbers and addresses are not among
// them, so the timeline holds of personal data what people wrote, and no more.
func (it *Item) text() (text string, erased bool) {
	var parts []string
	for _, p := range freeTexts(it.Event) {
		if p.Erased || p.Text != "" && slices.Contains(it.Redacted, p.Subject) {
			erased = true
		} else if p.Text != "" {
			parts = append(parts, p.Text)
		}
	}
	return strings.Join(parts, "\n"), erased
}

func freeTexts(e domain.Event) []domain.Personal {
	switch e := e.(type) {
	case domain.Submitted:
		return []domain.Personal{e.Summary}
	case domain.Accepted:
		return []domain.Personal{e.Note}
	case domain.ReturnedForSupplement:
		return []domain.Personal{e.Guide}
	case domain.Supplemented:
		return []domain.Personal{e.Note}
	case domain.Refused:
		return []domain.Personal{e.Reason}
	case domain.Routed:
		return []domain.Personal{e.Note}
	case domain.Progressed:
		return []domain.Personal{e.Text}
	case domain.DueDateExtended:
		return []domain.Personal{e.Reason}
	case domain.Stopped:
		return []domain.Personal{e.Reason}
	case domain.Withdrawn:
		return []domain.Personal{e.Reason, e.Paper}
	case domain.Decided:
		return []domain.Personal{e.Reason}
	case domain.CancellationProposed:
		return []domain.Personal{e.Reason}
	case domain.ResultCancelled:
		return []domain.Personal{e.Reason}
	case domain.ViolationReported:
		return []domain.Personal{e.Matter, e.Outcome}
	case domain.PaymentCancelled:
		return []domain.Personal{e.Reason}
	case domain.PaymentRefunded:
		return []domain.Personal{e.Reason}
	case domain.CorrectionRequested:
		return append(note(e.Correction), e.Reason)
	case domain.Corrected:
		return note(e.Correction)
	case domain.CorrectionDeclined:
		return []domain.Personal{e.Reason}
	case domain.Contacted:
		return []domain.Personal{e.Text}
	case domain.Rated:
		return []domain.Personal{e.Comment}
	case domain.OriginalsCompared:
		notes := make([]domain.Personal, len(e.Components))
		for i, c := range e.Components {
			notes[i] = c.Note
		}
		return notes
	}
	return nil
}

// note leaves out a corrected name.
func note(c domain.Correction) []domain.Personal {
	if c.Field == domain.CorrectOwnerName {
		return nil
	}
	return []domain.Personal{c.Text}
}
