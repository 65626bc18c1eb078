package domain

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"hoso/domain/calendar"
)

// TestDeskAndProcessingHaveTheirOwnHours: until acceptance the desk's calendar
// counts, afterwards that of processing, which here works mornings only.
func TestDeskAndProcessingHaveTheirOwnHours(t *testing.T) {
	var mornings [7][]calendar.Span
	for w := time.Monday; w <= time.Friday; w++ {
		mornings[w] = []calendar.Span{{From: 7 * 60, To: 11 * 60}}
	}
	processing, err := calendar.New(calendar.Definition{ID: "mornings", Name: "Buổi sáng", Week: mornings})
	if err != nil {
		t.Fatal(err)
	}
	s := given(t).under(func(r *Rules) { r.Processing = processing })
	s.and(submission()).due("2026-11-24 08:00").and(waiting)
	if s.d.Clock.Remaining != 470 {
		t.Fatalf("%d minutes kept at the desk", s.d.Clock.Remaining)
	}
	s.at("2026-11-25 08:00").and(payWait).due("2026-11-26 07:50")
	// 5 working days are 2400 minutes, ten mornings of 240: Thursday 09:00 to the second Thursday 09:00.
	s.at("2026-11-26 09:00").and(accept).due("2026-12-10 09:00")
	if last := s.d.Clock; last.Calendar != processing.Version() {
		t.Fatal("the appointment was reckoned by the desk's calendar")
	}
	s.at("2026-11-26 10:00").and(giveBack)
	if s.d.Clock.Remaining != 2340 {
		t.Fatalf("%d minutes kept in processing", s.d.Clock.Remaining)
	}
	s.at("2026-11-27 10:00").and(answer).due("2026-12-11 09:00")
}

func TestNumberOfTheDecision(t *testing.T) {
	s := given(t, submission(), accept, granted)
	if s.d.DecisionNumber != "12/QĐ" {
		t.Fatal(s.d.DecisionNumber)
	}
	if s.and(ReceiveResult{}); s.d.DecisionNumber != "12/QĐ" {
		t.Fatal("a result without a number took the decision's away")
	}
	if s.and(ReceiveResult{Number: "13/QĐ"}); s.d.DecisionNumber != "13/QĐ" {
		t.Fatal(s.d.DecisionNumber)
	}
}

// TestPaidTwice: an import may bring a second payment; it can be refunded.
func TestPaidTwice(t *testing.T) {
	s := given(t, submission(), fee, payFee).facts(Paid{Obligation: "LP", Amount: 20_000, Transaction: "tx-1"})
	if s.d.Obligations[0].Paid != 20_000 {
		t.Fatal("the same transaction counted twice")
	}
	s.facts(Paid{Obligation: "LP", Amount: 20_000, Transaction: "tx-2"})
	s.and(RefundPayment{"LP", 40_000, "r-1", "nộp hai lần"})
	s.when(RefundPayment{"LP", 1, "r-2", "x"}).refused(ErrRefundTooLarge)
}

func TestPaidBeforeRequested(t *testing.T) {
	s := given(t, submission()).facts(Paid{Obligation: "LP", Amount: 5, Transaction: "t"}, PaymentRequested{Obligation: "LP", Amount: 5, Waits: true})
	if o := s.d.Obligations; len(o) != 1 || !o[0].Settled() || o[0].Amount != 5 || s.d.Paused() {
		t.Fatalf("%+v", o)
	}
}

// TestViolationAlone tries guards that commands answer otherwise: there the
// same wish repeated is no error.
func TestViolationAlone(t *testing.T) {
	cancelled := given(t, submission(), fee, CancelPayment{"LP", "miễn"}).d
	for _, c := range []struct {
		d    Dossier
		e    Event
		want *Error
	}{
		{cancelled, PaymentCancelled{Obligation: "LP"}, ErrObligationCancelled},
		{given(t, submission(), fee, payFee).d, Paid{Obligation: "LP", Amount: 20_000, Transaction: "tx-1"}, ErrTransactionUsed},
		{given(t, submission(), accept).d, ReturnedForSupplement{Stage: AtIntake}, ErrAlreadyAccepted},
		{given(t, submission()).d, ReturnedForSupplement{Stage: AtAppraisal}, ErrNotAccepted},
		{given(t, submission()).d, Refused{}, ErrNoLegalBasis},
		{given(t).facts(Submitted{}).d, Accepted{}, nil},
		{NewDossier(uuid.Nil), SubjectErased{}, nil},
		{NewDossier(uuid.Nil), nil, nil},
		{NewDossier(uuid.Nil), Contacted{}, ErrNotSubmitted},
	} {
		if got := Violation(c.d, c.e); got != c.want {
			t.Errorf("%T: %v, want %v", c.e, got, c.want)
		}
	}
}

