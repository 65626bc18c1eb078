package xes

import (
	"time"

	"hoso/domain"
)

var paymentRequested = domain.PaymentRequested{}.EventType()

// make gives the domain event of a kind with what a rule's fields tell, and
// who did it: the role goes by the kind, the officer's id comes from the log.
func (c *telling) make(kind string, fields Fields, as Attributes, at time.Time) (domain.Event, domain.Role) {
	value := func(v Value) string { return c.short(c.m.value(as, v)) }
	switch kind {
	case domain.Accepted{}.EventType():
		return domain.Accepted{ReceivedAt: at}, domain.IntakeOfficer
	case domain.Refused{}.EventType():
		return domain.Refused{LegalBasis: value(fields.LegalBasis)}, domain.IntakeOfficer
	case domain.ReturnedForSupplement{}.EventType():
		if c.story.has(domain.Accepted{}.EventType()) {
			return domain.ReturnedForSupplement{Stage: domain.AtAppraisal}, domain.Specialist
		}
		return domain.ReturnedForSupplement{Stage: domain.AtIntake}, domain.IntakeOfficer
	case domain.Supplemented{}.EventType():
		return domain.Supplemented{}, domain.IntakeOfficer // who noted down what the applicant brought
	case domain.Routed{}.EventType():
		to := domain.Routed{Agency: value(fields.Agency), Unit: value(fields.Unit), From: c.current}
		if to.Agency == "" {
			to.Agency = c.current
		}
		c.current = to.Agency
		return to, domain.IntakeOfficer
	case domain.DueDateExtended{}.EventType():
		return domain.DueDateExtended{}, domain.Leader
	case domain.Stopped{}.EventType():
		return domain.Stopped{LegalBasis: value(fields.LegalBasis)}, domain.Leader
	case domain.Withdrawn{}.EventType():
		return domain.Withdrawn{}, domain.IntakeOfficer // who noted down the applicant's wish
	case domain.Decided{}.EventType():
		outcome := domain.Outcome(value(fields.Outcome))
		if outcome == "" {
			outcome = domain.UnknownOutcome
		}
		return domain.Decided{Outcome: outcome}, domain.Leader
	case domain.Delivered{}.EventType():
		return domain.Delivered{Way: domain.ReceivingWay(value(fields.Way))}, domain.IntakeOfficer
	}
	return nil, ""
}

// payment makes an obligation of an amount, or says why not: nothing at all
// for zero, a step with the number in words where it is no amount to pay.
func (c *telling) payment(f FromCase, text string) (domain.Event, string) {
	amount, ok := parseAmount(text, f.Payment.Decimals)
	title := c.short(f.Attribute + " " + text)
	switch {
	case !ok:
		return domain.Progressed{Title: title}, "amount_unreadable"
	case amount < 0:
		return domain.Progressed{Title: title}, domain.ErrAmount.Code
	case amount == 0:
		return nil, ""
	}
	return domain.PaymentRequested{
		Obligation: c.short(f.Attribute), Name: f.Payment.Name, Kind: f.Payment.Kind, Amount: amount,
		Currency: f.Payment.Currency, SourceText: text, DuePoint: f.Payment.DuePoint,
	}, ""
}
