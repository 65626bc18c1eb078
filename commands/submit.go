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

// Submit opens a dossier and draws its code; the receipt waits for the code.
// The dossier's id comes from the command's, so a retry finds its own. Errors
// as of Do.
func (h *Handler) Submit(ctx context.Context, req Request, cmd domain.SubmitDossier) (r Receipt, err error) {
	if h.Observe != nil {
		var done func(error)
		ctx, done = h.Observe(ctx, cmd.CommandName())
		defer func() { done(err) }()
	}
	id := uuid.NewSHA1(req.ID, []byte("dossier"))
	l := unopened(id)
	if !req.Fresh {
		if l, err = h.load(ctx, id, false); err != nil {
			return Receipt{}, err
		}
	}
	replayed := l.dossier.Exists
	if !replayed {
		l, err = h.open(ctx, req, l, cmd)
		var conflict *eventlog.ConflictError
		if errors.As(err, &conflict) { // the same command was here at the same time
			replayed = true
			l, err = h.load(ctx, id, true)
		}
		if err != nil {
			return Receipt{}, err
		}
	}
	if replayed {
		if _, _, err := h.replay(l, req); err != nil {
			return Receipt{}, err
		}
	}
	r, err = h.number(ctx, l)
	r.Replayed = replayed
	return r, err
}

// open decides and appends the submission.
func (h *Handler) open(ctx context.Context, req Request, l *loaded, cmd domain.SubmitDossier) (*loaded, error) {
	if err := Allowed(req, cmd.CommandName(), domain.Dossier{Application: &domain.Application{ReceivedBy: cmd.Agency}}); err != nil {
		return nil, err
	}
	now := h.clock(l.tip)
	if cmd.Competent == "" {
		cmd.Competent = cmd.Agency
	}
	rules, err := h.Catalogue.Rules(cmd.Procedure, "", cmd.Agency, cmd.Competent, now)
	if err != nil {
		return nil, err
	}
	env := domain.Env{Now: now, Actor: req.Actor, Rules: rules}
	// Decided once with nobody yet, so that a refusal leaves no key behind.
	trial, err := placeholders(req.ID, cmd).Decide(l.dossier, env)
	if err != nil {
		return nil, err
	}
	if err := h.Catalogue.known(trial); err != nil {
		return nil, err
	}
	if req.Actor.Role == domain.Applicant && submittedOf(trial).Channel != domain.Online {
		return nil, errPaperByOfficer
	}
	if err := h.resolve(ctx, req, &cmd); err != nil {
		return nil, err
	}
	events, err := cmd.Decide(l.dossier, env)
	if err != nil {
		return nil, err
	}
	drafts, err := h.drafts(ctx, req, submittedOf(events).Owner.Subject, now, events)
	if err != nil {
		return nil, err
	}
	return h.append(ctx, l, drafts)
}

// submittedOf finds the submission among what its command decided. Its
// owner's key is the one the request's digest is keyed with.
func submittedOf(events []domain.Event) (s domain.Submitted) {
	for _, e := range events {
		if found, ok := e.(domain.Submitted); ok {
			s = found
		}
	}
	return s
}

// resolve finds or makes the persons of a submission; their keys are durable
// before anything is sealed with them.
func (h *Handler) resolve(ctx context.Context, req Request, cmd *domain.SubmitDossier) (err error) {
	seen := req.Actor.Role == domain.IntakeOfficer
	cmd.Submitter.Subject, err = h.resolvePerson(ctx, req, "submitter", idNumbers(cmd.Submitter, seen))
	if err != nil || cmd.Owner == nil {
		return err
	}
	owner := *cmd.Owner // the caller's own stays as it was
	owner.Subject, err = h.resolvePerson(ctx, req, "owner", idNumbers(owner, seen))
	cmd.Owner = &owner
	return err
}

// resolvePerson finds a person by their numbers, or makes one. Who has no
// number is found again by the command. Who has one must not be: a command
// broken off and sent again with another's number would link the two.
func (h *Handler) resolvePerson(ctx context.Context, req Request, part string, numbers []string) (domain.SubjectID, error) {
	candidate := uuid.NewSHA1(req.ID, []byte(part))
	switch {
	case len(numbers) > 0:
		candidate = h.Codec.FreshID()
	case req.Fresh: // nobody can have made them
		return candidate, h.Keys.Make(ctx, candidate)
	}
	who, err := h.Keys.Resolve(ctx, candidate, numbers...)
	for n := 2; errors.Is(err, codec.ErrErased) && len(numbers) == 0 && n < 10; n++ {
		// Made by an attempt that came to nothing, and swept since: nobody's dossier names it.
		candidate = uuid.NewSHA1(req.ID, []byte(fmt.Sprint(part, n)))
		who, err = h.Keys.Resolve(ctx, candidate)
	}
	return who, err
}

// placeholders gives the persons subjects of their own, for a decision whose
// events are thrown away.
func placeholders(command uuid.UUID, cmd domain.SubmitDossier) domain.SubmitDossier {
	cmd.Submitter.Subject = command
	if cmd.Owner != nil {
		owner := *cmd.Owner
		owner.Subject = command
		cmd.Owner = &owner
	}
	return cmd
}

// idNumbers are a person's ID numbers as look-ups know them. A second number
// makes two numbers one person for ever: only an officer who has seen both
// papers may say so, else anybody could send another's number beside their own
// and read that person's dossiers.
func idNumbers(p domain.PersonInput, papersSeen bool) []string {
	typed := []string{p.IDNumber}
	if papersSeen {
		typed = append(typed, p.OtherID)
	}
	var out []string
	for _, s := range typed {
		if _, number, err := domain.ParseIDNumber(s); err == nil {
			out = append(out, number)
		}
	}
	return out
}

// Number draws the code of a dossier that has none yet: the end of every
// submission, and what is left to do after a crash in between.
func (h *Handler) Number(ctx context.Context, dossier uuid.UUID) (Receipt, error) {
	l, err := h.load(ctx, dossier, false)
	if err != nil {
		return Receipt{}, err
	}
	if !l.dossier.Exists {
		return Receipt{}, ErrNotFound
	}
	return h.number(ctx, l)
}

// number draws for the submission's day and records the code in the dossier.
func (h *Handler) number(ctx context.Context, l *loaded) (Receipt, error) {
	command := uuid.NewSHA1(l.dossier.ID, []byte("number"))
	if l.dossier.Code != "" {
		return h.numberedReceipt(l, command), nil
	}
	code, err := h.counters.draw(ctx, l.dossier)
	if err != nil {
		return Receipt{}, err
	}
	req := Request{Actor: domain.Actor{Role: domain.System}, ID: command}
	return h.do(ctx, req, l.dossier.ID, domain.Number{Code: code.String(), Agency: code.Agency, Day: code.Day, Number: code.Number})
}

// numberedReceipt is the receipt as it was when the code was recorded.
func (h *Handler) numberedReceipt(l *loaded, command uuid.UUID) Receipt {
	r := l.receipt()
	if d, ok := l.find(command); ok {
		r.Revision, r.Position = d.revision, d.position
	}
	return r
}
