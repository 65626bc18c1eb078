package commands

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/calendar"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
)

// TestOneKeyTwiceNeverLinksTwoNumbers: a submission broken off before it is
// written, sent again under its key with another's number, makes two persons.
func TestOneKeyTwiceNeverLinksTwoNumbers(t *testing.T) {
	const mine, theirs = "001200012345", "001200054321"
	s := newShop(t)
	config := s.Config
	config.Log = &failingLog{Log: s.log, fails: func(string) bool { return true }}
	if _, err := New(config).Submit(t.Context(), by(citizen, "k"), application("Người Thử", mine)); err == nil {
		t.Fatal("the break went unnoticed")
	}
	for i, number := range []string{theirs, mine} {
		req := by(citizen, []string{"k", "other"}[i])
		if _, err := s.Submit(t.Context(), req, application("Người Thử", number)); err != nil {
			t.Fatal(err)
		}
	}
	if s.keys.ids[mine] == s.keys.ids[theirs] {
		t.Fatal("two numbers sent under one key are one person")
	}
}

// TestDossierOutlivesItsProcedure: what came in on the procedure's last day
// can still be dealt with; nothing new comes in.
func TestDossierOutlivesItsProcedure(t *testing.T) {
	s := newShop(t)
	one, other, third := s.submit("1"), s.submit("2"), s.submit("3")
	p, _ := s.Catalogue.fold.Procedure("1.000001", calendar.DateOf(monday))
	p.Procedure.EffectiveTo = calendar.DateOf(monday)
	if _, err := s.Publish(t.Context(), admin, domain.ProcedurePublished{Procedure: p.Procedure}); err != nil {
		t.Fatal(err)
	}
	s.pass(24 * time.Hour)
	s.must(by(officer, "a"), one.Dossier, domain.AcceptDossier{})
	s.must(by(officer, "r"), other.Dossier, domain.Refuse{Reason: "x", LegalBasis: "Điều 1"})
	s.must(by(citizen, "w"), third.Dossier, domain.Withdraw{})
	if _, err := s.Submit(t.Context(), by(citizen, "4"), application("Người Thử", "")); domain.CodeOf(err) != "procedure_not_in_force" {
		t.Fatalf("submitted after the end: %v", err)
	}
}

// TestAgencyPublishedAheadHoldsFromItsDay: next month's version of an agency
// does not close its desk today.
func TestAgencyPublishedAheadHoldsFromItsDay(t *testing.T) {
	s := newShop(t)
	a, _ := s.Catalogue.Agency(deskA)
	a.Name, a.EffectiveFrom = "tên mới", calendar.DateOf(monday.AddDate(0, 1, 0))
	if _, err := s.Publish(t.Context(), admin, domain.AgencyEstablished{Agency: a}); err != nil {
		t.Fatal(err)
	}
	s.submit("1")
}

// TestImportedDossierGoesOnByHand: the source told no person, and still an
// officer's words about the case can be written, and be erased with it.
func TestImportedDossierGoesOnByHand(t *testing.T) {
	s := newShop(t)
	c := oldCase()
	c.Facts = c.Facts[:2]
	done, err := s.ImportCase(t.Context(), Request{}, c)
	if err != nil {
		t.Fatal(err)
	}
	s.must(by(officer, "a"), done.Dossier, domain.AcceptDossier{Note: "đủ"})
	s.must(by(chief, "s"), done.Dossier, domain.Stop{Reason: "hết căn cứ", LegalBasis: "Điều 1"})
	d := s.fold(done.Dossier)
	if d.Status() != domain.StatusStopped || d.Owner.Subject == uuid.Nil {
		t.Fatalf("status %v, owner %v", d.Status(), d.Owner.Subject)
	}
	other := by(officer, "a")
	other.Body = []byte("another body")
	s.refused("key_reused", other, done.Dossier, domain.AcceptDossier{})
	if e, err := s.Erase(t.Context(), admin, d.Owner.Subject, "Điều 1"); err != nil || e.Dossiers != 1 {
		t.Fatalf("erase: %+v, %v", e, err)
	}
	if _, err := s.keys.Key(d.Owner.Subject); !errors.Is(err, codec.ErrErased) {
		t.Fatalf("the key is still there: %v", err)
	}
	again, err := s.ImportCase(t.Context(), Request{}, c)
	if err != nil || again.Appended != 0 || again.AlreadyThere != 3 {
		t.Fatalf("again: %+v, %v", again, err)
	}
}

