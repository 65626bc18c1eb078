package simulate

import (
	"fmt"
	"time"

	"hoso/domain"
)

// number is a running number of the agency's register.
func (l *life) number(kind string) string { return fmt.Sprintf("%d/%s", 1000+l.index, kind) }

// result brings the signed result to the desk and hands it over.
func (l *life) result() error {
	minutes := l.between(5, 90)
	if l.competent != l.place {
		minutes = l.between(40, 240)
	}
	if err := l.do(l.workTime(minutes), l.clerk(), domain.ReceiveResult{Number: l.number("KQ"), Place: l.place.Code}); err != nil {
		return err
	}
	fee, owes := l.feeDue(domain.DueAtReturn)
	if owes {
		if err := l.do(l.deskTime(l.between(2, 30)), l.officer(), domain.RequestPayment{Obligation: fee.Code}); err != nil {
			return err
		}
	}
	if l.way == domain.AtCounter {
		return l.atCounter(fee, owes)
	}
	if l.procedure.CompareOriginals && !l.compared {
		if err := l.compare(l.deskTime(l.between(20, 200)), l.desk, true); err != nil {
			return err
		}
	}
	if owes {
		if err := l.payAway(l.daytime(l.between(0, 2)), fee); err != nil {
			return err
		}
	}
	if l.way == domain.ByEmail {
		return l.deliver(l.Clock.Now().Add(time.Duration(l.between(1, 20))*time.Minute), domain.Actor{Role: domain.System},
			domain.Deliver{Way: domain.ByEmail, Proof: "message-id " + l.hash()[:12]})
	}
	posted := domain.Deliver{Way: domain.ByPost, Receiver: l.submitter.Name, Proof: fmt.Sprintf("EM%09dVN", l.rng.IntN(1_000_000_000))}
	return l.deliver(l.deskTime(l.between(30, 300)), l.officer(), posted)
}

// deliver hands over; with it the dossier is done.
func (l *life) deliver(at time.Time, by domain.Actor, cmd domain.Deliver) error {
	err := l.do(at, by, cmd)
	if err == nil {
		l.ended()
	}
	return err
}

// atCounter waits for the applicant; some never come.
func (l *life) atCounter(fee domain.Fee, owes bool) error {
	if l.fate != originalsDiffer && l.chance(5) {
		return nil
	}
	// Told that it is ready, most come at once; some take their time.
	days := l.between(0, 1)
	if l.chance(30) {
		days = l.between(1, 6)
	}
	visit := l.daytime(days)
	visit, _ = l.place.reception.AddMinutes(visit, l.between(1, 120))
	if left := l.place.reception.Between(l.Clock.Now(), l.due); !l.due.IsZero() && left > 20 && l.chance(70) {
		visit, _ = l.place.reception.AddMinutes(l.Clock.Now(), left*l.between(20, 90)/100)
	}
	if l.channel == domain.Online && !l.compared || l.procedure.CompareOriginals && !l.compared || l.fate == originalsDiffer {
		match := l.fate != originalsDiffer
		if err := l.compare(visit, l.place, match); err != nil {
			return err
		}
		if !match {
			return l.cancelResult()
		}
		visit = visit.Add(4 * time.Minute)
	}
	if owes {
		if err := l.pay(visit, fee.Code, fee.Amount, l.place.person(domain.Cashier, 1), "counter"); err != nil {
			return err
		}
	}
	at := l.place.person(domain.IntakeOfficer, l.between(1, 2))
	if err := l.until(visit); err != nil {
		return err
	}
	return l.deliver(l.Clock.Now().Add(time.Duration(l.between(2, 9))*time.Minute), at,
		domain.Deliver{Way: domain.AtCounter, Receiver: l.submitter.Name, Proof: "Ký nhận tại quầy", Place: l.place.Code})
}

