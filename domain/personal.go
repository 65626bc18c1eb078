package domain

import (
	"errors"
	"log/slog"

	"github.com/google/uuid"
)

// SubjectID names a person (or business) opaquely. The key that opens the
// person's data is kept under it, outside the log.
type SubjectID = uuid.UUID

// Personal is a value about a person. In memory it is plain; package codec
// seals it with the subject's key before it reaches the log, so that
// destroying the key erases it everywhere. It never prints itself.
type Personal struct {
	Subject SubjectID
	Text    string
	Erased  bool // the key is gone: Text is empty for ever
}

// About makes a personal value of a subject. Empty text needs no sealing.
func About(subject SubjectID, text string) Personal {
	return Personal{Subject: subject, Text: text}
}

// IsZero reports whether there is neither a value nor the trace of an erased one.
func (p Personal) IsZero() bool { return p.Text == "" && !p.Erased }

// String hides the value from %v and log lines.
func (p Personal) String() string { return "[personal]" }

// GoString hides the value from %#v.
func (p Personal) GoString() string { return "[personal]" }

// LogValue hides the value from slog.
func (p Personal) LogValue() slog.Value { return slog.StringValue("[personal]") }

// MarshalText refuses: only package codec, which seals, may write a personal
// value, and only an explicit mapping may show one.
func (p Personal) MarshalText() ([]byte, error) {
	return nil, errors.New("domain: a personal value is written by the codec only")
}

// Person is somebody who submits or owns a dossier.
type Person struct {
	Subject  SubjectID  `json:"subject" doc:"public: opaque id under which the person's key is kept"`
	Kind     PersonKind `json:"kind" doc:"public: citizen, business or agency"`
	Name     Personal   `json:"name,omitzero" doc:"sealed: full name"`
	IDNumber Personal   `json:"id_number,omitzero" doc:"sealed: CCCD, CMND or business code"`
	OtherID  Personal   `json:"other_id,omitzero" doc:"sealed: a second number of the same person, e.g. the old CMND"`
	Address  Personal   `json:"address,omitzero" doc:"sealed: postal address"`
	Phone    Personal   `json:"phone,omitzero" doc:"sealed: phone number as given in the form"`
	Email    Personal   `json:"email,omitzero" doc:"sealed: e-mail address as given in the form"`
}

// PersonKind is the applicant's legal nature.
type PersonKind string

// The kinds of person (LoaiDoiTuong of the national portal).
const (
	Citizen  PersonKind = "citizen"
	Business PersonKind = "business"
	Agent    PersonKind = "agency"
)