// TestImportLosesNothingWhenPeopleWorkBetween: an import broken off, work by
// hand on the case, then the rest of the import.
func TestImportLosesNothingWhenPeopleWorkBetween(t *testing.T) {
	s := newShop(t)
	n := 0
	config := s.Config
	config.Log = &failingLog{Log: s.log, fails: func(string) bool { n++; return n > 3 }} // submitted, drawn, numbered
	if _, err := New(config).ImportCase(t.Context(), Request{}, oldCase()); err == nil {
		t.Fatal("the break went unnoticed")
	}
	id := uuid.NewSHA1(importSpace, []byte("test\x00case-1"))
	s.must(by(officer, "hello"), id, domain.Contact{Means: "phone", Text: "xin chào"})
	s.must(by(officer, "a"), id, domain.AcceptDossier{})
	done, err := s.ImportCase(t.Context(), Request{}, oldCase())
	if err != nil || done.AlreadyThere != 2 || done.Appended != 4 {
		t.Fatalf("%+v, %v", done, err)
	}
	want := []string{"dossier.submitted", "dossier.numbered", "dossier.contacted", "dossier.accepted", "dossier.progressed", "dossier.decided", "dossier.delivered", "dossier.progressed"}
	if got := s.types(domain.DossierStream(id)); !slices.Equal(got, want) {
		t.Fatalf("%v", got)
	}
	again, err := s.ImportCase(t.Context(), Request{}, oldCase())
	if err != nil || again.AlreadyThere != 6 || again.Appended != 0 {
		t.Fatalf("again: %+v, %v", again, err)
	}
}

// TestImportOfLongTexts: facts that do not fit one append go in several.
func TestImportOfLongTexts(t *testing.T) {
	s := newShop(t)
	c := oldCase()
	who := domain.SubjectID(uuid.New())
	if _, err := s.keys.Resolve(t.Context(), who); err != nil {
		t.Fatal(err)
	}
	c.Facts = c.Facts[:1]
	for range 300 {
		text := domain.About(who, strings.Repeat("ă", domain.MaxText))
		c.Facts = append(c.Facts, ImportedFact{domain.Progressed{Title: "T", Text: text}, c.Facts[0].At, c.Facts[0].By})
	}
	if done, err := s.ImportCase(t.Context(), Request{}, c); err != nil || done.Appended != 302 {
		t.Fatalf("%+v, %v", done, err)
	}
}

func TestImportOfNothingIsRefused(t *testing.T) {
	s := newShop(t)
	if _, err := s.ImportCase(t.Context(), Request{}, Case{Source: "test", ID: "empty"}); err == nil {
		t.Fatal("a case without facts was imported")
	}
}

// TestNothingToDoIsDecidedOnWhatIsThere: what looks done in memory may have
// been undone by another instance.
func TestNothingToDoIsDecidedOnWhatIsThere(t *testing.T) {
	a := newShop(t)
	b := openShop(t, a.log, a.keys)
	r := a.submit("1")
	a.must(by(officer, "a"), r.Dossier, domain.AcceptDossier{})
	a.must(by(officer, "r"), r.Dossier, domain.Route{Agency: decider})
	b.must(by(chief, "back"), r.Dossier, domain.Route{Agency: deskB})
	a.must(by(officer, "r2"), r.Dossier, domain.Route{Agency: decider})
	if at := a.fold(r.Dossier).Current; at != decider {
		t.Fatalf("the dossier is at %s", at)
	}
}

// TestAgenciesNamedMustExist: a dossier is never sent where nobody is.
func TestAgenciesNamedMustExist(t *testing.T) {
	s := newShop(t)
	lost := application("Người Thử", "")
	lost.Receiving.Place = "Nhà ông A"
	if _, err := s.Submit(t.Context(), by(citizen, "lost"), lost); domain.CodeOf(err) != "unknown_agency" {
		t.Fatalf("submit: %v", err)
	}
	r := s.submit("1")
	s.must(by(officer, "a"), r.Dossier, domain.AcceptDossier{})
	s.refused("unknown_agency", by(officer, "r"), r.Dossier, domain.Route{Agency: "H99.77"})
	s.must(by(chief, "d0"), r.Dossier, domain.DecideDossier{Outcome: domain.Granted})
	s.refused("unknown_agency", by(officer, "rr"), r.Dossier, domain.ReceiveResult{Place: "H99.77"})
}

// TestApplicantsSubmitOnline: saying that one's papers came over the counter
// would spare one the comparison with the originals.
func TestApplicantsSubmitOnline(t *testing.T) {
	s := newShop(t)
	for i, channel := range []domain.Channel{domain.Direct, " direct ", domain.Post} {
		c := application("Người Thử", "")
		c.Channel = channel
		if _, err := s.Submit(t.Context(), by(citizen, fmt.Sprint(i)), c); domain.CodeOf(err) != "field_invalid" {
			t.Errorf("%q by an applicant: %v", channel, err)
		}
		if _, err := s.Submit(t.Context(), by(officer, fmt.Sprint(i)), c); err != nil {
			t.Errorf("%q by an officer: %v", channel, err)
		}
	}
}

