package domain

import (
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

// anyEvent draws an event of any type, with values that meet those of others.
func anyEvent(t *rapid.T, label string) Event {
	one := func(of ...string) string { return rapid.SampledFrom(of).Draw(t, label) }
	flag := func() bool { return rapid.Bool().Draw(t, label) }
	instant := func() *time.Time {
		if flag() {
			return nil
		}
		at := time.Unix(int64(rapid.IntRange(1_764_000_000, 1_766_000_000).Draw(t, label)), 0).UTC()
		return &at
	}
	deadline := func() *Deadline {
		if at := instant(); at != nil {
			return &Deadline{Due: *at, Remaining: rapid.IntRange(-5, 900).Draw(t, label)}
		}
		return nil
	}
	me := About(owner, "lời")
	correction := func() Correction {
		return Correction{Field: CorrectedField(one("note", "decided_at", "due_at", "outcome", "owner_name", "?")), Time: instant(), Outcome: Granted, Text: me}
	}
	code, request := one("A", "B"), one("1", "2", "3")
	types := EventTypes()
	switch e := types[rapid.IntRange(0, len(types)-1).Draw(t, label)].(type) {
	case Submitted:
		return Submitted{Agency: "H99.14", Owner: Person{Subject: owner, Name: me}, Submitter: Person{Subject: deputy}, Papers: []Paper{{Component: "Đơn"}}, Intake: deadline(), ImportedDue: instant(), Summary: me}
	case Numbered:
		return Numbered{Code: one("c1", "c2")}
	case Accepted:
		return Accepted{Deadline: deadline()}
	case ReturnedForSupplement:
		return ReturnedForSupplement{Stage: Stage(one("intake", "appraisal")), Missing: []string{"Đơn"}, Guide: me, Until: instant(), Remaining: 7}
	case Supplemented:
		return Supplemented{Papers: []Paper{{Component: "Bản sao"}}, Deadline: deadline(), Remaining: rapid.IntRange(0, 480).Draw(t, label)}
	case Refused:
		return Refused{LegalBasis: one("", "Điều 1")}
	case Stopped:
		return Stopped{LegalBasis: one("", "Điều 1")}
	case DueDateExtended:
		return DueDateExtended{Deadline: deadline()}
	case Decided:
		return Decided{Outcome: Outcome(one("granted", "unknown")), Number: one("", "1"), Late: flag()}
	case Routed:
		return Routed{Agency: one("", "H99.20")}
	case PaymentRequested:
		return PaymentRequested{Obligation: code, Amount: 10, DuePoint: DueAtReturn, Waits: flag(), Remaining: 9}
	case Paid:
		return Paid{Obligation: code, Amount: 10, Transaction: one("t1", "t2"), Deadline: deadline()}
	case PaymentCancelled:
		return PaymentCancelled{Obligation: code, Deadline: deadline()}
	case PaymentReconciled:
		return PaymentReconciled{Obligation: code}
	case PaymentRefunded:
		return PaymentRefunded{Obligation: code, Amount: 3, Transaction: one("r1", "r2")}
	case OriginalsCompared:
		return OriginalsCompared{Match: flag()}
	case Rated:
		return Rated{Score: rapid.IntRange(-1, 7).Draw(t, label)}
	case CorrectionRequested:
		return CorrectionRequested{Request: request, Correction: correction()}
	case Corrected:
		return Corrected{Request: request, Correction: correction(), Deadline: deadline()}
	case CorrectionDeclined:
		return CorrectionDeclined{Request: request}
	case Redacted:
		return Redacted{Subject: owner}
	default:
		return e
	}
}

func anyFact(t *rapid.T, label string) Fact {
	at := time.Unix(int64(rapid.IntRange(1_764_000_000, 1_766_000_000).Draw(t, label)), 0).UTC()
	return Fact{Event: anyEvent(t, label), At: at, Recorded: at}
}

func fold(d Dossier, facts ...Fact) Dossier {
	for _, f := range facts {
		d = Evolve(d, f)
	}
	return d
}

// TestEvolveIsTotal: any events in any order; an ended status is left from
// decided to delivered only, the first times stay but for a correction, and
// what Violation, Status and the explanation say of it never panics.
func TestEvolveIsTotal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := NewDossier(uuid.Nil)
		for range rapid.IntRange(1, 40).Draw(t, "events") {
			f := anyFact(t, "fact")
			Violation(d, f.Event)
			was := d
			d = Evolve(d, f)
			now := d.Status()
			if was.Status().Ended() && now != was.Status() && (was.Status() != StatusDecided || now != StatusDelivered) {
				t.Fatalf("%s led from %s to %s", f.Event.EventType(), was.Status().EN(), now.EN())
			}
			if now.Ended() && (d.Clock.Paused || d.Paused() || d.Supplement != nil) {
				t.Fatalf("ended and paused: %+v", d.Clock)
			}
			if d.Clock.Paused != d.Paused() {
				t.Fatalf("after %s the clock is paused: %v, the dossier: %v", f.Event.EventType(), d.Clock.Paused, d.Paused())
			}
			_, corrected := f.Event.(Corrected)
			if !was.AcceptedAt.IsZero() && was.AcceptedAt != d.AcceptedAt || !was.DeliveredAt.IsZero() && was.DeliveredAt != d.DeliveredAt ||
				!was.DecidedAt.IsZero() && was.DecidedAt != d.DecidedAt && !corrected {
				t.Fatalf("%s moved a first time", f.Event.EventType())
			}
			if d.LastType != f.Event.EventType() || !d.LastAt.Equal(f.At) {
				t.Fatalf("last event %s at %s", d.LastType, d.LastAt)
			}
			ExplainDue(d, noCalendar)
		}
	})
}

