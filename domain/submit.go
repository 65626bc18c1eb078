package domain

import (
	"errors"

	"github.com/google/uuid"

	"hoso/domain/calendar"
)

// SubmitDossier opens a dossier: the applicant sends it, or an officer enters
// a paper one. The intake clock starts.
type SubmitDossier struct {
	Procedure    string         `json:"procedure"`
	Agency       string         `json:"agency"`
	Competent    string         `json:"competent,omitempty"` // empty: the receiving agency decides
	Channel      Channel        `json:"channel"`
	Submitter    PersonInput    `json:"submitter"`
	Owner        *PersonInput   `json:"owner,omitempty"` // absent: the submitter is the owner
	Papers       []Paper        `json:"papers,omitempty"`
	Receiving    ReceivingInput `json:"receiving"`
	Summary      string         `json:"summary,omitempty"`
	ReuseConsent bool           `json:"reuse_consent,omitempty"`
	SignIn       string         `json:"sign_in,omitempty"`
	Parent       string         `json:"parent,omitempty"`
}

// ReceivingInput is how the result shall be handed over, as typed.
type ReceivingInput struct {
	Way        ReceivingWay `json:"way"`
	Place      string       `json:"place,omitempty"` // empty: the receiving agency
	Address    string       `json:"address,omitempty"`
	WishedTime string       `json:"wished_time,omitempty"`
}

var errNoSubject = errors.New("domain: a person of the submission has no subject: resolve it before deciding")

// CommandName names the command.
func (SubmitDossier) CommandName() string { return "submit" }

// Decide answers submitted. It needs the subjects of its people resolved.
func (c SubmitDossier) Decide(d Dossier, env Env) ([]Event, error) {
	owner := c.Submitter
	if c.Owner != nil {
		owner = *c.Owner
	}
	if owner.Subject == uuid.Nil || c.Submitter.Subject == uuid.Nil {
		return nil, errNoSubject
	}
	f := &form{about: owner.Subject}
	e := Submitted{
		Procedure: f.required("procedure", c.Procedure, MaxCode),
		Agency:    f.required("agency", c.Agency, MaxCode),
		Competent: f.text("competent", c.Competent, MaxCode),
		Channel:   pick(f, "channel", c.Channel, Direct, Online, Post),
		Submitter: c.Submitter.read("submitter", &f.err),
		Owner:     owner.read("owner", &f.err),
		Papers:    f.papers(c.Papers, env.Rules.Procedure.componentNames()), ReuseConsent: c.ReuseConsent,
		Summary:         f.personal("summary", c.Summary),
		SignIn:          f.text("sign_in", c.SignIn, MaxCode),
		Parent:          f.text("parent", c.Parent, MaxCode),
		Intake:          intakeDeadline(env),
		CalendarVersion: env.Rules.Reception.Version(),
	}
	if e.Competent == "" {
		e.Competent = e.Agency
	}
	e.Receiving = f.receiving(c.Receiving, e)
	f.offered(e, env)
	return f.answer(d, e)
}

// offered checks that the procedure can be submitted there, that way, today.
func (f *form) offered(e Submitted, env Env) {
	today, p := calendar.DateOf(env.Now), env.Rules.Procedure
	switch {
	case p.Code != e.Procedure:
		f.invalid("procedure", "không có trong danh mục", "is not in the catalogue")
	case env.Rules.Agency.Code != e.Agency:
		f.invalid("agency", "không có trong danh mục", "is not in the catalogue")
	case today.Before(p.EffectiveFrom) || !p.EffectiveTo.IsZero() && today.After(p.EffectiveTo):
		f.fail(ErrNotInForce)
	case !env.Rules.Agency.OffersOn(e.Procedure, today):
		f.fail(ErrNotOffered)
	case e.Channel == Online && p.Level == Information:
		f.fail(ErrNotOnline)
	}
}

func (f *form) receiving(in ReceivingInput, e Submitted) Receiving {
	r := Receiving{
		Way:        pick(f, "receiving.way", in.Way, AtCounter, ByEmail, ByPost),
		Place:      f.text("receiving.place", in.Place, MaxCode),
		Address:    f.own("receiving.address", in.Address, MaxName),
		WishedTime: f.own("receiving.wished_time", in.WishedTime, MaxName),
	}
	switch {
	case r.Way == ByPost && r.Address.IsZero():
		f.missing("receiving.address")
	case r.Way == ByEmail && e.Submitter.Email.IsZero():
		f.missing("submitter.email")
	case r.Way == AtCounter && r.Place == "":
		r.Place = e.Agency
	}
	return r
}
