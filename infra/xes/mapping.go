package xes

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"hoso/domain"
	"hoso/domain/calendar"
)

// Mapping says what the activities and attributes of a log mean here. Its JSON
// form is described in docs/import.md; Load and Parse give checked mappings.
type Mapping struct {
	// Source names where the cases come from: with a case's id it names the
	// dossier, so importing again finds it. It must never change.
	Source    string               `json:"source"`
	About     string               `json:"about"` // for people: what the log is, whom to cite
	Agency    domain.Agency        `json:"agency"`
	Procedure domain.Procedure     `json:"procedure"`
	Calendar  *calendar.Definition `json:"calendar"` // of the agency; nil means the default one
	Nothing   []string             `json:"nothing"`  // values that stand for no value, as EMPTY
	Zone      string               `json:"zone"`     // of times that name none, as +01:00; empty means Viet Nam's
	Case      CaseMap              `json:"case"`
	Event     EventMap             `json:"event"`
	Rules     []Rule               `json:"rules"`     // the first that applies says what an event becomes
	FromCase  []FromCase           `json:"from_case"` // attributes of a case that are events
}

// CaseMap names the attributes of a case from which the submission is made.
type CaseMap struct {
	ID        string            `json:"id"`    // default concept:name
	Start     string            `json:"start"` // when it was submitted; where absent, the earliest event
	Due       string            `json:"due"`   // the imported due date
	Channel   Value             `json:"channel"`
	Unit      Value             `json:"unit"`      // the unit it came to
	Applicant domain.PersonKind `json:"applicant"` // default citizen
}

// EventMap names the attributes that every event has.
type EventMap struct {
	Title   []string `json:"title"`   // joined by blanks; default concept:name
	Time    string   `json:"time"`    // default time:timestamp
	Officer string   `json:"officer"` // an opaque id, never a name; empty: not imported
	Unit    string   `json:"unit"`    // the unit that did it
}

// Value takes a text from an attribute of the same event or case: translated
// by Values where they are given, else as it stands; where the attribute is
// absent or has no translation, Text.
type Value struct {
	Attribute string            `json:"attribute"`
	Values    map[string]string `json:"values"`
	Text      string            `json:"text"`
}

// Rule says what events become. Without First it applies to each event that
// meets When.
type Rule struct {
	Becomes       string      `json:"becomes"` // the event's name in the log, as dossier.accepted
	When          []Condition `json:"when"`    // all must hold
	UnlessCaseHas []Condition `json:"unless_case_has"`
	First         bool        `json:"first"`       // only while the case has no such event yet
	AgainAfter    string      `json:"again_after"` // with First: counts anew after each event of this name
	After         string      `json:"after"`       // only after the case has an event of this name
	Fields
}

// Fields fill what an event tells beside its time and officer.
type Fields struct {
	Outcome    Value `json:"outcome"`     // decided: granted, refused, not_required, unknown (the default)
	Agency     Value `json:"agency"`      // routed: code of the agency it goes to; default the one where it is
	Unit       Value `json:"unit"`        // routed: unit it goes to
	LegalBasis Value `json:"legal_basis"` // stopped, refused
	Way        Value `json:"way"`         // delivered: counter, online or post; default not told
}

// Condition is a test of one attribute: its value is one of Is, or begins with
// one of StartsWith; letters' case counts.
type Condition struct {
	Attribute  string   `json:"attribute"`
	Is         []string `json:"is"`
	StartsWith []string `json:"starts_with"`
}

// FromCase makes an event from an attribute of the case: at the time the
// attribute tells, or, for a payment, right after the submission.
type FromCase struct {
	Becomes   string   `json:"becomes"`
	Attribute string   `json:"attribute"`
	Payment   *Payment `json:"payment"` // for dossier.payment_requested
	Fields
}

// Payment describes an amount that an attribute tells as a decimal number.
type Payment struct {
	Name     string          `json:"name"`
	Kind     string          `json:"kind"`     // fee or charge
	Currency string          `json:"currency"` // ISO 4217
	Decimals int             `json:"decimals"` // of the currency's smallest unit; amounts are rounded half up to it
	DuePoint domain.DuePoint `json:"due_point"`
}

//go:embed mappings/*.json
var builtIn embed.FS

// BuiltIn lists the names of the mappings that come with the program.
func BuiltIn() []string {
	files, _ := fs.Glob(builtIn, "mappings/*.json")
	for i, f := range files {
		files[i] = strings.TrimSuffix(strings.TrimPrefix(f, "mappings/"), ".json")
	}
	return files
}

// Load gives a mapping by its built-in name, else from a file.
func Load(nameOrFile string) (*Mapping, error) {
	data, err := builtIn.ReadFile("mappings/" + nameOrFile + ".json")
	if err != nil {
		data, err = os.ReadFile(nameOrFile)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no mapping %q: name one of %s, or a file", nameOrFile, strings.Join(BuiltIn(), ", "))
	}
	if err != nil {
		return nil, fmt.Errorf("mapping: %w", err)
	}
	m, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("mapping %s: %w", nameOrFile, err)
	}
	return m, nil
}

// Parse reads and checks a mapping. Members it does not know are errors, so
// that a slip of the pen does not go unseen.
func Parse(data []byte) (*Mapping, error) {
	m := &Mapping{
		Case:  CaseMap{ID: "concept:name", Applicant: domain.Citizen},
		Event: EventMap{Title: []string{"concept:name"}, Time: "time:timestamp"},
	}
	if err := json.Unmarshal(data, m, json.RejectUnknownMembers(true)); err != nil {
		return nil, err
	}
	return m, m.check()
}

// text gives an attribute's value, "" where the log says that there is none.
func (m *Mapping) text(as Attributes, key string) string {
	if key == "" {
		return ""
	}
	s := strings.TrimSpace(as.Text(key))
	if slices.Contains(m.Nothing, s) {
		return ""
	}
	return s
}

func (m *Mapping) value(as Attributes, v Value) string {
	s := m.text(as, v.Attribute)
	if v.Values != nil {
		s = v.Values[s]
	}
	if s == "" {
		return v.Text
	}
	return s
}
