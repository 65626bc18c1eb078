package projections

import (
	"errors"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"hoso/domain"
)

// Clock is a dossier's clock as documents keep it. Half of a document would be
// its marks, so each is a list without names: kind, at, due, remaining minutes,
// calendar version, procedure version, basis. A calendar that is the mark's
// before is null.
type Clock domain.Clock

type clockDoc struct {
	Due       time.Time `json:"due"`
	Remaining int       `json:"remaining"`
	Paused    bool      `json:"paused"`
	Overdue   bool      `json:"overdue"`
	Calendar  string    `json:"calendar"`
	Marks     []mark    `json:"marks"`
}

type mark struct {
	domain.Mark
	same bool // Calendar is that of the mark before
}

// IsZero tells whether there is nothing to keep.
func (c Clock) IsZero() bool {
	return c.Due.IsZero() && c.Remaining == 0 && !c.Paused && !c.Overdue && c.Calendar == "" && len(c.Marks) == 0
}

// MarshalJSONTo implements json.MarshalerTo.
func (c Clock) MarshalJSONTo(out *jsontext.Encoder) error {
	var o jsonOut
	if c.append(&o); o.err != nil {
		return o.err
	}
	return out.WriteValue(o.b)
}

func (c Clock) append(o *jsonOut) {
	o.open('{')
	o.momentIf("due", c.Due)
	o.intIf("remaining", int64(c.Remaining))
	o.trueIf("paused", c.Paused)
	o.trueIf("overdue", c.Overdue)
	o.textIf("calendar", c.Calendar)
	if len(c.Marks) > 0 {
		o.name("marks")
		o.open('[')
		for i, m := range c.Marks {
			mark{m, i > 0 && m.Calendar == c.Marks[i-1].Calendar}.append(o)
		}
		o.close(']')
	}
	o.close('}')
}

func (m mark) append(o *jsonOut) {
	o.open('[')
	o.text(string(m.Kind))
	o.momentOrNone(m.At)
	o.momentOrNone(m.Due)
	o.int(int64(m.Remaining))
	if m.same {
		o.part()
		o.b = append(o.b, "null"...)
	} else {
		o.text(m.Calendar)
	}
	o.text(m.Procedure)
	o.text(m.Basis)
	o.close(']')
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (c *Clock) UnmarshalJSONFrom(in *jsontext.Decoder) error {
	var doc clockDoc
	if err := json.UnmarshalDecode(in, &doc); err != nil {
		return err
	}
	*c = Clock{Due: doc.Due, Remaining: doc.Remaining, Paused: doc.Paused, Overdue: doc.Overdue, Calendar: doc.Calendar}
	for i, m := range doc.Marks {
		if m.same && i > 0 {
			m.Calendar = c.Marks[i-1].Calendar
		}
		c.Marks = append(c.Marks, m.Mark)
	}
	return nil
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (m *mark) UnmarshalJSONFrom(in *jsontext.Decoder) error {
	var kind, at, due string
	var calendar *string
	for _, into := range []any{nil, &kind, &at, &due, &m.Remaining, &calendar, &m.Procedure, &m.Basis, nil} {
		if err := readNext(in, into); err != nil {
			return err
		}
	}
	m.Kind, m.same = domain.MarkKind(kind), calendar == nil
	if calendar != nil {
		m.Calendar = *calendar
	}
	var errAt, errDue error
	m.At, errAt = readMoment(at)
	m.Due, errDue = readMoment(due)
	return errors.Join(errAt, errDue)
}

func readMoment(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	return time.Parse(time.RFC3339Nano, text)
}
