package commands

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/eventlog"
)

func TestSubmitDrawsTheCodeOfItsDay(t *testing.T) {
	s := newShop(t)
	first, second := s.submit("1"), s.submit("2")
	if first.Code != "H99.01-260302-0001" || second.Code != "H99.01-260302-0002" {
		t.Fatalf("codes %q, %q", first.Code, second.Code)
	}
	s.pass(16 * time.Hour) // past midnight in Viet Nam
	if r := s.submit("3"); r.Code != "H99.01-260303-0001" {
		t.Fatalf("next day's code %q", r.Code)
	}
	want := []string{"dossier.submitted", "dossier.numbered"}
	if got := s.types(domain.DossierStream(first.Dossier)); !slices.Equal(got, want) {
		t.Fatalf("stream holds %v", got)
	}
}

func TestSameCommandHundredTimesAtOnceHasOneEffect(t *testing.T) {
	s := newShop(t)
	receipts := atOnce(t, 100, func(int) (Receipt, error) {
		return s.Submit(t.Context(), by(citizen, "same"), application("Người Thử", ""))
	})
	firsts := 0
	for _, r := range receipts {
		if r.Dossier != receipts[0].Dossier || r.Code != receipts[0].Code || r.Revision != 1 || r.Position != receipts[0].Position {
			t.Fatalf("receipts differ: %+v and %+v", r, receipts[0])
		}
		if !r.Replayed {
			firsts++
		}
	}
	if firsts != 1 {
		t.Errorf("%d callers were told theirs was the first", firsts)
	}
	if got := s.types(domain.CounterStream(deskA, "260302")); len(got) != 1 {
		t.Fatalf("%d numbers drawn", len(got))
	}
	accepted := atOnce(t, 100, func(int) (Receipt, error) {
		return s.Do(t.Context(), by(officer, "accept"), receipts[0].Dossier, domain.AcceptDossier{})
	})
	for _, r := range accepted {
		if r.Revision != 2 || r.Position != accepted[0].Position {
			t.Fatalf("receipts differ: %+v and %+v", r, accepted[0])
		}
	}
	if got := s.types(domain.DossierStream(receipts[0].Dossier)); len(got) != 3 {
		t.Fatalf("stream holds %v", got)
	}
}

// TestCodesHaveNoGapAndNoDouble lets two instances draw from one log at once.
func TestCodesHaveNoGapAndNoDouble(t *testing.T) {
	a := newShop(t)
	b := openShop(t, a.log, a.keys)
	receipts := atOnce(t, 300, func(i int) (Receipt, error) {
		instance := []*shop{a, b}[i%2]
		return instance.Submit(t.Context(), by(citizen, fmt.Sprint(i)), application("Người Thử", ""))
	})
	var codes []string
	for _, r := range receipts {
		codes = append(codes, r.Code)
	}
	slices.Sort(codes)
	for i, code := range codes {
		if want := fmt.Sprintf("H99.01-260302-%04d", i+1); code != want {
			t.Fatalf("code %d is %s, want %s", i, code, want)
		}
	}
}

func TestConflictIsDecidedAgainOnWhatIsThere(t *testing.T) {
	a := newShop(t)
	b := openShop(t, a.log, a.keys)
	r := a.submit("1")
	b.must(by(officer, "accept"), r.Dossier, domain.AcceptDossier{})
	// a still has the dossier at hand as it was before: it must see the acceptance.
	a.refused("already_accepted", by(officer, "accept again"), r.Dossier, domain.AcceptDossier{})
	if got := a.must(by(officer, "route"), r.Dossier, domain.Route{Agency: decider}); got.Revision != 3 {
		t.Fatalf("routed at revision %d", got.Revision)
	}
}

func TestIfMatch(t *testing.T) {
	s := newShop(t)
	r := s.submit("1")
	stale := by(officer, "stale")
	stale.IfMatch = ptr(uint64(0))
	s.refused("revision_mismatch", stale, r.Dossier, domain.AcceptDossier{})
	fits := by(officer, "fits")
	fits.IfMatch = ptr(uint64(1))
	s.must(fits, r.Dossier, domain.AcceptDossier{})
}

// TestIfMatchIsNotRetried: what another instance wrote is a mismatch, not a retry.
func TestIfMatchIsNotRetried(t *testing.T) {
	a := newShop(t)
	b := openShop(t, a.log, a.keys)
	r := a.submit("1")
	b.must(by(citizen, "hello"), r.Dossier, domain.Contact{Means: "phone", Text: "xin hỏi"})
	req := by(officer, "accept")
	req.IfMatch = ptr(uint64(1))
	a.refused("revision_mismatch", req, r.Dossier, domain.AcceptDossier{})
}

func TestKeyReusedWithAnotherBody(t *testing.T) {
	s := newShop(t)
	r := s.submit("1")
	s.must(by(officer, "k"), r.Dossier, domain.AcceptDossier{})
	other := by(officer, "k")
	other.Body = []byte("another body")
	s.refused("key_reused", other, r.Dossier, domain.AcceptDossier{})
	again := by(citizen, "1")
	again.Body = []byte("another body")
	if _, err := s.Submit(t.Context(), again, application("Người Thử", "")); !errors.Is(err, ErrKeyReused) {
		t.Fatalf("submit: %v", err)
	}
	// Another person's "k" is another command.
	s.must(by(citizen, "k"), r.Dossier, domain.Contact{Means: "phone", Text: "xin hỏi"})
}

