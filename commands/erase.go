package commands

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

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
// versions rise); then the key, and with it the bar for all others. Others'
// commands go on meanwhile. Errors: ErrForbidden, domain.ErrStillOpen,
// domain.ErrNoLegalBasis, domain.ErrBeingErased, ErrLogMayLag.
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
	if h.MayLag {
		return Erasure{}, ErrLogMayLag
	}
	// The whole log is read while the person may still submit; what came
	// meanwhile is read behind the bar.
	dossiers, read, err := h.dossiersOf(ctx, subject, eventlog.Position{})
	if err != nil {
		return Erasure{}, err
	}
	done := Erasure{}
	err = h.whileBarred(ctx, subject, func() error {
		since, read, err := h.dossiersOf(ctx, subject, read)
		dossiers = append(dossiers, since...)
		if err == nil {
			err = h.noneOpen(ctx, dossiers)
		}
		if err == nil {
			err = h.recordErasure(ctx, req, subject, legalBasis)
		}
		if err == nil {
			done.Subject = subject
			// What is recorded is carried out, whether or not the caller still waits.
			done.Dossiers, err = h.carryOut(context.WithoutCancel(ctx), subject, dossiers, read)
		}
		return err
	})
	return done, err
}

// barTime bounds how long an erasure waits for commands that write for the person.
var barTime = 30 * time.Second // tests set it

// errWriting: a command that writes for the person hangs, here or elsewhere.
var errWriting = fmt.Errorf("commands: a command that writes for this person does not come to an end: %w", eventlog.ErrUnavailable)

// whileBarred does something while a person is barred. For others the bar ends
// with the key, or else here, after a panic too.
func (h *Handler) whileBarred(ctx context.Context, subject domain.SubjectID, do func() error) (err error) {
	within, cancel := context.WithTimeout(ctx, barTime)
	defer cancel()
	if err := h.Keys.Bar(within, subject); err != nil {
		if within.Err() != nil && ctx.Err() == nil {
			return errWriting
		}
		return err
	}
	defer func() {
		if unbar := h.Keys.Unbar(context.WithoutCancel(ctx), subject); unbar != nil {
			err = errors.Join(err, unbar)
		}
	}()
	return do()
}

// FinishErasures finishes, at start-up, what a crash interrupted. Where the
// person has submitted again in between, that is left for a later start; where
// this instance's log may lag, all of it is left to another instance.
func (h *Handler) FinishErasures(ctx context.Context) error {
	if h.MayLag {
		return nil
	}
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
	if h.Keys == nil || h.MayLag {
		return nil
	}
	var failed error
	for _, subject := range h.Keys.Bars() {
		failed = errors.Join(failed, h.finish(ctx, subject))
	}
	return failed
}

// finish carries an erasure out if it is recorded and was not ended, unless an
// instance that is well is at it, or a command of the person's goes on.
func (h *Handler) finish(ctx context.Context, subject domain.SubjectID) error {
	err := h.whileBarred(ctx, subject, func() error {
		if _, err := h.Codec.Keys(subject); errors.Is(err, codec.ErrErased) {
			return nil
		}
		_, recorded, err := h.Log.Last(ctx, domain.SubjectStream(subject))
		if err != nil || !recorded {
			return err
		}
		dossiers, read, err := h.dossiersOf(ctx, subject, eventlog.Position{})
		if err == nil {
			err = h.noneOpen(ctx, dossiers)
		}
		if err == nil {
			_, err = h.carryOut(ctx, subject, dossiers, read)
		}
		return err
	})
	for _, later := range []error{domain.ErrBeingErased, domain.ErrStillOpen, errWriting} {
		if errors.Is(err, later) {
			return nil
		}
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

// carryOut marks the dossiers, and those that came since the log was read, and
// destroys the key; it tells how many it has marked. An append that nobody could
// wait for may still arrive: who is open by it keeps the key (domain.ErrStillOpen),
// and what came until the key was gone is marked after, so that no view keeps
// what it could still read.
func (h *Handler) carryOut(ctx context.Context, subject domain.SubjectID, dossiers []uuid.UUID, read eventlog.Position) (marked int, err error) {
	for {
		for _, id := range dossiers {
			if err := h.stillBarred(subject); err != nil {
				return marked, err
			}
			if err := h.mark(ctx, subject, id, domain.Redact{Subject: subject}); err != nil {
				return marked, err
			}
			marked++
		}
		if dossiers, read, err = h.dossiersOf(ctx, subject, read); err != nil {
			return marked, err
		}
		if err := h.noneOpen(ctx, dossiers); err != nil {
			return marked, err
		}
		if len(dossiers) == 0 {
			break
		}
	}
	destroyed := h.Keys.Destroy(ctx, subject)
	if _, err := h.Codec.Keys(subject); !errors.Is(err, codec.ErrErased) {
		return marked, destroyed
	}
	late, _, err := h.dossiersOf(ctx, subject, read)
	for _, id := range late {
		err = errors.Join(err, h.mark(ctx, subject, id, redactLate{domain.Redact{Subject: subject}}))
		marked++
	}
	return marked, errors.Join(destroyed, err)
}

// mark writes the marker of an erasure into a dossier. Its command id is the
// person's, so that a second attempt marks nothing twice.
func (h *Handler) mark(ctx context.Context, subject domain.SubjectID, dossier uuid.UUID, cmd domain.Command) error {
	req := Request{Actor: domain.Actor{Role: domain.System}, ID: uuid.NewSHA1(subject, dossier[:])}
	if _, err := h.do(ctx, req, dossier, cmd); err != nil {
		return fmt.Errorf("redact dossier %s: %w", dossier, err)
	}
	return nil
}

// redactLate marks a dossier that is open, too: its key is gone already.
type redactLate struct{ domain.Redact }

// Decide implements domain.Command.
func (c redactLate) Decide(d domain.Dossier, _ domain.Env) ([]domain.Event, error) {
	if slices.Contains(d.Redacted, c.Subject) {
		return nil, nil
	}
	return []domain.Event{domain.Redacted(c.Redact)}, nil
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
