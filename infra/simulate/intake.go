package simulate

import (
	"time"

	"hoso/domain"
	"hoso/domain/calendar"
)

// submit hands the dossier in and waits for its code.
func (l *life) submit() error {
	kind := domain.Citizen
	if l.procedure.Field == "Hoạt động xây dựng" && l.chance(45) || l.procedure.Field == "Đất đai" && l.chance(12) {
		kind = domain.Business
	}
	l.owner = l.crowd.someone(kind)
	l.submitter = l.owner
	if l.chance(16) || kind == domain.Business && l.chance(50) {
		l.submitter = l.crowd.someone(domain.Citizen)
	}
	l.competent = l.world.competent(l.desk, l.procedure, l.rng)
	l.place = l.desk
	cmd := domain.SubmitDossier{
		Procedure: l.procedure.Code, Agency: l.desk.Code, Competent: l.competent.Code, Channel: l.channel,
		Submitter: l.submitter.PersonInput, Papers: l.papers(false), Receiving: l.receiving(),
		Summary: l.say(summaries), ReuseConsent: l.chance(40), SignIn: "counter",
	}
	if l.owner != l.submitter {
		owner := l.owner.PersonInput
		cmd.Owner = &owner
	}
	switch {
	case l.channel == domain.Online && l.chance(80):
		cmd.SignIn = "vneid_2"
	case l.channel == domain.Online:
		cmd.SignIn = "vneid_1"
	}
	req := l.request(l.bySubmitter())
	r, err := l.Handler.Submit(l.ctx, req, cmd)
	if err := l.note(cmd.CommandName(), err); err != nil {
		return err
	}
	l.report.Commands["number"]++
	l.dossier = r.Dossier
	l.submitter.open, l.submitter.total = l.submitter.open+1, l.submitter.total+1
	if l.owner != l.submitter {
		l.owner.open, l.owner.total = l.owner.open+1, l.owner.total+1
	}
	return nil
}

// receiving draws how the result shall be had.
func (l *life) receiving() domain.ReceivingInput {
	r := l.rng.IntN(100)
	switch {
	case l.fate == originalsDiffer:
		l.way = domain.AtCounter
	case l.submitter.Email != "" && (l.channel == domain.Online && r < 35 || l.procedure.Level == domain.Wholly && r < 25):
		l.way = domain.ByEmail
	case r < 55 && l.channel != domain.Direct, r > 88:
		l.way = domain.ByPost
	default:
		l.way = domain.AtCounter
	}
	in := domain.ReceivingInput{Way: l.way}
	switch l.way {
	case domain.ByPost:
		in.Address = l.submitter.Address
		if l.chance(30) {
			in.WishedTime = "Buổi chiều, sau 17 giờ"
		}
	case domain.AtCounter:
		if centre, ok := l.desks["H99.01"]; ok && l.chance(6) {
			l.place, in.Place = centre, centre.Code
		}
	}
	return in
}

// intake is the desk's answer: at first a look, then acceptance, a guide or a refusal.
func (l *life) intake() error {
	if l.chance(7) {
		if err := l.do(l.deskTime(l.between(10, 90)), l.officer(), domain.Contact{Means: l.say(means), Text: l.say(contacts)}); err != nil {
			return err
		}
	}
	if err := l.feesAtReceipt(); err != nil {
		return err
	}
	wait := l.between(8, 55)
	if l.channel != domain.Direct {
		wait = l.between(25, 430)
	}
	if l.fate == slowIntake {
		wait = l.between(520, 1400)
	}
	switch l.fate {
	case withdrawnEarly:
		return l.withdraw(l.daytime(1))
	case refusedAtIntake:
		return l.end(l.deskTime(wait), l.officer(), domain.Refuse{Reason: l.say(refusals), LegalBasis: l.basis()})
	case supplementAtIntake, supplementLapses:
		if err := l.supplement(l.deskTime(wait), l.officer()); err != nil {
			return err
		}
		wait = l.between(20, 300)
	}
	if l.procedure.CompareOriginals && l.channel == domain.Direct && l.fate != originalsDiffer {
		if err := l.compare(l.deskTime(max(1, wait-5)), l.desk, true); err != nil {
			return err
		}
		wait = 6
	}
	if err := l.do(l.deskTime(wait), l.officer(), domain.AcceptDossier{}); err != nil {
		return err
	}
	if !l.procedure.Duration.IsZero() {
		l.due, _ = l.competent.processing.Add(l.Clock.Now(), l.procedure.Duration)
	}
	return nil
}