// TestOnlyAnOfficerLinksTwoNumbers: whoever sends another's number beside
// their own does not become that person.
func TestOnlyAnOfficerLinksTwoNumbers(t *testing.T) {
	const cccd, cmnd = "001200012345", "012345678"
	for _, c := range []struct {
		who  domain.Actor
		same bool
	}{{citizen, false}, {officer, true}} {
		s := newShop(t)
		both := application("Người Thử", cccd)
		both.Submitter.OtherID = cmnd
		if c.who.Role == domain.IntakeOfficer {
			both.Channel = domain.Direct
		}
		first, err := s.Submit(t.Context(), by(c.who, "1"), both)
		if err != nil {
			t.Fatal(err)
		}
		second, err := s.Submit(t.Context(), by(officer, "2"), application("Người Khác", cmnd))
		if err != nil {
			t.Fatal(err)
		}
		same := s.fold(first.Dossier).Owner.Subject == s.fold(second.Dossier).Owner.Subject
		if same != c.same {
			t.Errorf("as %s: one person: %v, want %v", c.who.Role, same, c.same)
		}
	}
}

func TestUnknownDossier(t *testing.T) {
	s := newShop(t)
	s.refused("not_found", by(officer, "1"), uuid.New(), domain.AcceptDossier{})
}

// failingLog loses its connection for appends to some streams.
type failingLog struct {
	eventlog.Log
	fails func(stream string) bool
}

func (l *failingLog) Append(ctx context.Context, stream string, at eventlog.Expected, events []eventlog.Proposed) (eventlog.Appended, error) {
	if l.fails(stream) {
		return eventlog.Appended{}, eventlog.ErrStopped
	}
	return l.Log.Append(ctx, stream, at, events)
}

// TestCrashBetweenSubmissionAndCode stops at each of the two appends that
// follow a submission, and finishes after a restart.
func TestCrashBetweenSubmissionAndCode(t *testing.T) {
	for name, fails := range map[string]func(appends int, stream string) bool{
		"before the draw":   func(_ int, stream string) bool { return stream == domain.CounterStream(deskA, "260302") },
		"before the record": func(n int, _ string) bool { return n == 3 },
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			appends := 0
			broken := &failingLog{Log: s.log, fails: func(stream string) bool { appends++; return fails(appends, stream) }}
			config := s.Config
			config.Log = broken
			d := New(config)
			if _, err := d.Submit(t.Context(), by(citizen, "1"), application("Người Thử", "")); !errors.Is(err, eventlog.ErrStopped) {
				t.Fatalf("submit: %v", err)
			}
			reborn := openShop(t, s.log, s.keys)
			dossier := uuid.NewSHA1(CommandID(citizen, "1"), []byte("dossier"))
			r, err := reborn.Number(t.Context(), dossier)
			if err != nil || r.Code != "H99.01-260302-0001" {
				t.Fatalf("finished with %+v, %v", r, err)
			}
			retried, err := reborn.Submit(t.Context(), by(citizen, "1"), application("Người Thử", ""))
			if err != nil || !retried.Replayed || retried.Code != r.Code || retried.Revision != r.Revision {
				t.Fatalf("the retry answers %+v, %v", retried, err)
			}
			if next := reborn.submit("2"); next.Code != "H99.01-260302-0002" {
				t.Fatalf("next code %s", next.Code)
			}
		})
	}
}

// ambiguousLog writes, and then says it does not know: every second time.
type ambiguousLog struct {
	eventlog.Log
	mu sync.Mutex
	n  int
}

func (l *ambiguousLog) Append(ctx context.Context, stream string, at eventlog.Expected, events []eventlog.Proposed) (eventlog.Appended, error) {
	l.mu.Lock()
	l.n++
	odd := l.n%2 == 1
	l.mu.Unlock()
	done, err := l.Log.Append(ctx, stream, at, events)
	if odd && err == nil {
		return eventlog.Appended{}, eventlog.ErrAmbiguous
	}
	return done, err
}

// TestAmbiguousAnswersAreRetriedWithTheSameBytes: every event is there once and
// the chain holds, although half of the answers were lost.
func TestAmbiguousAnswersAreRetriedWithTheSameBytes(t *testing.T) {
	base := newShop(t)
	s := openShop(t, &ambiguousLog{Log: base.log}, base.keys)
	r := s.submit("1")
	s.must(by(officer, "accept"), r.Dossier, domain.AcceptDossier{})
	reader := openShop(t, base.log, base.keys) // folds from the log, checking the chain
	got := reader.must(by(officer, "route"), r.Dossier, domain.Route{Agency: decider})
	if got.Revision != 3 {
		t.Fatalf("revision %d: %v", got.Revision, s.types(domain.DossierStream(r.Dossier)))
	}
}

// atOnce runs n calls together and gives their receipts.
func atOnce(t *testing.T, n int, call func(i int) (Receipt, error)) []Receipt {
	t.Helper()
	out := make([]Receipt, n)
	errs := make([]error, n)
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Add(1)
		go func() {
			defer wg.Done()
			<-start
			out[i], errs[i] = call(i)
		}()
	}
	close(start)
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	return out
}
