package domain

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"github.com/go-json-experiment/json"
	"slices"
	"time"

	"hoso/domain/calendar"
)

// DefaultCalendar is the id of the calendar of agencies that name none.
const DefaultCalendar = "default"

// Catalogue is the fold of the catalogue's events: every version of every
// procedure, agency and calendar. It is not safe for concurrent use.
type Catalogue struct {
	procedures map[string][]ProcedurePublished // by code, in log order
	pinned     map[string]ProcedurePublished   // by version
	agencies   map[string][]Agency             // by code, in log order
	calendars  map[string]*calendar.Calendar   // newest by id
	versions   map[string]*calendar.Calendar   // by version
}

// NewCatalogue is the empty catalogue.
func NewCatalogue() *Catalogue {
	return &Catalogue{
		procedures: map[string][]ProcedurePublished{}, pinned: map[string]ProcedurePublished{},
		agencies: map[string][]Agency{}, calendars: map[string]*calendar.Calendar{}, versions: map[string]*calendar.Calendar{},
	}
}

// Apply folds a catalogue event; others it passes by. The error is of a
// calendar that does not compile.
func (c *Catalogue) Apply(e Event) error {
	switch e := e.(type) {
	case ProcedurePublished:
		c.procedures[e.Procedure.Code] = append(c.procedures[e.Procedure.Code], e)
		c.pinned[e.Version] = e
	case AgencyEstablished:
		c.agencies[e.Agency.Code] = append(c.agencies[e.Agency.Code], e.Agency)
	case CalendarPublished:
		cal, err := calendar.New(e.Calendar)
		if err != nil {
			return fmt.Errorf("calendar %s: %w", e.Calendar.ID, err)
		}
		c.calendars[e.Calendar.ID] = cal
		c.versions[cal.Version()] = cal
	}
	return nil
}

// Procedure gives the version in force on a day: the last published of those
// that have begun by then, unless it has ended. A version that ends the
// procedure does not bring back the one before it.
func (c *Catalogue) Procedure(code string, day calendar.Date) (ProcedurePublished, bool) {
	p, ok := c.begun(code, day)
	to := p.Procedure.EffectiveTo
	return p, ok && !day.Before(p.Procedure.EffectiveFrom) && (to.IsZero() || !day.After(to))
}

// begun is the last published version that has begun by a day, else the last
// published of all; false for an unknown code.
func (c *Catalogue) begun(code string, day calendar.Date) (ProcedurePublished, bool) {
	vs := c.procedures[code]
	for _, p := range slices.Backward(vs) {
		if !day.Before(p.Procedure.EffectiveFrom) {
			return p, true
		}
	}
	if len(vs) == 0 {
		return ProcedurePublished{}, false
	}
	return vs[len(vs)-1], true
}

// agencyOn is the last published version of an agency that has begun by a day,
// also when it has ended since; else the newest.
func (c *Catalogue) agencyOn(code string, day calendar.Date) (Agency, bool) {
	for _, a := range slices.Backward(c.agencies[code]) {
		if !day.Before(a.EffectiveFrom) {
			return a, true
		}
	}
	return c.Agency(code)
}

// ProcedureVersion gives the version with a content hash.
func (c *Catalogue) ProcedureVersion(version string) (ProcedurePublished, bool) {
	p, ok := c.pinned[version]
	return p, ok
}

// Agency gives an agency's newest version, whether in force or ended.
func (c *Catalogue) Agency(code string) (Agency, bool) {
	vs := c.agencies[code]
	if len(vs) == 0 {
		return Agency{}, false
	}
	return vs[len(vs)-1], true
}

// Calendar gives the newest version of a calendar; "" means the default one.
func (c *Catalogue) Calendar(id string) (*calendar.Calendar, bool) {
	if id == "" {
		id = DefaultCalendar
	}
	cal, ok := c.calendars[id]
	return cal, ok
}

// CalendarVersion gives the calendar with a content hash, nil if there is none.
func (c *Catalogue) CalendarVersion(version string) *calendar.Calendar { return c.versions[version] }

// Procedures lists the newest version of each procedure, by code.
func (c *Catalogue) Procedures() []ProcedurePublished {
	out := make([]ProcedurePublished, 0, len(c.procedures))
	for _, vs := range c.procedures {
		out = append(out, vs[len(vs)-1])
	}
	slices.SortFunc(out, func(a, b ProcedurePublished) int { return cmp.Compare(a.Procedure.Code, b.Procedure.Code) })
	return out
}

// Agencies lists the newest version of each agency, by code.
func (c *Catalogue) Agencies() []Agency {
	out := make([]Agency, 0, len(c.agencies))
	for _, vs := range c.agencies {
		out = append(out, vs[len(vs)-1])
	}
	slices.SortFunc(out, func(a, b Agency) int { return cmp.Compare(a.Code, b.Code) })
	return out
}

// Rules gives what a decision on a dossier goes by now: the procedure version
// it pinned at acceptance, else today's; the newest calendars of its agencies.
// Where the procedure has ended its last version holds for what came in
// before; SubmitDossier refuses what is new. Errors: *Error for a procedure,
// agency or calendar that the catalogue does not hold.
func (c *Catalogue) Rules(procedure, pinned, agency, competent string, now time.Time) (Rules, error) {
	today := calendar.DateOf(now)
	p, ok := c.pinned[pinned]
	if !ok {
		p, ok = c.begun(procedure, today)
	}
	if !ok {
		return Rules{}, unknown("unknown_procedure", "Không có thủ tục mã %s.", "There is no procedure with code %s.", procedure)
	}
	a, ok := c.agencyOn(agency, today)
	if !ok {
		return Rules{}, UnknownAgency(agency)
	}
	b, ok := c.agencyOn(competent, today)
	if !ok {
		return Rules{}, UnknownAgency(competent)
	}
	reception, ok := c.Calendar(a.ReceptionCalendar)
	if !ok {
		return Rules{}, unknown("unknown_calendar", "Không có lịch làm việc %q.", "There is no working calendar %q.", a.ReceptionCalendar)
	}
	processing, ok := c.Calendar(b.ProcessingCalendar)
	if !ok {
		return Rules{}, unknown("unknown_calendar", "Không có lịch làm việc %q.", "There is no working calendar %q.", b.ProcessingCalendar)
	}
	return Rules{Procedure: p.Procedure, ProcedureVersion: p.Version, Agency: a, Competent: b, Reception: reception, Processing: processing}, nil
}

// UnknownAgency refuses an agency that the catalogue does not hold.
func UnknownAgency(agency string) *Error {
	return unknown("unknown_agency", "Không có cơ quan mã %s.", "There is no agency with code %s.", agency)
}

func unknown(code, vi, en, what string) *Error {
	return &Error{Code: code, VI: fmt.Sprintf(vi, what), EN: fmt.Sprintf(en, what)}
}

// Version is the content hash of the procedure version, hex.
func (p Procedure) Version() string { return contentHash(p) }

// Same reports whether two versions of an agency say the same.
func (a Agency) Same(b Agency) bool { return contentHash(a) == contentHash(b) }

// contentHash names a version by what it says: SHA-256 over its JSON, first 16 bytes, hex.
func contentHash(v any) string {
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		panic(err) // plain structs of strings and numbers: cannot fail
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}
