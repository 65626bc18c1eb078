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
// something FinishErasures or TakeOver can finish: the person is barred, for
// all instances; what was written before that is looked at; subject.erased in
// the person's stream; a marker in each of their dossiers (so that view
// versions rise); then the key, and with it the bar. Others' commands go on
// meanwhile. Errors: ErrForbidden, domain.ErrStillOpen, domain.ErrNoLegalBasis,
// domain.ErrBeingErased.
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
	// The whole log is read while the person may still submit; what came
	// meanwhile is read behind the bar.
	dossiers, read, err := h.dossiersOf(ctx, subject, eventlog.Position{})
	if err != nil {
		return Erasure{}, err
	}
	if err := h.Keys.Bar(ctx, subject); err != nil {
		return Erasure{}, err
	}
	since, _, err := h.dossiersOf(ctx, subject, read)
	dossiers = append(dossiers, since...)
	if err == nil {
		err = h.noneOpen(ctx, dossiers)
	}
	if err == nil {
		err = h.recordErasure(ctx, req, subject, legalBasis)
	}
	done := Erasure{}
	if err == nil {
		done = Erasure{subject, len(dossiers)}
		// What is recorded is carried out, whether or not the caller still waits.
		err = h.carryOut(context.WithoutCancel(ctx), subject, dossiers)
	}
	return done, h.unbarAfter(ctx, subject, err)
}

// unbarAfter ends the bar when an erasure came to no end, and gives its error.
func (h *Handler) unbarAfter(ctx context.Context, subject domain.SubjectID, err error) error {
	if err == nil {
		return nil
	}
	if unbar := h.Keys.Unbar(context.WithoutCancel(ctx), subject); unbar != nil {
		return errors.Join(err, unbar)
	}
	return err
}

// FinishErasures finishes, at start-up, what a crash interrupted. Where the
// person has submitted again in between, that is left for a later start.
func (h *Handler) FinishErasures(ctx context.Context) error {
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
			if err := h.finish(ctx, e.Subject); err != nil {
				return err
			}
		}
		if batch.Live {
			return h.TakeOver(ctx)
		}
	}
	return nil
}

// TakeOver ends what instances that died were erasing: what they had recorded
// is finished, the bars of the rest are lifted. There is mostly nothing to do,
// which costs nothing.
func (h *Handler) TakeOver(ctx context.Context) error {
	if h.Keys == nil {
		return nil
	}
	var failed error
	for _, subject := range h.Keys.Bars() {
		failed = errors.Join(failed, h.finish(ctx, subject))
	}
	return failed
}

// finish carries an erasure out if it is recorded, unless an instance that is
// well is at it.
func (h *Handler) finish(ctx context.Context, subject domain.SubjectID) error {
	switch err := h.Keys.Bar(ctx, subject); {
	case errors.Is(err, domain.ErrBeingErased):
		return nil
	case err != nil:
		return err
	}
	_, recorded, err := h.Log.Last(ctx, domain.SubjectStream(subject))
	if err != nil || !recorded {
		return errors.Join(err, h.Keys.Unbar(context.WithoutCancel(ctx), subject))
	}
	dossiers, _, err := h.dossiersOf(ctx, subject, eventlog.Position{})
	if err == nil {
		err = h.noneOpen(ctx, dossiers)
	}
	if err == nil {
		err = h.carryOut(ctx, subject, dossiers)
	}
	err = h.unbarAfter(ctx, subject, err)
	if errors.Is(err, domain.ErrStillOpen) {
		return nil
	}
	return err
}

// noneOpen answers domain.ErrStillOpen where one of the dossiers is open.
func (h *Handler) noneOpen(ctx context.Context, dossiers []uuid.UUID) error {
	for _, id := range dossiers {
		l, err := h.load(ctx, id, true)
		if err != nil {
			return err
		}
		if l.dossier.Open() {
			return domain.ErrStillOpen
		}
	}
	return nil
}

func (h *Handler) recordErasure(ctx context.Context, req Request, subject domain.SubjectID, basis string) error {
	stream := domain.SubjectStream(subject)
	if _, ok, err := h.Log.Last(ctx, stream); ok || err != nil {
		return err
	}
	drafts, err := h.drafts(ctx, req, uuid.Nil, h.clock(codec.EmptyTip), []domain.Event{domain.SubjectErased{Subject: subject, LegalBasis: basis}})
	if err != nil {
		return err
	}
	events, _, err := h.Codec.Encode(stream, codec.EmptyTip, drafts)
	if err != nil {
		return err
	}
	_, err = appendUntilClear(ctx, h.Log, stream, eventlog.NoStream, events, func() error { return h.stillBarred(subject) })
	return err
}

// stillBarred answers errUnsure where others may have ceased to wait for this
// erasure. Destroy asks the same once more, of the store itself.
func (h *Handler) stillBarred(subject domain.SubjectID) error {
	if !h.Keys.Current() || !h.Keys.Barred(subject) {
		return errUnsure
	}
	return nil
}

// carryOut marks the dossiers and destroys the key. The marker's command id is
// the person's, so that a second attempt marks nothing twice.
func (h *Handler) carryOut(ctx context.Context, subject domain.SubjectID, dossiers []uuid.UUID) error {
	for _, id := range dossiers {
		if err := h.stillBarred(subject); err != nil {
			return err
		}
		req := Request{Actor: domain.Actor{Role: domain.System}, ID: uuid.NewSHA1(subject, id[:])}
		if _, err := h.do(ctx, req, id, domain.Redact{Subject: subject}); err != nil {
			return fmt.Errorf("redact dossier %s: %w", id, err)
		}
	}
	return h.Keys.Destroy(ctx, subject)
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
