package commands

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/codec"
)

// digestKeys let something happen when a command asks for its digest, once.
type digestKeys struct {
	*testKeys
	then func()
}

func (k *digestKeys) Digest(subject domain.SubjectID, body []byte) (string, error) {
	if then := k.then; then != nil {
		k.then = nil
		then()
	}
	return k.testKeys.Digest(subject, body)
}

// Decided before an erasure, sealed after it: the dossier as it is now refuses the
// command, and the caller learns why.
func TestACommandOnAStaleFoldIsRefusedNotBroken(t *testing.T) {
	s := newShop(t)
	subject, dossier := s.withdrawn("1", number)
	config := s.Config
	config.Keys = &digestKeys{testKeys: s.keys, then: func() {
		if _, err := s.Erase(t.Context(), admin, subject, "Điều 1"); err != nil {
			t.Error(err)
		}
	}}
	_, err := New(config).Do(t.Context(), by(citizen, "r"), dossier, domain.Rate{Score: 5, Comment: "tốt"})
	if errors.Is(err, codec.ErrErased) {
		t.Error("answered as a fault of ours:", err)
	}
	if d := s.fold(dossier); !d.Erased {
		t.Error("this test erased nobody")
	}
}

// sweptKeys bar the return of a person who was swept, as the key store does.
type sweptKeys struct {
	*testKeys
	swept map[domain.SubjectID]bool
}

func (k sweptKeys) Resolve(ctx context.Context, candidate domain.SubjectID, ids ...string) (domain.SubjectID, error) {
	if k.swept[candidate] {
		return uuid.Nil, codec.ErrErased
	}
	return k.testKeys.Resolve(ctx, candidate, ids...)
}

// A submission without a number that came to nothing, and whose key was swept, can
// be sent again under the same key.
func TestASubmissionWhoseKeyWasSweptIsDone(t *testing.T) {
	s := newShop(t)
	req := by(citizen, "1")
	first := uuid.NewSHA1(req.ID, []byte("submitter"))
	config := s.Config
	config.Keys = sweptKeys{s.keys, map[domain.SubjectID]bool{first: true}}
	h := New(config)
	r, err := h.Submit(t.Context(), req, application("Người Thử", ""))
	if err != nil {
		t.Fatal(err)
	}
	if d := s.fold(r.Dossier); d.Owner.Subject == first || d.Owner.Name.Text != "Người Thử" {
		t.Errorf("owner %v, name %q", d.Owner.Subject, d.Owner.Name.Text)
	}
	if again, err := h.Submit(t.Context(), req, application("Người Thử", "")); err != nil || !again.Replayed || again.Dossier != r.Dossier {
		t.Errorf("%+v, %v", again, err)
	}
}
