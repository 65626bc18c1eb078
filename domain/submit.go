package domain

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

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

// PersonInput is a person as typed. Subject is found by ID number, or made
// new, before the command is decided.
type PersonInput struct {
	Subject  SubjectID  `json:"-"`
	Kind     PersonKind `json:"kind"`
	Name     string     `json:"name"`
	IDNumber string     `json:"id_number,omitempty"`
	OtherID  string     `json:"other_id,omitempty"`
	Address  string     `json:"address,omitempty"`
	Phone    string     `json:"phone,omitempty"`
	Email    string     `json:"email,omitempty"`
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
		Papers:    f.papers(c.Papers), ReuseConsent: c.ReuseConsent,
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

func (f *form) papers(papers []Paper) []Paper {
	f.list("papers", len(papers))
	var out []Paper
	for i, p := range papers {
		at := fmt.Sprintf("papers[%d].", i)
		p.Component = f.required(at+"component", p.Component, MaxName)
		p.Hash = f.text(at+"hash", p.Hash, MaxName)
		if p.Kind != "" {
			p.Kind = pick(f, at+"kind", p.Kind, "original", "certified_copy", "photocopy")
		}
		if p.Source != "" {
			p.Source = pick(f, at+"source", p.Source, "upload", "counter", "store")
		}
		if p.Copies < 0 || p.Copies > 1000 {
			f.invalid(at+"copies", "phải từ 0 đến 1000", "must be from 0 to 1000")
		}
		out = append(out, p)
	}
	return out
}

// read checks a person; the first thing wrong goes to err.
func (p PersonInput) read(field string, err **Error) Person {
	f := &form{about: p.Subject, err: *err}
	out := Person{
		Subject:  p.Subject,
		Kind:     pick(f, field+".kind", p.Kind, Citizen, Business, Agent),
		Name:     f.own(field+".name", p.Name, MaxName),
		IDNumber: f.idNumber(field+".id_number", p.IDNumber),
		OtherID:  f.idNumber(field+".other_id", p.OtherID),
		Address:  f.own(field+".address", p.Address, MaxName),
		Phone:    f.own(field+".phone", p.Phone, MaxCode),
		Email:    f.own(field+".email", p.Email, MaxName),
	}
	if out.Name.IsZero() {
		f.missing(field + ".name")
	}
	if !plausiblePhone(out.Phone.Text) {
		f.invalid(field+".phone", "phải có từ 8 đến 15 chữ số", "must have 8 to 15 digits")
	}
	if !plausibleEmail(out.Email.Text) {
		f.invalid(field+".email", "phải có dạng ten@noi.vn", "must look like name@place.vn")
	}
	*err = f.err
	return out
}

func (f *form) idNumber(field, s string) Personal {
	if s = strings.TrimSpace(s); s == "" {
		return Personal{}
	}
	_, number, err := ParseIDNumber(s)
	if err != nil {
		f.fail(&Error{err.Code, labelVI(field) + ": " + lowerFirst(err.VI), labelEN(field) + ": " + lowerFirst(err.EN)})
	}
	return About(f.about, number)
}

// plausiblePhone lets through the empty text and what could be dialled.
func plausiblePhone(s string) bool {
	digits := 0
	for _, r := range s {
		switch {
		case unicode.IsDigit(r):
			digits++
		case !strings.ContainsRune(" .-()+", r):
			return false
		}
	}
	return s == "" || digits >= 8 && digits <= 15
}

// plausibleEmail lets through the empty text and what could be written to.
func plausibleEmail(s string) bool {
	name, host, found := strings.Cut(s, "@")
	return s == "" || found && name != "" && strings.Contains(host, ".") && !strings.ContainsAny(s, " \t\r\n,;<>") && !strings.Contains(host, "@")
}
