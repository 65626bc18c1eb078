package xes

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"hoso/domain"
	"hoso/domain/calendar"
)

// kinds are the events that a rule may make of a source's event.
var kinds = []string{
	domain.Accepted{}.EventType(), domain.Refused{}.EventType(), domain.ReturnedForSupplement{}.EventType(), domain.Supplemented{}.EventType(),
	domain.Routed{}.EventType(), domain.Progressed{}.EventType(), domain.DueDateExtended{}.EventType(), domain.Stopped{}.EventType(),
	domain.Withdrawn{}.EventType(), domain.Decided{}.EventType(), domain.Delivered{}.EventType(),
}

func (m *Mapping) check() error {
	switch {
	case m.Source == "":
		return errors.New("source is missing: name the log, so that another's cases are told apart")
	case m.Agency.Code == "":
		return errors.New("agency.code is missing")
	case m.Procedure.Code == "":
		return errors.New("procedure.code is missing")
	case m.Case.ID == "" || m.Event.Time == "" || len(m.Event.Title) == 0:
		return errors.New("case.id, event.time and event.title must name attributes, or be left out")
	case !slices.Contains([]domain.PersonKind{domain.Citizen, domain.Business, domain.Agent}, m.Case.Applicant):
		return fmt.Errorf("case.applicant is %q; say citizen, business or agency", m.Case.Applicant)
	}
	if _, err := m.zone(); err != nil {
		return err
	}
	if m.Calendar != nil {
		if _, err := calendar.New(*m.Calendar); err != nil {
			return fmt.Errorf("calendar: %w", err)
		}
		if id := m.Calendar.ID; m.Agency.ReceptionCalendar != id && m.Agency.ProcessingCalendar != id {
			return fmt.Errorf("the agency uses calendar %q neither as reception_calendar nor as processing_calendar", id)
		}
	}
	if err := oneOf("case.channel", m.Case.Channel, string(domain.Direct), string(domain.Online), string(domain.Post)); err != nil {
		return err
	}
	if m.Case.Channel.Text == "" {
		return errors.New("case.channel.text is missing: say direct, online or post for the cases that do not tell")
	}
	for i, r := range m.Rules {
		if err := r.check(); err != nil {
			return fmt.Errorf("rules[%d]: %w", i, err)
		}
	}
	for i, f := range m.FromCase {
		if err := f.check(); err != nil {
			return fmt.Errorf("from_case[%d]: %w", i, err)
		}
	}
	return nil
}

// zone is where times are that name no zone.
func (m *Mapping) zone() (*time.Location, error) {
	if m.Zone == "" {
		return calendar.Zone, nil
	}
	t, err := time.Parse("Z07:00", m.Zone)
	if err != nil {
		return nil, fmt.Errorf("zone is %q; write an offset as +01:00", m.Zone)
	}
	_, seconds := t.Zone()
	return time.FixedZone(m.Zone, seconds), nil
}

func (r Rule) check() error {
	if err := checkKind(r.Becomes); err != nil {
		return err
	}
	if len(r.When) == 0 {
		return errors.New("when is missing: without a condition every event would meet it")
	}
	for _, c := range slices.Concat(r.When, r.UnlessCaseHas) {
		if c.Attribute == "" || len(c.Is)+len(c.StartsWith) == 0 {
			return errors.New("a condition needs an attribute, and is or starts_with")
		}
	}
	if r.AgainAfter != "" && !r.First {
		return errors.New("again_after means something together with first only")
	}
	for _, kind := range []string{r.AgainAfter, r.After} {
		if kind != "" {
			if err := checkKind(kind); err != nil {
				return err
			}
		}
	}
	return r.Fields.check()
}

func (f FromCase) check() error {
	if f.Attribute == "" {
		return errors.New("attribute is missing")
	}
	if p := f.Payment; p != nil || f.Becomes == paymentRequested {
		switch {
		case p == nil || f.Becomes != paymentRequested:
			return errors.New(paymentRequested + " needs payment, and nothing else takes it")
		case p.Decimals < 0 || p.Decimals > 4:
			return errors.New("payment.decimals must be 0 to 4")
		case len(p.Currency) != 3:
			return errors.New("payment.currency must be a code of three letters, as EUR")
		case p.Kind != "fee" && p.Kind != "charge":
			return errors.New("payment.kind must be fee or charge")
		case !slices.Contains([]domain.DuePoint{domain.DueAtReceipt, domain.DueAtSupplement, domain.DueAtReturn}, p.DuePoint):
			return errors.New("payment.due_point must be 1 (at receipt), 2 (at supplement) or 4 (at return)")
		}
		return nil
	}
	if err := checkKind(f.Becomes); err != nil {
		return err
	}
	return f.Fields.check()
}

func checkKind(kind string) error {
	if slices.Contains(kinds, kind) {
		return nil
	}
	return fmt.Errorf("%q is none of the events a mapping can make: %q", kind, kinds)
}

func (f Fields) check() error {
	return errors.Join(
		oneOf("outcome", f.Outcome, string(domain.Granted), string(domain.RefusedOutcome), string(domain.NotRequired), string(domain.UnknownOutcome)),
		oneOf("way", f.Way, string(domain.AtCounter), string(domain.ByEmail), string(domain.ByPost)))
}

// oneOf checks the texts that a value can give against the few that are allowed.
func oneOf(field string, v Value, allowed ...string) error {
	if v.Attribute != "" && v.Values == nil {
		return fmt.Errorf("%s.values is missing: translate the attribute's values to %q", field, allowed)
	}
	texts := []string{v.Text}
	for _, s := range v.Values {
		texts = append(texts, s)
	}
	for _, s := range texts {
		if s != "" && !slices.Contains(allowed, s) {
			return fmt.Errorf("%s gives %q; allowed are %q", field, s, allowed)
		}
	}
	return nil
}
