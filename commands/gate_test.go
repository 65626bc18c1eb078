package commands

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
	"hoso/domain/eventlog/memory"
)

// slowLog lets a test act before an append, and answer in its place.
type slowLog struct {
	eventlog.Log
	mu     sync.Mutex
	before func(stream string) error
}

func (l *slowLog) on(before func(stream string) error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.before = before
}

func (l *slowLog) Append(ctx context.Context, stream string, at eventlog.Expected, events []eventlog.Proposed) (eventlog.Appended, error) {
	l.mu.Lock()
	before := l.before
	l.mu.Unlock()
	if before != nil {
		if err := before(stream); err != nil {
			return eventlog.Appended{}, err
		}
	}
	return l.Log.Append(ctx, stream, at, events)
}

func slowShop(t *testing.T) (*shop, *slowLog) {
	log := &slowLog{Log: memory.New()}
	t.Cleanup(func() { log.Close() })
	return openShop(t, log, newTestKeys()), log
}

// hangs sends a submission, which then hangs in the log, on its way there, until released.
func (s *shop) hangs(log *slowLog) (submitted chan error, release chan struct{}) {
	reached, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	log.on(func(string) error { once.Do(func() { close(reached); <-release }); return nil })
	submitted = make(chan error, 1)
	go func() {
		_, err := s.Submit(s.t.Context(), by(citizen, "2"), application("Người Thử", number))
		submitted <- err
	}()
	<-reached
	return submitted, release
}

// withdrawn is a person whose only dossier has ended, and it.
func (s *shop) withdrawn(key, number string) (domain.SubjectID, uuid.UUID) {
	s.t.Helper()
	r, err := s.Submit(s.t.Context(), by(citizen, key), application("Người Thử", number))
	if err != nil {
		s.t.Fatal(err)
	}
	s.must(by(citizen, key+"w"), r.Dossier, domain.Withdraw{Reason: "không cần nữa"})
	return s.fold(r.Dossier).Owner.Subject, r.Dossier
}

const number = "001200012345"

// Who comes while a person is being erased is refused, and has lost nothing;
// what concerns others goes on.
func TestCommandsWhileAPersonIsErased(t *testing.T) {
	s := newShop(t)
	subject, dossier := s.withdrawn("1", number)
	again := func() (Receipt, error) {
		return s.Submit(t.Context(), by(citizen, "again"), application("Người Thử", number))
	}
	s.keys.atBarred = func() {
		if r, err := again(); !errors.Is(err, domain.ErrBeingErased) {
			t.Errorf("a submission: %+v, %v", r, err)
		}
		if n := len(s.types(domain.DossierStream(uuid.NewSHA1(by(citizen, "again").ID, []byte("dossier"))))); n != 0 {
			t.Errorf("refused, and %d events were written", n)
		}
		s.refused("being_erased", by(citizen, "c"), dossier, domain.Rate{Score: 5, Comment: "tốt"})
		if _, err := s.Submit(t.Context(), by(citizen, "other"), application("Người Khác", "001200099999")); err != nil {
			t.Error("somebody else has to wait:", err)
		}
		if _, err := s.Erase(t.Context(), admin, subject, "Điều 1"); !errors.Is(err, domain.ErrBeingErased) {
			t.Error("a second erasure at the same time:", err)
		}
	}
	if _, err := s.Erase(t.Context(), admin, subject, "Điều 1"); err != nil {
		t.Fatal(err)
	}
	s.keys.atBarred = nil
	r, err := again()
	if err != nil {
		t.Fatal("sent again after the erasure:", err)
	}
	if d := s.fold(r.Dossier); d.Owner.Subject == subject || d.Owner.Name.Text != "Người Thử" {
		t.Errorf("it belongs to %v, name kept: %v", d.Owner.Subject, d.Owner.Name.Text != "")
	}
}

