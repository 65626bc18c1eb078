package starter

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"hoso/commands"
	"hoso/domain"
)

// space is the name space of the ids of the starter's commands.
var space = uuid.MustParse("3c7be3c2-60b4-5c1e-9c55-0f4f5a0a7d21")

// Publish appends the starter set to a log that has none, and reports whether
// it did. The default calendar comes last: without it no dossier can be
// submitted, and with it nothing is appended any more, so that newer shipped
// files never change what an existing log answers. A start that was cut short
// is finished at the next.
func Publish(ctx context.Context, h *commands.Handler) (bool, error) {
	if _, complete := h.Catalogue.Calendar(domain.DefaultCalendar); complete {
		return false, nil
	}
	set, err := Load()
	if err != nil {
		return false, err
	}
	for _, e := range set.events() {
		req := commands.Request{Actor: domain.Actor{Role: domain.System}, ID: uuid.NewSHA1(space, []byte(nameOf(e)))}
		if _, err := h.Publish(ctx, req, e); err != nil {
			return false, fmt.Errorf("starter: %s: %w", nameOf(e), err)
		}
	}
	return true, nil
}

// events gives the set in the order in which it is appended.
func (s Set) events() []domain.Event {
	var out []domain.Event
	for _, a := range s.Agencies {
		out = append(out, domain.AgencyEstablished{Agency: a})
	}
	for _, p := range s.Procedures {
		out = append(out, domain.ProcedurePublished{Procedure: p})
	}
	for _, c := range s.Calendars {
		out = append(out, domain.CalendarPublished{Calendar: c})
	}
	return out
}

// nameOf names what a catalogue event is about.
func nameOf(e domain.Event) string {
	switch e := e.(type) {
	case domain.AgencyEstablished:
		return "agency " + e.Agency.Code
	case domain.ProcedurePublished:
		return "procedure " + e.Procedure.Code
	case domain.CalendarPublished:
		return "calendar " + e.Calendar.ID
	}
	return e.EventType()
}