// compare holds the papers against the originals.
func (l *life) compare(at time.Time, desk *desk, match bool) error {
	cmd := domain.CompareOriginals{Match: match}
	for i, c := range l.procedure.Components {
		if c.Required {
			in := domain.ComparisonInput{Component: c.Name, Match: match || len(cmd.Components) > 0}
			if !in.Match {
				in.Note = l.say(differences)
			}
			cmd.Components = append(cmd.Components, in)
		}
		if i > 4 {
			break
		}
	}
	l.compared = true
	return l.do(at, desk.person(domain.IntakeOfficer, 1), cmd)
}

// cancelResult follows a mismatch: proposed, made void, reported.
func (l *life) cancelResult() error {
	officer := l.place.person(domain.IntakeOfficer, 1)
	if err := l.do(l.deskTime(l.between(5, 60)), officer, domain.ProposeCancellation{Reason: l.say(differences)}); err != nil {
		return err
	}
	if err := l.do(l.workTime(l.between(100, 700)), l.leader(), domain.CancelResult{Reason: "Giấy tờ trong hồ sơ không khớp bản chính.", LegalBasis: l.basis()}); err != nil {
		return err
	}
	l.ended()
	report := domain.ReportViolation{Authority: "Công an Phường Mẫu 1 (minh họa)", Matter: "Nghi sửa chữa giấy tờ trong hồ sơ."}
	if err := l.do(l.deskTime(l.between(30, 300)), officer, report); err != nil {
		return err
	}
	report.Outcome = "Đã lập biên bản, nhắc nhở."
	return l.do(l.deskTime(l.between(1500, 4000)), officer, report)
}

// aftermath is what follows a decision besides the hand-over.
func (l *life) aftermath() {
	switch l.after {
	case rated:
		l.aside(l.daytime(l.between(1, 7)), func(l *life) error {
			req, err := l.signedIn()
			if err != nil {
				return err
			}
			cmd := domain.Rate{Score: 5 - max(0, l.between(-4, 3)), Comment: l.say(opinions)}
			_, err = l.Handler.Do(l.ctx, req, l.dossier, cmd)
			return l.note(cmd.CommandName(), err)
		})
	case correctionApproved, correctionDeclined:
		l.aside(l.deskTime(l.between(200, 1500)), func(l *life) error { return l.correct(l.after == correctionApproved) })
	case refunded:
		if n := len(l.paid); n > 0 {
			p := l.paid[n-1]
			l.aside(l.deskTime(l.between(300, 2000)), func(l *life) error { return l.refund(p, (p.amount+1)/2) })
		}
	}
}

// correct asks for a correction, which a second person settles.
func (l *life) correct(approve bool) error {
	ask := domain.RequestCorrection{Field: domain.CorrectNote, Text: "Số tờ trình ghi nhầm, số đúng theo bản giấy.", Reason: l.say(mistakes)}
	switch r := l.rng.IntN(10); {
	case r < 2:
		ask.Field, ask.Text = domain.CorrectOwnerName, l.owner.Name
	case r < 4:
		earlier := l.decided.Add(-5 * time.Minute)
		ask.Field, ask.Text, ask.Time = domain.CorrectDecidedAt, "", &earlier
	case r < 5:
		ask.Field, ask.Text, ask.Outcome = domain.CorrectOutcome, "", domain.Granted
	case r < 7 && !l.due.IsZero():
		due, _ := l.competent.processing.AddMinutes(l.due, 480)
		ask.Field, ask.Text, ask.Time = domain.CorrectDueAt, "", &due
	}
	if err := l.do(l.deskTime(1), l.clerk(), ask); err != nil {
		return err
	}
	second := l.competent.person(domain.Leader, 2)
	if approve {
		return l.do(l.workTime(l.between(60, 900)), second, domain.ApproveCorrection{Request: "1", LegalBasis: l.basis()})
	}
	return l.do(l.workTime(l.between(60, 900)), second, domain.DeclineCorrection{Request: "1", Reason: "Hồ sơ giấy cho thấy nội dung đã ghi là đúng."})
}