// A submission on its way is waited for, and then stands in the erasure's way.
func TestErasureWaitsForWhatIsBeingWritten(t *testing.T) {
	s, log := slowShop(t)
	subject, _ := s.withdrawn("1", number)
	submitted, release := s.hangs(log)
	erased := make(chan error, 1)
	go func() { _, err := s.Erase(t.Context(), admin, subject, "Điều 1"); erased <- err }()
	select {
	case err := <-erased:
		t.Fatal("the erasure did not wait:", err)
	case <-time.After(50 * time.Millisecond):
	}
	close(release)
	if err := <-submitted; err != nil {
		t.Error("the submission that was under way:", err)
	}
	if err := <-erased; !errors.Is(err, domain.ErrStillOpen) {
		t.Error("the erasure:", err)
	}
	if s.keys.Barred(subject) {
		t.Error("refused, and the person stays barred")
	}
	if d := s.fold(uuid.NewSHA1(by(citizen, "2").ID, []byte("dossier"))); d.Owner.Name.Text == "" || d.Code == "" {
		t.Error("the acknowledged submission cannot be read, or has no code")
	}
}

// A caller who does not wait for a command that hangs leaves no bar behind.
func TestAnErasureThatIsGivenUpBarsNobody(t *testing.T) {
	s, log := slowShop(t)
	subject, _ := s.withdrawn("1", number)
	submitted, release := s.hangs(log)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := s.Erase(ctx, admin, subject, "Điều 1"); !errors.Is(err, context.DeadlineExceeded) {
		t.Error("erase:", err)
	}
	close(release)
	if err := <-submitted; err != nil || s.keys.Barred(subject) {
		t.Error("submission:", err, "barred:", s.keys.Barred(subject))
	}
}

// Resolved before the erasure, sealed after it: the person is another by now.
func TestASubmissionThatAnErasureOvertookIsDoneAnew(t *testing.T) {
	s := newShop(t)
	subject, _ := s.withdrawn("1", number)
	config := s.Config
	config.Keys = &overtaken{testKeys: s.keys, then: func() {
		if _, err := s.Erase(t.Context(), admin, subject, "Điều 1"); err != nil {
			t.Error(err)
		}
	}}
	h := New(config)
	req := by(citizen, "2")
	req.Body = nil // so that nothing but the gate asks for the key
	if _, err := h.Submit(t.Context(), req, application("Người Thử", number)); !errors.Is(err, domain.ErrBeingErased) {
		t.Fatal("submitted for somebody erased:", err)
	}
	r, err := h.Submit(t.Context(), req, application("Người Thử", number))
	if err != nil {
		t.Fatal(err)
	}
	if d := s.fold(r.Dossier); d.Owner.Subject == subject || d.Owner.Name.Text == "" {
		t.Error("it belongs to who was erased, or cannot be read")
	}
}

// overtaken resolves, and then something happens, once.
type overtaken struct {
	*testKeys
	then func()
}

func (k *overtaken) Resolve(ctx context.Context, candidate domain.SubjectID, ids ...string) (domain.SubjectID, error) {
	subject, err := k.testKeys.Resolve(ctx, candidate, ids...)
	if k.then != nil {
		k.then()
		k.then = nil
	}
	return subject, err
}

// While it is not known who is being erased nothing is written about anybody.
func TestNothingIsWrittenWhileBarsAreUnknown(t *testing.T) {
	s, log := slowShop(t)
	_, dossier := s.withdrawn("1", number)
	s.unsure(true)
	if _, err := s.Do(t.Context(), by(citizen, "r"), dossier, domain.Rate{Score: 5}); !errors.Is(err, eventlog.ErrUnavailable) {
		t.Error("a command:", err)
	}
	if _, err := s.Submit(t.Context(), by(citizen, "2"), application("Người Thử", "")); !errors.Is(err, eventlog.ErrUnavailable) {
		t.Error("a submission:", err)
	}
	s.unsure(false)
	// An append whose answer was lost is not sent again by then.
	attempts := 0
	log.on(func(string) error {
		attempts++
		s.unsure(true)
		return eventlog.ErrAmbiguous
	})
	_, err := s.Do(t.Context(), by(citizen, "r"), dossier, domain.Rate{Score: 5})
	if !errors.Is(err, eventlog.ErrAmbiguous) || errors.Is(err, eventlog.ErrUnavailable) || attempts != 1 {
		t.Errorf("it may be written; after %d attempts: %v", attempts, err)
	}
}

