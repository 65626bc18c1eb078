package domain

import (
	"testing"
	"time"
)

func TestLateComparesDatesInVietnam(t *testing.T) {
	due := clock(t, "2026-11-30 08:10")
	for at, want := range map[string]bool{"2026-11-30 08:11": false, "2026-11-30 23:59": false, "2026-12-01 00:00": true} {
		if Late(clock(t, at), due) != want {
			t.Errorf("decided %s: late = %v", at, !want)
		}
	}
	if Late(clock(t, "2026-12-01 00:00"), time.Time{}) {
		t.Error("late without a due date")
	}
}

// TestPausesNest: supplement and payment open at once; the clock runs again
// with the last of them, and the status is told by what is still open.
func TestPausesNest(t *testing.T) {
	t.Run("supplement first", func(t *testing.T) {
		s := given(t, submission(), accept, route) // due Monday 30 November 08:10
		s.at("2026-11-23 10:00").and(waiting).status(StatusPayment)
		s.at("2026-11-24 10:00").and(giveBack).status(StatusSupplement)
		s.at("2026-11-25 10:00").and(answer).status(StatusPayment)
		if s.d.Clock.Remaining != 2290 || !s.d.Clock.Paused {
			t.Fatalf("%+v", s.d.Clock)
		}
		// 2290 = 5 days less 110 minutes; from Thursday 10:00 to Thursday 10:00 less 110 minutes
		s.at("2026-11-26 10:00").and(payWait).status(StatusProcessing).due("2026-12-03 08:10")
	})
	t.Run("payment first", func(t *testing.T) {
		s := given(t, submission(), accept)
		s.at("2026-11-23 10:00").and(giveBack).at("2026-11-24 10:00").and(waiting).status(StatusSupplement)
		s.at("2026-11-25 10:00").and(payWait).status(StatusSupplement)
		s.at("2026-11-26 10:00").and(answer).status(StatusProcessing).due("2026-12-03 08:10")
	})
	t.Run("two payments", func(t *testing.T) {
		other := RequestPayment{Obligation: "V", Kind: "charge", Amount: 1, DuePoint: DueAtReceipt, Waits: true}
		s := given(t, submission(), accept).at("2026-11-23 10:00").and(waiting, other)
		s.at("2026-11-24 10:00").and(payWait).status(StatusPayment)
		s.at("2026-11-26 10:00").and(Pay{Obligation: "V", Amount: 1, Transaction: "v"}).status(StatusAccepted).due("2026-12-03 08:10")
	})
	t.Run("new intake clock after both", func(t *testing.T) {
		s := given(t, submission()).at("2026-11-23 10:00").and(waiting, giveBack)
		s.at("2026-11-25 10:00").and(answer).status(StatusPayment)
		if s.d.Clock.Remaining != 480 {
			t.Fatalf("%+v", s.d.Clock)
		}
		s.at("2026-11-26 10:00").and(payWait).status(StatusSubmitted).due("2026-11-27 10:00")
	})
	t.Run("payment at intake keeps the intake time", func(t *testing.T) {
		s := given(t, submission()).at("2026-11-23 10:00").and(waiting) // due Tuesday 08:00: 360 minutes left
		s.at("2026-11-26 07:00").and(payWait).status(StatusSubmitted).due("2026-11-26 15:00")
	})
}

func TestOverduePauseKeepsTheDueDate(t *testing.T) {
	s := given(t, submission(), accept).at("2026-12-01 09:00").and(giveBack) // due the day before
	s.at("2026-12-10 09:00").and(answer).due("2026-11-30 08:10")
	s.at("2026-12-11 09:00").and(waiting).at("2026-12-14 09:00").and(payWait).due("2026-11-30 08:10")
	if s.and(granted); !s.d.DecidedLate {
		t.Fatal("not late")
	}
}

func TestPauseWithoutDueDate(t *testing.T) {
	s := given(t).under(func(r *Rules) { r.Procedure.Duration.Quantity = 0 }).and(submission(), accept, giveBack)
	s.at("2027-01-11 09:00").and(answer)
	if !s.d.Clock.Due.IsZero() || s.d.Clock.Paused {
		t.Fatalf("%+v", s.d.Clock)
	}
	if s.and(granted); s.d.DecidedLate {
		t.Fatal("late without a due date")
	}
}

// TestImportedDueIsAFact: neither acceptance nor pauses move it, an extension does.
func TestImportedDueIsAFact(t *testing.T) {
	due := clock(t, "2026-11-27 11:00")
	imported := Submitted{Procedure: "9.000001", Agency: "H99.14", Owner: Person{Subject: owner}, ImportedDue: &due, SourceID: "case-1"}
	s := given(t).facts(imported).and(accept).due("2026-11-27 11:00").status(StatusAccepted)
	s.and(giveBack, waiting, answer, payWait).due("2026-11-27 11:00").status(StatusProcessing)
	s.facts(ReturnedForSupplement{Stage: AtAppraisal}, Supplemented{}).due("2026-11-27 11:00")
	extend := ExtendDueDate{DueAt: clock(t, "2026-11-30 11:00"), Reason: "x"}
	s.at("2026-11-24 09:00").and(extend).due("2026-11-30 11:00")
	// From now on it is an imported fact no more: 1890 minutes are left, Tuesday 13:30 to Monday 11:00.
	s.under(func(r *Rules) { r.Procedure.SupplementCap = 9 }).at("2026-11-24 13:30").and(giveBack)
	s.at("2026-12-01 13:30").and(answer).due("2026-12-07 11:00")
}

func TestIntakeHoursOfRules(t *testing.T) {
	given(t).under(func(r *Rules) { r.IntakeHours = 4 }).and(submission()).due("2026-11-23 14:00")
}
