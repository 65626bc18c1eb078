package commands

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
)

// unaware are the keys of an instance that no bar reaches: what it has sent to
// the log arrives when it pleases.
type unaware struct{ *testKeys }

func (unaware) Watch(func(context.Context, domain.SubjectID) error, func(domain.SubjectID)) {}
func (unaware) Barred(domain.SubjectID) bool                                                { return false }

// arrives lets a submission of the person's arrive, whoever is barred.
func (s *shop) arrives(key string) uuid.UUID {
	s.t.Helper()
	config := s.Config
	config.Keys = unaware{s.keys}
	r, err := New(config).Submit(s.t.Context(), by(citizen, key), application("Người Thử", number))
	if err != nil {
		s.t.Fatal(err)
	}
	return r.Dossier
}

// What arrives behind the bar is seen before the key goes: the erasure stops.
func TestAnAppendBehindTheBarKeepsTheKey(t *testing.T) {
	s, log := slowShop(t)
	subject, _ := s.withdrawn("1", number)
	var late uuid.UUID
	log.on(func(stream string) error {
		if strings.HasPrefix(stream, "subject-") && late == uuid.Nil {
			late = uuid.Max
			late = s.arrives("2")
		}
		return nil
	})
	if _, err := s.Erase(t.Context(), admin, subject, "Điều 1"); !errors.Is(err, domain.ErrStillOpen) {
		t.Error("erased while a dossier is open:", err)
	}
	if d := s.fold(late); d.Owner.Name.Text != "Người Thử" || !d.Open() || d.Erased || s.keys.Barred(subject) {
		t.Errorf("the late dossier: name %q, open %v, marked %v, still barred %v", d.Owner.Name.Text, d.Open(), d.Erased, s.keys.Barred(subject))
	}
	// Ended, it does not stand in the way any more, and is marked with the others.
	s.must(by(citizen, "w2"), late, domain.Withdraw{Reason: "thôi"})
	if done, err := s.Erase(t.Context(), admin, subject, "Điều 1"); err != nil || done.Dossiers != 2 || !s.fold(late).Erased {
		t.Errorf("erased again: %+v, %v", done, err)
	}
}

// lateKeys let something happen right before a key is destroyed.
type lateKeys struct {
	*testKeys
	before func()
	times  int
}

func (k *lateKeys) Destroy(ctx context.Context, subject domain.SubjectID) error {
	k.times++
	if k.before != nil {
		k.before()
	}
	return k.testKeys.Destroy(ctx, subject)
}

// What arrives later still, when a view can read it, is marked when the key is gone.
func TestAnAppendBeforeTheKeyGoesIsMarked(t *testing.T) {
	s := newShop(t)
	subject, _ := s.withdrawn("1", number)
	var late uuid.UUID
	config := s.Config
	config.Keys = &lateKeys{testKeys: s.keys, before: func() { late = s.arrives("2") }}
	done, err := New(config).Erase(t.Context(), admin, subject, "Điều 1")
	if err != nil || done.Dossiers != 2 {
		t.Fatalf("%+v, %v", done, err)
	}
	d := s.fold(late)
	if types := s.types(domain.DossierStream(late)); !d.Erased || d.Owner.Name.Text != "" || types[len(types)-1] != "dossier.redacted" {
		t.Errorf("marked %v, name kept %v, events %v", d.Erased, d.Owner.Name.Text != "", types)
	}
}

// An erasure that was ended is not done again by who takes its bar over.
func TestTakeOverDoesNotRepeatWhatHasEnded(t *testing.T) {
	s := newShop(t)
	subject, dossier := s.withdrawn("1", number)
	if _, err := s.Erase(t.Context(), admin, subject, "Điều 1"); err != nil {
		t.Fatal(err)
	}
	keys := &lateKeys{testKeys: s.keys}
	config := s.Config
	config.Keys = keys
	s.keys.bars = map[domain.SubjectID]bool{subject: true}
	before := len(s.types(domain.DossierStream(dossier)))
	if err := New(config).TakeOver(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after := len(s.types(domain.DossierStream(dossier))); keys.times != 0 || after != before || s.keys.Barred(subject) {
		t.Errorf("destroyed %d times, %d events more, still barred %v", keys.times, after-before, s.keys.Barred(subject))
	}
}

// A panic leaves no bar behind.
func TestAPanicDuringAnErasureBarsNobody(t *testing.T) {
	s := newShop(t)
	subject, _ := s.withdrawn("1", number)
	config := s.Config
	config.Keys = &lateKeys{testKeys: s.keys, before: func() { panic("a bug") }}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("this was to panic")
			}
		}()
		_, _ = New(config).Erase(t.Context(), admin, subject, "Điều 1")
	}()
	if s.keys.Barred(subject) {
		t.Error("the person stays barred")
	}
	if _, err := s.keys.Key(subject); errors.Is(err, codec.ErrErased) {
		t.Error("the key is gone")
	}
}

// A command that may have been written is never answered as refused.
func TestWhatMayBeWrittenIsNotRefused(t *testing.T) {
	for name, then := range map[string]error{"unavailable": eventlog.ErrUnavailable, "stopped": eventlog.ErrStopped} {
		t.Run(name, func(t *testing.T) {
			s, log := slowShop(t)
			_, dossier := s.withdrawn("1", number)
			attempts := 0
			log.on(func(string) error {
				if attempts++; attempts == 1 {
					return eventlog.ErrAmbiguous
				}
				return then
			})
			_, err := s.Do(t.Context(), by(citizen, "r"), dossier, domain.Rate{Score: 5, Comment: "tốt"})
			if !errors.Is(err, eventlog.ErrAmbiguous) || attempts != 2 {
				t.Errorf("after %d attempts: %v", attempts, err)
			}
		})
	}
}

// Through a log that may lag nobody is erased: a dossier could be missed.
func TestNobodyIsErasedThroughALogThatMayLag(t *testing.T) {
	s := newShop(t)
	subject, _ := s.withdrawn("1", number)
	if err := s.recordErasureOf(subject); err != nil {
		t.Fatal(err)
	}
	s.keys.orphan(subject)
	config := s.Config
	config.MayLag = true
	h := New(config)
	if _, err := h.Erase(t.Context(), admin, subject, "Điều 1"); !errors.Is(err, ErrLogMayLag) {
		t.Error("erase:", err)
	}
	if err := h.FinishErasures(t.Context()); err != nil {
		t.Error("start:", err)
	}
	if err := h.TakeOver(t.Context()); err != nil {
		t.Error("taking over:", err)
	}
	if _, err := s.keys.Key(subject); err != nil {
		t.Error("erased:", err)
	}
}
