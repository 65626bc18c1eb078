package simulate

import (
	"time"

	"hoso/domain"
	"hoso/domain/calendar"
)

// process is the way through the deciding agency up to the decision.
func (l *life) process() error {
	if err := l.handIn(); err != nil {
		return err
	}
	left := 16 * 60
	if !l.due.IsZero() {
		left = max(10, l.competent.processing.Between(l.Clock.Now(), l.due))
	}
	// The story's turn comes at a third of the time, the decision near its end.
	if err := l.progress(left / l.between(5, 9)); err != nil {
		return err
	}
	if err := l.turn(left); err != nil {
		return err
	}
	if left > 2*480 {
		if err := l.progress(left / l.between(6, 9)); err != nil {
			return err
		}
	}
	return l.decide()
}

// handIn routes the dossier: over to the deciding agency, then to a person.
func (l *life) handIn() error {
	unit := l.competent.unit(l.procedure, l.rng)
	over := domain.Route{Agency: l.competent.Code, Unit: unit}
	if l.chance(20) {
		over.Note = l.say(handovers)
	}
	if err := l.do(l.deskTime(l.between(3, 40)), l.officer(), over); err != nil {
		return err
	}
	l.duties = l.competent.person(domain.Specialist, l.between(1, 3))
	return l.do(l.workTime(l.between(2, 45)), l.leader(), domain.Route{Unit: unit, Assignee: l.duties.ID})
}

func (l *life) progress(minutes int) error {
	p := domain.Progress{Title: l.say(titles), Unit: l.competent.unit(l.procedure, l.rng)}
	return l.do(l.workTime(minutes), l.duties, p)
}

// turn is what the fate has in store between acceptance and decision.
func (l *life) turn(left int) error {
	at := l.workTime(max(2, left/l.between(5, 8)))
	switch l.fate {
	case supplementAtAppraisal:
		return l.supplement(at, l.duties)
	case withdrawnLate:
		return l.withdraw(at)
	case stoppedInProcess:
		return l.end(at, l.leader(), domain.Stop{Reason: l.say(stops), LegalBasis: l.basis()})
	case extendedOnce:
		return l.extend(at)
	case extraCharge:
		return l.charge(at)
	case elsewhereForAdvice:
		return l.askElsewhere(at)
	}
	return nil
}

// extend apologises and moves the due date by some working days.
func (l *life) extend(at time.Time) error {
	if err := l.until(at); err != nil {
		return err
	}
	due, _ := l.competent.processing.Add(l.due, calendar.Duration{Quantity: l.between(2, 6), Unit: calendar.WorkingDay})
	if err := l.do(at, l.leader(), domain.ExtendDueDate{DueAt: due, Reason: l.say(extensions)}); err != nil {
		return err
	}
	l.due = due
	return nil
}

// charge asks for a payment for which processing waits.
func (l *life) charge(at time.Time) error {
	extra := domain.Fee{Code: "TRICHDO", Name: "Phí trích đo, thẩm tra bổ sung", Kind: "charge", Amount: int64(l.between(4, 40)) * 25000, DuePoint: domain.DueAtSupplement}
	err := l.do(at, l.duties, domain.RequestPayment{Obligation: extra.Code, Name: extra.Name, Kind: extra.Kind, Amount: extra.Amount, DuePoint: extra.DuePoint, Waits: true})
	if err != nil {
		return err
	}
	remaining := l.pause()
	if err := l.payAway(l.daytime(l.between(1, 6)), extra); err != nil {
		return err
	}
	l.resume(remaining)
	return nil
}

// askElsewhere sends the dossier to another agency for advice, and gets it back.
func (l *life) askElsewhere(at time.Time) error {
	other := l.desks["H99.14.02"]
	if other == nil || other == l.competent {
		return nil
	}
	if err := l.do(at, l.leader(), domain.Route{Agency: other.Code, Unit: other.unit(l.procedure, l.rng), Note: "Xin ý kiến chuyên môn."}); err != nil {
		return err
	}
	helper := other.person(domain.Specialist, 1)
	if err := l.do(l.workTime(l.between(60, 400)), helper, domain.Progress{Title: "Cho ý kiến chuyên môn", Unit: other.unit(l.procedure, l.rng)}); err != nil {
		return err
	}
	back := domain.Route{Agency: l.competent.Code, Unit: l.competent.unit(l.procedure, l.rng), Assignee: l.duties.ID, Note: "Đã có ý kiến, chuyển lại."}
	return l.do(l.workTime(l.between(5, 60)), other.person(domain.Leader, 1), back)
}

// decide signs, mostly in time.
func (l *life) decide() error {
	left := 4 * 60
	if !l.due.IsZero() {
		left = l.competent.processing.Between(l.Clock.Now(), l.due)
	}
	minutes := max(1, left*l.between(15, 75)/100)
	if l.fate == lateDecision {
		minutes = max(1, left) + l.between(300, 3400)
	}
	cmd := domain.DecideDossier{Outcome: domain.Granted, Number: l.number("QĐ"), Document: l.hash()}
	switch {
	case l.fate == negativeResult:
		cmd.Outcome, cmd.Reason, cmd.Document = domain.RefusedOutcome, l.say(grounds), ""
	case l.chance(1):
		cmd.Outcome = domain.NotRequired
	}
	if err := l.do(l.workTime(minutes), l.leader(), cmd); err != nil {
		return err
	}
	l.decided = l.Clock.Now()
	l.aftermath()
	return nil
}