// supplement gives a guide and sees it answered, forgotten or given up.
func (l *life) supplement(at time.Time, by domain.Actor) error {
	missing := l.procedure.Components[l.rng.IntN(len(l.procedure.Components))].Name
	guide := domain.ReturnForSupplement{Missing: []string{missing}, Guide: l.say(guides)}
	if err := l.do(at, by, guide); err != nil {
		return err
	}
	remaining := l.pause()
	days := l.procedure.SupplementDays
	last, _ := l.desk.reception.Add(l.Clock.Now(), calendar.Duration{Quantity: days, Unit: calendar.CalendarDay})
	if l.fate == supplementLapses {
		return l.end(calendar.DateOf(last).AddDays(1).Start().Add(6*time.Minute), domain.Actor{Role: domain.System}, domain.LapseSupplement{})
	}
	if l.chance(20) {
		if err := l.do(l.deskTime(l.between(200, 900)), by, domain.Contact{Means: "phone", Text: l.say(contacts)}); err != nil {
			return err
		}
	}
	longest := 8
	if days > 0 {
		longest = max(1, min(longest, days-3))
	}
	answer := domain.Supplement{Note: l.say(answers), Papers: []domain.Paper{{Component: missing, Kind: "photocopy", Copies: 1, Hash: l.hash(), Source: "upload"}}}
	when := l.daytime(l.between(1, longest))
	if l.channel != domain.Online {
		when, _ = l.desk.reception.AddMinutes(when, l.between(1, 60))
		answer.Papers[0].Source = "counter"
	}
	if days > 0 && when.After(last) {
		when = last.Add(-time.Hour)
	}
	if err := l.do(when, l.bySubmitter(), answer); err != nil {
		return err
	}
	l.resume(remaining)
	return nil
}

// pause gives the working minutes left of the time limit.
func (l *life) pause() int {
	if l.due.IsZero() {
		return 0
	}
	return l.competent.processing.Between(l.Clock.Now(), l.due)
}

// resume lets the time limit run again.
func (l *life) resume(remaining int) {
	if !l.due.IsZero() && remaining > 0 {
		l.due, _ = l.competent.processing.AddMinutes(l.Clock.Now(), remaining)
	}
}

// withdraw takes the dossier back in the applicant's name; for who submitted
// on paper an officer records it.
func (l *life) withdraw(at time.Time) error {
	reason := l.say(withdrawals)
	if by := l.bySubmitter(); by.Role == domain.IntakeOfficer {
		return l.end(at, by, domain.Withdraw{Reason: reason, AskedBy: domain.AskedBySubmitter})
	}
	if err := l.until(at); err != nil {
		return err
	}
	req, err := l.signedIn()
	if err != nil {
		return err
	}
	_, err = l.Handler.Do(l.ctx, req, l.dossier, domain.Withdraw{Reason: reason})
	if err := l.note("withdraw", err); err != nil {
		return err
	}
	return l.close()
}

// end gives the command that ends the dossier before a decision.
func (l *life) end(at time.Time, by domain.Actor, cmd domain.Command) error {
	if err := l.do(at, by, cmd); err != nil {
		return err
	}
	return l.close()
}

// close settles what an end without a decision leaves: money goes back.
func (l *life) close() error {
	l.ended()
	for _, p := range l.paid {
		l.aside(l.deskTime(l.between(240, 1400)), func(l *life) error {
			return l.refund(p, p.amount)
		})
	}
	return errEnded
}