// TestForbiddenTellsNoRevision: who may not act learns nothing by If-Match.
func TestForbiddenTellsNoRevision(t *testing.T) {
	s := newShop(t)
	r := s.submit("1")
	req := by(domain.Actor{Role: domain.Applicant, ID: "stranger"}, "x")
	req.IfMatch = ptr(uint64(7))
	s.refused("forbidden", req, r.Dossier, domain.Withdraw{})
}

// TestSchedulerPassesByWhatItCannotRead: one broken dossier holds up no other.
func TestSchedulerPassesByWhatItCannotRead(t *testing.T) {
	s := newShop(t)
	r := s.submit("1")
	s.must(by(officer, "back"), r.Dossier, domain.ReturnForSupplement{Missing: []string{"Tờ khai"}})
	broken := uuid.New()
	bad := eventlog.Proposed{ID: uuid.New(), Type: "dossier.submitted", Data: []byte(`{}`), Meta: []byte(`{}`)}
	if _, err := s.log.Append(t.Context(), domain.DossierStream(broken), eventlog.NoStream, []eventlog.Proposed{bad}); err != nil {
		t.Fatal(err)
	}
	s.pass(12 * 24 * time.Hour)
	sched := Scheduler{Handler: s.Handler, Lapsed: func(context.Context, time.Time, int) ([]uuid.UUID, error) {
		return []uuid.UUID{broken, r.Dossier}, nil
	}}
	if n, err := sched.Once(t.Context()); n != 1 || err == nil {
		t.Fatalf("%d lapsed, %v; want 1, and the broken one told", n, err)
	}
}

// TestErasureThatFailedDoesNotBarTheNextStart: the key could not be destroyed,
// and the person submitted again before the restart.
func TestErasureThatFailedDoesNotBarTheNextStart(t *testing.T) {
	const id = "001200012345"
	s := newShop(t)
	first, err := s.Submit(t.Context(), by(citizen, "1"), application("Người Thử", id))
	if err != nil {
		t.Fatal(err)
	}
	s.must(by(citizen, "w"), first.Dossier, domain.Withdraw{})
	subject := s.fold(first.Dossier).Owner.Subject
	config := s.Config
	config.Keys = stuckKeys{s.keys}
	if _, err := New(config).Erase(t.Context(), admin, subject, "Điều 1"); err == nil {
		t.Fatal("the power cut went unnoticed")
	}
	second, err := s.Submit(t.Context(), by(citizen, "2"), application("Người Thử", id))
	if err != nil {
		t.Fatal(err)
	}
	if err := openShop(t, s.log, s.keys).FinishErasures(t.Context()); err != nil {
		t.Fatalf("start-up: %v", err)
	}
	s.must(by(citizen, "w2"), second.Dossier, domain.Withdraw{Reason: "thôi"})
	if err := openShop(t, s.log, s.keys).FinishErasures(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.keys.Key(subject); !errors.Is(err, codec.ErrErased) {
		t.Fatalf("the key is still there: %v", err)
	}
}

func TestNobodyCannotBeErased(t *testing.T) {
	s := newShop(t)
	if _, err := s.Erase(t.Context(), admin, uuid.Nil, "Điều 1"); err == nil {
		t.Fatal("nobody was erased")
	}
}

// TestMoneyGoesBackAfterErasure: reasons about an erased owner stay empty.
func TestMoneyGoesBackAfterErasure(t *testing.T) {
	s := newShop(t)
	r := s.submit("1")
	s.must(by(officer, "q"), r.Dossier, domain.RequestPayment{Obligation: "LP", Kind: "fee", Amount: 10, DuePoint: domain.DueAtReceipt})
	s.must(by(citizen, "p"), r.Dossier, domain.Pay{Obligation: "LP", Amount: 10, Transaction: "t1"})
	s.must(by(citizen, "w"), r.Dossier, domain.Withdraw{})
	if _, err := s.Erase(t.Context(), admin, s.fold(r.Dossier).Owner.Subject, "Điều 1"); err != nil {
		t.Fatal(err)
	}
	till := domain.Actor{Role: domain.Cashier, Agency: deskA, ID: "till"}
	s.must(by(till, "back"), r.Dossier, domain.RefundPayment{Obligation: "LP", Amount: 10, Transaction: "r1"})
}

// TestFarDatesAreRefused: a slip in the year must not end in a lost due date.
func TestFarDatesAreRefused(t *testing.T) {
	s := newShop(t)
	r := s.submit("1")
	s.must(by(officer, "a"), r.Dossier, domain.AcceptDossier{})
	for i, year := range []int{2206, 9999} {
		due := time.Date(year, 12, 31, 23, 59, 59, 0, time.FixedZone("", -12*3600))
		s.refused("field_invalid", by(chief, fmt.Sprint("x", i)), r.Dossier, domain.ExtendDueDate{DueAt: due, Reason: "x"})
		s.refused("field_invalid", by(officer, fmt.Sprint("c", i)), r.Dossier, domain.RequestCorrection{Field: domain.CorrectDueAt, Time: &due, Reason: "x"})
	}
}

// TestLongDossierLoadsInTime: ten thousand contacts are a nuisance, no outage.
func TestLongDossierLoadsInTime(t *testing.T) {
	s := newShop(t)
	r := s.submit("1")
	for i := range 10_000 {
		s.must(by(citizen, fmt.Sprint("c", i)), r.Dossier, domain.Contact{Means: "phone", Text: "xin hỏi"})
	}
	start := time.Now()
	l, err := New(s.Config).load(t.Context(), r.Dossier, false)
	t.Logf("loaded %d events in %v", l.tip.Revision+1, time.Since(start))
	if took := time.Since(start); err != nil || l.tip.Revision != 10_001 || took > time.Second {
		t.Fatalf("revision %d after %v, %v", l.tip.Revision, took, err)
	}
	if d, ok := l.find(CommandID(citizen, "c0")); !ok || d.revision != 2 {
		t.Fatalf("the first contact is not found: %+v", d)
	}
}

// TestCallersWhoLeaveMakeNoGap: callers go away while numbers are drawn by two
// instances on a log that loses half its answers. What they left unfinished is
// finished by the reaction, and the day's numbers have no gap and no double.
func TestCallersWhoLeaveMakeNoGap(t *testing.T) {
	base := newShop(t)
	a, b := openShop(t, &ambiguousLog{Log: base.log}, base.keys), openShop(t, base.log, base.keys)
	var left atomic.Int32
	atOnce(t, 120, func(i int) (Receipt, error) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%12)*time.Millisecond)
		defer cancel()
		r, err := []*shop{a, b}[i%2].Submit(ctx, by(citizen, fmt.Sprint(i)), application("Người Thử", ""))
		if err != nil {
			left.Add(1)
		}
		return r, nil
	})
	if left.Load() == 0 {
		t.Skip("nobody left in time")
	}
	c := openShop(t, base.log, base.keys)
	numbers := map[int]bool{}
	dossiers := 0
	for i := range 120 {
		id := uuid.NewSHA1(CommandID(citizen, fmt.Sprint(i)), []byte("dossier"))
		r, err := c.Number(t.Context(), id)
		if errors.Is(err, ErrNotFound) {
			continue // left before the submission was written
		}
		if err != nil {
			t.Fatal(err)
		}
		code, _ := domain.ParseCode(r.Code)
		numbers[code.Number] = true
		dossiers++
	}
	drawn := len(c.types(domain.CounterStream(deskA, "260302")))
	if drawn != dossiers || len(numbers) != dossiers || numbers[0] || dossiers > 0 && !numbers[dossiers] {
		t.Fatalf("%d dossiers, %d numbers drawn, %d different", dossiers, drawn, len(numbers))
	}
}

