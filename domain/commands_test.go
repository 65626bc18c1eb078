package domain

import (
	"testing"
	"time"
)

// TestCommands tells for each command what it brings about; due dates are
// reckoned by hand over the standard week.
func TestCommands(t *testing.T) {
	cal := standardCalendar(t).Version()
	at := func(s string) time.Time { return clock(t, s) }
	me := func(text string) Personal { return About(owner, text) }
	eight := at(firstMonday)

	t.Run("submit", func(t *testing.T) {
		c := onlineSubmission()
		c.Papers = []Paper{{Component: " Đơn ", Kind: "original", Copies: 1, Source: "upload"}}
		c.Summary, c.SignIn, c.ReuseConsent = " xin cấp ", "vneid_2", true
		c.Submitter.Phone, c.Submitter.IDNumber = " 0900 000 000 ", "001.099 000-123"
		c.Owner = &PersonInput{Subject: deputy, Kind: Business, Name: "Đơn vị thử", IDNumber: "0100109106-001"}
		given(t).when(c).then(Submitted{
			Procedure: "9.000001", Agency: "H99.14", Competent: "H99.14", Channel: Online,
			Submitter: Person{Subject: owner, Kind: Citizen, Name: me("Người nộp"), IDNumber: me("001099000123"), Phone: me("0900 000 000"), Email: me("nguoi.nop@example.vn")},
			Owner:     Person{Subject: deputy, Kind: Business, Name: About(deputy, "Đơn vị thử"), IDNumber: About(deputy, "0100109106-001")},
			Papers:    []Paper{{Component: "Đơn", Kind: "original", Copies: 1, Source: "upload"}},
			Receiving: Receiving{Way: AtCounter, Place: "H99.14"}, Summary: About(deputy, "xin cấp"), ReuseConsent: true, SignIn: "vneid_2",
			Intake:          &Deadline{Due: at("2026-11-24 08:00"), Remaining: 480, Calendar: cal, Basis: "8 working_hour"},
			CalendarVersion: cal,
		}).status(StatusSubmitted).due("2026-11-24 08:00")
	})
	t.Run("number", func(t *testing.T) {
		s := given(t, submission())
		c := Number{"H99.14-261123-0001", "H99.14", "261123", 1}
		s.when(c).then(Numbered{"H99.14-261123-0001", "H99.14", "261123", 1})
		s.when(c).nothing()
	})
	t.Run("accept", func(t *testing.T) {
		given(t, submission()).when(AcceptDossier{Note: "đủ"}).then(Accepted{
			ReceivedAt: eight.Add(10 * time.Minute), ProcedureVersion: "v1", Note: me("đủ"),
			Deadline: &Deadline{Due: at("2026-11-30 08:10"), Remaining: 2400, Procedure: "v1", Calendar: cal, Basis: "5 working_day"},
		}).status(StatusAccepted)
	})
	t.Run("return at intake, supplement", func(t *testing.T) {
		s := given(t, submission()).under(listed) // due Tuesday 08:00; returned at 08:10
		s.when(ReturnForSupplement{Missing: []string{" giấy chứng sinh "}, Guide: "bổ sung"}).
			then(ReturnedForSupplement{Stage: AtIntake, Missing: []string{"Giấy chứng sinh"}, Guide: me("bổ sung"), Remaining: 470}).status(StatusSupplement)
		s.at("2026-11-25 16:00").when(Supplement{Note: "đã bổ sung"}).then(Supplemented{
			Note: me("đã bổ sung"), Deadline: &Deadline{Due: at("2026-11-26 16:00"), Remaining: 480, Calendar: cal, Basis: "8 working_hour"},
		}).status(StatusSubmitted)
	})
	t.Run("return at appraisal, supplement", func(t *testing.T) {
		s := given(t, submission(), accept).under(func(r *Rules) { r.Procedure.SupplementDays = 10 })
		until := at("2026-12-03 23:59").Add(59 * time.Second)
		s.when(giveBack).then(ReturnedForSupplement{Stage: AtAppraisal, Guide: me(giveBack.Guide), Until: &until, Remaining: 2390})
		s.at("2026-12-01 09:00").when(answer).then(Supplemented{
			Papers: answer.Papers,
			// 2390 minutes are five days less ten minutes: Tuesday 09:00 to the next Tuesday 08:50.
			Deadline: &Deadline{Due: at("2026-12-08 08:50"), Remaining: 2390, Procedure: "v1", Calendar: cal, Basis: "resumed"},
		}).status(StatusProcessing)
	})
	t.Run("lapse", func(t *testing.T) {
		s := given(t).under(func(r *Rules) { r.Procedure.SupplementDays = 1 }).and(submission(), giveBack)
		until := at("2026-11-24 23:59").Add(59 * time.Second)
		s.at("2026-11-25 07:00").when(LapseSupplement{}).then(SupplementLapsed{Until: until}).status(StatusNotAccepted)
	})
	t.Run("refuse", func(t *testing.T) {
		given(t, submission(), giveBack).when(refuse).then(Refused{Reason: me(refuse.Reason), LegalBasis: refuse.LegalBasis}).status(StatusNotAccepted)
	})
	t.Run("route", func(t *testing.T) {
		s := given(t, submission(), accept)
		c := Route{Agency: "H99.20", Unit: "Phòng A", Assignee: "s-1"}
		s.when(c).then(Routed{Agency: "H99.20", Unit: "Phòng A", Assignee: "s-1", From: "H99.14"}).status(StatusProcessing)
		s.when(c).nothing()
		s.when(Route{Unit: "Phòng B", Note: "gấp"}).then(Routed{Agency: "H99.20", Unit: "Phòng B", From: "H99.20", Note: me("gấp")})
	})
	t.Run("progress", func(t *testing.T) {
		given(t, submission(), accept, giveBack).when(Progress{Title: "Thẩm định", Unit: "Phòng A", Text: "xong"}).
			then(Progressed{Title: "Thẩm định", Unit: "Phòng A", Text: me("xong")}).status(StatusSupplement)
	})
	t.Run("extend", func(t *testing.T) {
		given(t, submission(), accept).when(ExtendDueDate{DueAt: at("2026-12-02 17:00"), Reason: "xin lỗi"}).then(DueDateExtended{
			Reason:   me("xin lỗi"), // Monday 08:20 to Wednesday of the week after, 17:00: 8 days less 80 minutes
			Deadline: &Deadline{Due: at("2026-12-02 17:00"), Remaining: 8*480 - 80, Procedure: "v1", Calendar: cal, Basis: "extended"},
		}).due("2026-12-02 17:00")
	})
	t.Run("stop", func(t *testing.T) {
		given(t, submission(), accept, giveBack, waiting).when(stop).then(Stopped{Reason: me(stop.Reason), LegalBasis: stop.LegalBasis}).status(StatusStopped)
	})
	t.Run("withdraw", func(t *testing.T) {
		given(t, submission(), accept, giveBack).when(Withdraw{Reason: "thôi"}).then(Withdrawn{Reason: me("thôi")}).status(StatusWithdrawn)
		given(t, submission(), accept).by(officer).when(Withdraw{AskedBy: AskedByOwner, Paper: " 12/ĐN "}).
			then(Withdrawn{AskedBy: AskedByOwner, Paper: me("12/ĐN")}).status(StatusWithdrawn)
		given(t, submission()).by(officer).when(Withdraw{AskedBy: AskedBySubmitter, Reason: "nộp nhầm"}).
			then(Withdrawn{AskedBy: AskedBySubmitter, Reason: me("nộp nhầm")}).status(StatusWithdrawn)
	})
	t.Run("decide", func(t *testing.T) {
		s := given(t, submission(), accept).by(leader)
		s.when(DecideDossier{Outcome: RefusedOutcome, Reason: "không đủ điều kiện", Date: "2026-11-20", Document: "h"}).then(Decided{
			Outcome: RefusedOutcome, Date: "2026-11-20", Signer: "l-1", Document: "h", Reason: me("không đủ điều kiện"),
		}).status(StatusDecided)
	})
	t.Run("payment", func(t *testing.T) {
		s := given(t, submission())
		s.when(fee).then(PaymentRequested{Obligation: "LP", Name: "Lệ phí", Kind: "fee", Amount: 20_000, Currency: "VND", DuePoint: DueAtReturn}).status(StatusSubmitted)
		s.when(fee).nothing()
		s.when(Pay{Obligation: "LP", Amount: 20_000, Transaction: "tx-1", Method: "counter", Receipt: "BL-1"}).
			then(Paid{Obligation: "LP", Amount: 20_000, Transaction: "tx-1", Method: "counter", Receipt: "BL-1"})
		s.when(payFee).nothing()
		s.when(ReconcilePayment{"LP", "SK-1"}).then(PaymentReconciled{"LP", "SK-1"})
		s.when(ReconcilePayment{"LP", "SK-1"}).nothing()
		s.when(RefundPayment{"LP", 5_000, "r-1", "thừa"}).then(PaymentRefunded{"LP", 5_000, "r-1", me("thừa")})
		s.when(RefundPayment{"LP", 5_000, "r-1", "thừa"}).nothing()
		s.when(RefundPayment{"LP", 15_000, "r-2", "miễn"}).then(PaymentRefunded{"LP", 15_000, "r-2", me("miễn")})
		if o := s.d.Obligations[0]; o.Refunded != 20_000 || o.Paid != 20_000 || !o.Reconciled || o.Receipt != "BL-1" {
			t.Fatalf("%+v", o)
		}
	})
	t.Run("payment that processing waits for", func(t *testing.T) {
		s := given(t, submission(), accept) // due Monday 30 November 08:10; asked at 08:20
		s.when(waiting).then(PaymentRequested{Obligation: "W", Name: "Phí thẩm định", Kind: "charge", Amount: 50_000, Currency: "VND", DuePoint: DueAtSupplement, Waits: true, Remaining: 2390}).
			status(StatusPayment)
		s.at("2026-11-24 07:00").when(payWait).then(Paid{Obligation: "W", Amount: 50_000, Transaction: "tx-w", // Tuesday's begin + 2390 minutes
			Deadline: &Deadline{Due: at("2026-11-30 16:50"), Remaining: 2390, Procedure: "v1", Calendar: cal, Basis: "resumed"}}).
			status(StatusAccepted)
	})
	t.Run("cancelling what is waited for", func(t *testing.T) {
		s := given(t, submission(), accept, waiting).at("2026-11-24 07:00")
		s.when(CancelPayment{"W", "miễn"}).then(PaymentCancelled{"W", me("miễn"),
			&Deadline{Due: at("2026-11-30 16:50"), Remaining: 2390, Procedure: "v1", Calendar: cal, Basis: "resumed"}}).status(StatusAccepted)
		s.when(CancelPayment{"W", "miễn"}).nothing()
	})
	t.Run("result received", func(t *testing.T) {
		s := given(t, submission(), accept, granted)
		s.when(ReceiveResult{Number: "12/QĐ"}).then(ResultReceived{Number: "12/QĐ", Place: "H99.14"}).status(StatusDecided)
		s.when(ReceiveResult{}).nothing()
		s.when(ReceiveResult{Place: "H99.15"}).then(ResultReceived{Place: "H99.15"})
	})
	t.Run("mismatch to the end", func(t *testing.T) {
		s := given(t, submission(), accept, granted)
		s.when(CompareOriginals{Components: []ComparisonInput{{"Đơn", true, ""}, {"Giấy khai sinh", false, "khác ngày"}}, Match: true}).
			then(OriginalsCompared{Components: []Comparison{{Component: "Đơn", Match: true}, {Component: "Giấy khai sinh", Note: me("khác ngày")}}})
		s.when(propose).then(CancellationProposed{me(propose.Reason)})
		s.when(void).then(ResultCancelled{me(void.Reason), void.LegalBasis}).status(StatusDecided)
		s.when(ReportViolation{Authority: "Công an", Matter: "giấy giả"}).then(ViolationReported{Authority: "Công an", Matter: me("giấy giả")})
		s.when(ReportViolation{Authority: "Công an", Matter: "giấy giả", Outcome: "đã xử lý"}).
			then(ViolationReported{Authority: "Công an", Matter: me("giấy giả"), Outcome: me("đã xử lý")})
		if !s.d.ResultCancelled || s.d.Violations != 2 {
			t.Fatalf("%+v", s.d)
		}
	})
	t.Run("a second comparison puts it right", func(t *testing.T) {
		s := given(t, onlineSubmission(), fee, accept, granted, differs)
		s.when(CompareOriginals{Components: []ComparisonInput{{"Đơn", true, ""}}}).then(OriginalsCompared{Components: []Comparison{{Component: "Đơn", Match: true}}, Match: true})
		s.and(payFee, hand).status(StatusDelivered)
	})
	t.Run("deliver", func(t *testing.T) {
		given(t, submission(), accept, granted, ReceiveResult{Place: "H99.15"}).when(Deliver{Receiver: "Người nộp", Proof: "ký nhận"}).
			then(Delivered{Way: AtCounter, Receiver: me("Người nộp"), Proof: me("ký nhận"), Place: "H99.15"}).status(StatusDelivered)
		// by post nothing is compared, also for an online dossier
		given(t, onlineSubmission(), accept, granted).when(Deliver{Way: ByPost, Proof: "VN123"}).then(Delivered{Way: ByPost, Proof: me("VN123"), Place: "H99.14"})
	})
	t.Run("contact and rate", func(t *testing.T) {
		s := given(t, submission(), accept, stop)
		s.when(Contact{Means: "phone", Text: "đã hướng dẫn"}).then(Contacted{"phone", me("đã hướng dẫn")})
		s.when(Rate{Score: 2, Comment: "chậm"}).then(Rated{2, me("chậm")}).status(StatusStopped)
	})
	t.Run("redact", func(t *testing.T) {
		s := given(t, submission(), refuse)
		s.when(Redact{owner}).then(Redacted{owner})
		s.when(Redact{owner}).nothing()
		if s.d.Owner.Name != (Personal{Subject: owner, Erased: true}) || s.d.Owner.Phone != (Personal{}) || !s.d.Erased {
			t.Fatalf("%#v %#v", s.d.Owner.Name.Erased, s.d.Owner.Phone.Erased)
		}
	})
}

