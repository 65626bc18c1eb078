package commands

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
)

// Erasure is what erasing a person did.
type Erasure struct {
	Subject  domain.SubjectID `json:"subject"`
	Dossiers int              `json:"dossiers"` // redacted, now or by an earlier attempt
}

// Erase destroys a person's key. In this order, so that a crash anywhere leaves
// something FinishErasures can finish: subject.erased in the person's stream, a
// marker in each of their dossiers (so that view versions rise), then the key.
// Errors: ErrForbidden, domain.ErrStillOpen, domain.ErrNoLegalBasis.
func (h *Handler) Erase(ctx context.Context, req Request, subject domain.SubjectID, legalBasis string) (Erasure, error) {
	if req.Actor.Role != domain.Administrator {
		return Erasure{}, ErrForbidden
	}
	if legalBasis == "" {
		return Erasure{}, domain.ErrNoLegalBasis
	}
	if subject == uuid.Nil {
		return Erasure{}, domain.ErrNotParty
	}
	// The whole log is read while others go on writing; what they added
	// meanwhile is read behind the gate.
	dossiers, read, err := h.dossiersOf(ctx, subject, eventlog.Position{})
	if err != nil {
		return Erasure{}, err
	}
	h.erasing.Lock()
	defer h.erasing.Unlock()
	since, _, err := h.dossiersOf(ctx, subject, read)
	if err != nil {
		return Erasure{}, err
	}
	dossiers = append(dossiers, since...)
	for _, id := range dossiers {
		l, err := h.load(ctx, id, true)
		if err != nil {
			return Erasure{}, err
		}
		if l.dossier.Open() {
			return Erasure{}, domain.ErrStillOpen
		}
	}
	if err := h.recordErasure(ctx, req, subject, legalBasis); err != nil {
		return Erasure{}, err
	}
	// What is recorded is carried out, whether or not the caller still waits.
	return Erasure{subject, len(dossiers)}, h.finishErasure(context.WithoutCancel(ctx), subject, dossiers)
}

// FinishErasures finishes, at start-up, what a crash interrupted. Where the
// person has submitted again in between, that is left for a later start.
func (h *Handler) FinishErasures(ctx context.Context) error {
	h.erasing.Lock()
	defer h.erasing.Unlock()
	for batch, err := range h.Log.Subscribe(ctx, eventlog.Position{}, eventlog.Filter{StreamPrefixes: []string{"subject-"}}) {
		if err != nil {
			return err
		}
		for _, r := range batch.Events {
			d, err := h.Codec.Decode(r)
			if err != nil {
				return err
			}
			e, ok := d.Event.(domain.SubjectErased)
			if !ok {
				continue
			}
			if _, err := h.Codec.Keys(e.Subject); errors.Is(err, codec.ErrErased) {
				continue
			}
			dossiers, _, err := h.dossiersOf(ctx, e.Subject, eventlog.Position{})
			if err != nil {
				return err
			}
			if err := h.finishErasure(ctx, e.Subject, dossiers); err != nil && !errors.Is(err, domain.ErrStillOpen) {
				return err
			}
		}
		if batch.Live {
			return nil
		}
	}
	return nil
}

func (h *Handler) recordErasure(ctx context.Context, req Request, subject domain.SubjectID, basis string) error {
	stream := domain.SubjectStream(subject)
	if _, ok, err := h.Log.Last(ctx, stream); ok || err != nil {
		return err
	}
	drafts, err := h.drafts(req, uuid.Nil, h.clock(codec.EmptyTip), []domain.Event{domain.SubjectErased{Subject: subject, LegalBasis: basis}})
	if err != nil {
		return err
	}
	events, _, err := h.Codec.Encode(stream, codec.EmptyTip, drafts)
	if err != nil {
		return err
	}
	_, err = appendUntilClear(ctx, h.Log, stream, eventlog.NoStream, events)
	return err
}

// finishErasure marks the dossiers and destroys the key. The marker's command
// id is the person's, so that a second attempt marks nothing twice.
func (h *Handler) finishErasure(ctx context.Context, subject domain.SubjectID, dossiers []uuid.UUID) error {
	for _, id := range dossiers {
		req := Request{Actor: domain.Actor{Role: domain.System}, ID: uuid.NewSHA1(subject, id[:])}
		if _, err := h.do(ctx, req, id, domain.Redact{Subject: subject}); err != nil {
			return fmt.Errorf("redact dossier %s: %w", id, err)
		}
	}
	if err := h.Keys.Destroy(ctx, subject); err != nil {
		return err
	}
	for _, id := range dossiers {
		h.hot.Remove(id) // it holds the values in plain
	}
	return nil
}

// dossiersOf finds a person's dossiers behind a position by reading the log up
// to its head, which it gives: a view may lag, and an erasure must miss none.
func (h *Handler) dossiersOf(ctx context.Context, subject domain.SubjectID, after eventlog.Position) (out []uuid.UUID, head eventlog.Position, err error) {
	for batch, err := range h.Log.Subscribe(ctx, after, eventlog.Filter{StreamPrefixes: []string{domain.DossierPrefix}}) {
		if err != nil {
			return nil, head, err
		}
		for _, r := range batch.Events {
			if r.Revision != 0 || r.Type != (domain.Submitted{}).EventType() {
				continue
			}
			d, err := h.Codec.Decode(r)
			if err != nil {
				return nil, head, err
			}
			if e, ok := d.Event.(domain.Submitted); ok && (e.Owner.Subject == subject || e.Submitter.Subject == subject) {
				if id, ok := domain.DossierIDOf(r.Stream); ok {
					out = append(out, id)
				}
			}
		}
		if head = batch.End; batch.Live {
			return out, head, nil
		}
	}
	return out, head, nil
}