// TestEvolveWritesNothing folds two futures onto one past. Neither may show in
// the past or in the other.
func TestEvolveWritesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string) (fs []Fact) {
			for range rapid.IntRange(0, 15).Draw(t, label) {
				fs = append(fs, anyFact(t, label))
			}
			return fs
		}
		past, one, other := draw("past"), draw("one"), draw("other")
		d := fold(NewDossier(uuid.Nil), past...)
		a := fold(d, one...)
		b := fold(d, other...)
		if again := fold(NewDossier(uuid.Nil), past...); !reflect.DeepEqual(d, again) {
			t.Fatalf("the past changed:\n%+v\n%+v", d, again)
		}
		if again := fold(fold(NewDossier(uuid.Nil), past...), one...); !reflect.DeepEqual(a, again) {
			t.Fatalf("one future shows in the other:\n%+v\n%+v", a, again)
		}
		if again := fold(fold(NewDossier(uuid.Nil), past...), other...); !reflect.DeepEqual(b, again) {
			t.Fatalf("the futures differ:\n%+v\n%+v", b, again)
		}
	})
}

// TestRedactionLeavesNothing: after it no value of the person is in the state.
func TestRedactionLeavesNothing(t *testing.T) {
	c := submission()
	c.Summary, c.Receiving.Address, c.Receiving.WishedTime = "xin", "12 Đường A", "sáng"
	c.Submitter.Phone, c.Submitter.Address, c.Submitter.OtherID = "0900000000", "12 Đường A", "012345678"
	s := given(t, c, ReturnForSupplement{Guide: "thiếu"}, RequestCorrection{Field: CorrectOwnerName, Text: "Tên Khác", Reason: "x"})
	count := func(d Dossier) (open, erased int) {
		walkPersonal(reflect.ValueOf(d), func(p Personal) {
			if p.Text != "" {
				open++
			}
			if p.Erased {
				erased++
			}
		})
		return open, erased
	}
	if open, _ := count(s.d); open != 17 { // six fields of each person and five texts
		t.Fatalf("%d values before", open)
	}
	d := Evolve(s.d, Fact{Event: Redacted{Subject: owner}})
	if open, erased := count(d); open != 0 || erased != 17 {
		t.Fatalf("%d values left, %d erased", open, erased)
	}
	if open, _ := count(s.d); open != 17 {
		t.Fatal("the old value was written to")
	}
	if open, _ := count(Evolve(s.d, Fact{Event: Redacted{Subject: deputy}})); open != 17 {
		t.Fatal("somebody else was erased")
	}
}

// walkPersonal finds every personal value within v.
func walkPersonal(v reflect.Value, see func(Personal)) {
	if v.Type() == reflect.TypeFor[Personal]() {
		see(Personal{Text: v.Field(1).String(), Erased: v.Field(2).Bool()})
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			walkPersonal(v.Field(i), see)
		}
	case reflect.Slice:
		for i := range v.Len() {
			walkPersonal(v.Index(i), see)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			walkPersonal(v.Elem(), see)
		}
	}
}

// TestImportsInOddOrder: facts are recorded, the end stays.
func TestImportsInOddOrder(t *testing.T) {
	s := given(t).facts(Submitted{Agency: "A"}, Progressed{Title: "T02"}).status(StatusProcessing)
	s.facts(Accepted{}).status(StatusProcessing)
	s.at("2026-11-24 08:00").facts(Delivered{}).status(StatusDelivered)
	s.at("2026-11-25 08:00").facts(Decided{Outcome: NotRequired, Late: true}, ReturnedForSupplement{Stage: AtAppraisal}, Routed{Agency: "B"}).status(StatusDelivered)
	d := s.d
	if !d.DeliveredAt.Equal(clock(t, "2026-11-24 08:00")) || !d.EndedAt.Equal(d.DeliveredAt) || !d.DecidedAt.Equal(clock(t, "2026-11-25 08:00")) || !d.DecidedLate || d.Outcome != NotRequired || d.Current != "B" {
		t.Fatalf("%+v", d)
	}
	if got := Violation(given(t).facts(Submitted{}).d, Routed{}); got != ErrNotAccepted {
		t.Fatal(got)
	}
	if got := Violation(given(t).facts(Submitted{}, Accepted{}, ReturnedForSupplement{}).d, Decided{}); got != ErrPaused {
		t.Fatal(got)
	}
	if got := Violation(d, Progressed{}); got != ErrEnded {
		t.Fatal(got)
	}
}