func TestCorrections(t *testing.T) {
	ask := func(c RequestCorrection) *story {
		c.Reason, c.LegalBasis = "ghi sai", "Điều 1"
		return given(t, submission(), accept).at("2026-12-01 09:00").and(granted).by(officer).and(c)
	}
	late := clock(t, "2026-12-01 09:00")
	t.Run("a late decision was taken earlier", func(t *testing.T) {
		before := clock(t, "2026-11-30 16:00")
		s := ask(RequestCorrection{Field: CorrectDecidedAt, Time: &before})
		if !s.d.DecidedLate || !s.d.DecidedAt.Equal(late) {
			t.Fatal("decided a day after the due date, and not late")
		}
		s.by(leader).when(ApproveCorrection{Request: "1"}).then(Corrected{Request: "1", Correction: Correction{Field: CorrectDecidedAt, Time: &before}, LegalBasis: "Điều 1"})
		if s.d.DecidedLate || !s.d.DecidedAt.Equal(before) || !s.d.EndedAt.Equal(before) || s.d.CorrectedTimes != 1 || len(s.d.Corrections) != 0 {
			t.Fatalf("%+v", s.d)
		}
	})
	t.Run("declined changes nothing", func(t *testing.T) {
		before := clock(t, "2026-11-30 16:00")
		s := ask(RequestCorrection{Field: CorrectDecidedAt, Time: &before})
		s.by(leader).when(DeclineCorrection{Request: "1", Reason: "không có chứng cứ"}).then(CorrectionDeclined{"1", About(owner, "không có chứng cứ")})
		if !s.d.DecidedLate || s.d.CorrectedTimes != 0 || len(s.d.Corrections) != 0 {
			t.Fatalf("%+v", s.d)
		}
	})
	t.Run("the due date was another", func(t *testing.T) {
		due := clock(t, "2026-12-01 07:30")
		s := ask(RequestCorrection{Field: CorrectDueAt, Time: &due}).by(leader).and(ApproveCorrection{Request: "1", LegalBasis: "Điều 2"})
		if s.due("2026-12-01 07:30"); s.d.DecidedLate {
			t.Fatal("late, though decided on the day it was due")
		}
		mark := s.d.Clock.Marks[len(s.d.Clock.Marks)-1]
		if mark.Kind != MarkCorrect || mark.Calendar != standardCalendar(t).Version() || mark.Procedure != "v1" {
			t.Fatalf("%+v", mark)
		}
	})
	t.Run("outcome and name", func(t *testing.T) {
		s := ask(RequestCorrection{Field: CorrectOutcome, Outcome: NotRequired}).and(RequestCorrection{Field: CorrectOwnerName, Text: "Tên Đúng", Reason: "sai"})
		s.by(leader).and(ApproveCorrection{Request: "2"}, ApproveCorrection{Request: "1"})
		if s.d.Outcome != NotRequired || s.d.Owner.Name.Text != "Tên Đúng" || s.d.Submitter.Name.Text != "Tên Đúng" {
			t.Fatalf("%s %s", s.d.Outcome, s.d.Owner.Name.Text)
		}
		if got := s.and(RequestCorrection{Field: CorrectNote, Text: "x", Reason: "y"}).d.Corrections[0].Request; got != "3" {
			t.Fatalf("the third request has number %s", got)
		}
	})
}

func TestCommandsAreNamed(t *testing.T) {
	names := map[string]bool{}
	for _, c := range Commands() {
		if names[c.CommandName()] {
			t.Errorf("%s twice", c.CommandName())
		}
		names[c.CommandName()] = true
	}
	if len(names) != 30 {
		t.Errorf("%d commands", len(names))
	}
}