func TestCorrectionBounds(t *testing.T) {
	s := given(t).under(func(r *Rules) { r.Procedure.Duration = calendar.Duration{} }).and(submission())
	s.at("2026-11-25 08:00").and(accept)
	later, between := clock(t, "2026-12-25 17:00"), clock(t, "2026-11-24 08:00")
	s.when(RequestCorrection{Field: CorrectDueAt, Time: &later, Reason: "x"}).refused(ErrNothingToCorrect)
	s.and(granted) // submitted on Monday, accepted on Wednesday: no decision on Tuesday
	s.when(RequestCorrection{Field: CorrectDecidedAt, Time: &between, Reason: "x"}).refused(fieldInvalid)
	accepted := clock(t, "2026-11-25 08:00")
	s.and(RequestCorrection{Field: CorrectDecidedAt, Time: &accepted, Reason: "x"})
}

// TestPersonsOfASubmission: two people, each under their own subject; one
// person's erasure leaves the other.
func TestPersonsOfASubmission(t *testing.T) {
	c := submission()
	c.Owner = &PersonInput{Subject: deputy, Kind: Citizen, Name: "Chủ hồ sơ"}
	s := given(t, c, refuse, Redact{owner})
	if s.d.Submitter.Name.Text != "" || s.d.Owner.Name.Text != "Chủ hồ sơ" {
		t.Fatal("the wrong person was erased")
	}
	s.and(Contact{Means: "phone", Text: "chủ hồ sơ còn đây"}, Redact{deputy})
	s.when(Redact{deputy}).nothing()
	s.when(Contact{Means: "phone", Text: "x"}).refused(ErrPersonErased)
}

// TestAnErasedCorrectionReplacesNothing: what was asked for is gone with the
// person; approving it would only empty what stands there.
func TestAnErasedCorrectionReplacesNothing(t *testing.T) {
	s := given(t, submission()).by(officer).and(RequestCorrection{Field: CorrectOwnerName, Text: "Tên Khác", Reason: "x"}, refuse, Redact{owner})
	s.by(leader).when(ApproveCorrection{Request: "1"}).refused(ErrPersonErased)
	s.when(DeclineCorrection{Request: "1"}).then(CorrectionDeclined{Request: "1"})
}

// TestVersionsByTheirDays: a version that ends a procedure brings back no
// older one, and neither a procedure's nor an agency's next version holds yet.
func TestVersionsByTheirDays(t *testing.T) {
	day := func(m time.Month) calendar.Date { return calendar.NewDate(2026, m, 1) }
	c := NewCatalogue()
	for _, e := range []Event{
		ProcedurePublished{Version: "old", Procedure: Procedure{Code: "P", EffectiveFrom: day(1)}},
		ProcedurePublished{Version: "ends", Procedure: Procedure{Code: "P", EffectiveFrom: day(2), EffectiveTo: day(5)}},
		ProcedurePublished{Version: "next", Procedure: Procedure{Code: "P", EffectiveFrom: day(9)}},
		AgencyEstablished{Agency: Agency{Code: "A", Name: "now", EffectiveFrom: day(1)}},
		AgencyEstablished{Agency: Agency{Code: "A", Name: "next", EffectiveFrom: day(9)}},
		CalendarPublished{Calendar: calendar.Definition{ID: DefaultCalendar, Name: "Tuần", Week: calendar.StandardWeek()}},
	} {
		if err := c.Apply(e); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []struct {
		on      time.Month
		version string // "" where none is in force
		rules   string // what dossiers from before go by
		agency  string
	}{{1, "old", "old", "now"}, {3, "ends", "ends", "now"}, {7, "", "ends", "now"}, {10, "next", "next", "next"}} {
		p, ok := c.Procedure("P", day(want.on))
		if ok != (want.version != "") || ok && p.Version != want.version {
			t.Errorf("month %d: %q in force: %v", want.on, p.Version, ok)
		}
		r, err := c.Rules("P", "", "A", "A", day(want.on).Start())
		if err != nil || r.ProcedureVersion != want.rules || r.Agency.Name != want.agency {
			t.Errorf("month %d: rules of %q, agency %q, %v", want.on, r.ProcedureVersion, r.Agency.Name, err)
		}
	}
}