// TestErasureAmongWriters: while people are erased others submit and withdraw;
// no event is ever left that cannot be folded, no erased value comes back.
func TestErasureAmongWriters(t *testing.T) {
	s := newShop(t)
	var subjects sync.Map
	atOnce(t, 60, func(i int) (Receipt, error) {
		number := fmt.Sprintf("0012000123%02d", i%6)
		r, err := s.Submit(t.Context(), by(citizen, fmt.Sprint(i)), application("Người Thử", number))
		if err != nil {
			return r, err
		}
		if r, err = s.Do(t.Context(), by(citizen, fmt.Sprint("w", i)), r.Dossier, domain.Withdraw{Reason: "thôi"}); err != nil {
			return r, err
		}
		subject := s.fold(r.Dossier).Owner.Subject
		_, err = s.Erase(t.Context(), admin, subject, "Điều 1")
		switch {
		case err == nil:
			subjects.Store(subject, true)
		case !errors.Is(err, domain.ErrStillOpen):
			return r, err
		}
		return r, nil
	})
	for i := range 60 {
		id := uuid.NewSHA1(CommandID(citizen, fmt.Sprint(i)), []byte("dossier"))
		d := s.fold(id)
		if _, erased := subjects.Load(d.Owner.Subject); erased && (d.Owner.Name.Text != "" || !d.Erased) {
			t.Errorf("dossier %d of an erased person: marked %v, name kept %v", i, d.Erased, d.Owner.Name.Text != "")
		}
		if l, ok := s.hot.Peek(id); ok && d.Erased && l.dossier.Owner.Name.Text != "" {
			t.Errorf("dossier %d: memory holds an erased name", i)
		}
	}
}