func (s *shop) unsure(is bool) {
	s.keys.mu.Lock()
	defer s.keys.mu.Unlock()
	s.keys.unsure = is
}

// A command that hung through a whole erasure, which went on without waiting
// for it, sends nothing any more, though its instance is well again.
func TestACommandThatOutlivedAnErasureGivesUp(t *testing.T) {
	s, log := slowShop(t)
	subject, dossier := s.withdrawn("1", number)
	attempts := 0
	log.on(func(string) error {
		if attempts++; attempts == 1 {
			// By another instance, whose key store did not wait for this one.
			if err := s.keys.Destroy(t.Context(), subject); err != nil {
				t.Error(err)
			}
			return eventlog.ErrAmbiguous
		}
		return nil
	})
	_, err := s.Do(t.Context(), by(citizen, "r"), dossier, domain.Rate{Score: 5, Comment: "tốt"})
	if !errors.Is(err, eventlog.ErrAmbiguous) || domain.CodeOf(err) != "" || attempts != 1 {
		t.Errorf("it may be written; after %d attempts: %v", attempts, err)
	}
}

// Whoever read a person's values before the erasure does not put them back
// into memory after it: neither here nor in another instance.
func TestMemoryKeepsNothingOfTheErased(t *testing.T) {
	s, log := slowShop(t)
	other := openShop(t, log, s.keys)
	subject, dossier := s.withdrawn("1", number)
	if _, err := other.load(t.Context(), dossier, true); err != nil {
		t.Fatal(err)
	}
	var late []*loaded
	for _, h := range []*shop{s, other} {
		l, ok := h.hot.Get(dossier)
		if !ok || l.dossier.Owner.Name.Text == "" {
			t.Fatal("this test has nothing to forget")
		}
		late = append(late, l)
	}
	if _, err := other.Erase(t.Context(), admin, subject, "Điều 1"); err != nil {
		t.Fatal(err)
	}
	for i, h := range []*shop{s, other} {
		h.holdsNothingOf(subject)
		h.remember(late[i]) // a reader that was slow
		h.holdsNothingOf(subject)
	}
	till := domain.Actor{Role: domain.Administrator, ID: "x"}
	if _, err := s.Do(t.Context(), by(till, "y"), dossier, domain.Rate{Score: 5}); err == nil {
		t.Error("this was to be refused")
	}
	s.holdsNothingOf(subject)
}

// holdsNothingOf looks at what is at hand.
func (s *shop) holdsNothingOf(subject domain.SubjectID) {
	s.t.Helper()
	for _, l := range s.hot.Values() {
		for _, p := range []domain.Person{l.dossier.Owner, l.dossier.Submitter} {
			if p.Subject == subject && (p.Name.Text != "" || p.IDNumber.Text != "" || p.Phone.Text != "") {
				s.t.Errorf("memory holds an erased person's values, of dossier %s", l.dossier.ID)
			}
		}
	}
}

// What instances were erasing when they died is finished where it is recorded,
// and else forgotten; the scheduler sees to it as well as the next start.
func TestTheErasuresOfTheDead(t *testing.T) {
	s := newShop(t)
	recorded, first := s.withdrawn("1", number)
	only, second := s.withdrawn("2", "001200054321")
	if err := s.recordErasureOf(recorded); err != nil {
		t.Fatal(err)
	}
	s.keys.orphan(recorded, only)
	if err := s.TakeOver(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(s.keys.bars) != 0 {
		t.Error("bars left:", len(s.keys.bars))
	}
	if _, err := s.keys.Key(recorded); !errors.Is(err, codec.ErrErased) || !s.fold(first).Erased {
		t.Error("a recorded erasure was not finished:", err)
	}
	if _, err := s.keys.Key(only); err != nil || s.fold(second).Erased {
		t.Error("who was barred only was erased:", err)
	}
	if err := s.TakeOver(t.Context()); err != nil {
		t.Error(err)
	}
}

// recordErasureOf does what a crash leaves behind an erasure that was recorded.
func (s *shop) recordErasureOf(subject domain.SubjectID) error {
	if err := s.keys.Bar(s.t.Context(), subject); err != nil {
		return err
	}
	return s.recordErasure(s.t.Context(), admin, subject, "Điều 1")
}
