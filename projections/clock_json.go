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
	Due       time.Time `json:"due,omitzero"`
	Remaining int       `json:"remaining,omitzero"`
	Paused    bool      `json:"paused,omitzero"`
	Overdue   bool      `json:"overdue,omitzero"`
	Calendar  string    `json:"calendar,omitempty"`
	Marks     []mark    `json:"marks,omitempty"`
}

type mark struct {
	domain.Mark
	same bool // Calendar is that of the mark before
}

// MarshalJSONTo implements json.MarshalerTo.
func (c Clock) MarshalJSONTo(out *jsontext.Encoder) error {
	doc := clockDoc{c.Due, c.Remaining, c.Paused, c.Overdue, c.Calendar, make([]mark, len(c.Marks))}
	for i, m := range c.Marks {
		doc.Marks[i] = mark{m, i > 0 && m.Calendar == c.Marks[i-1].Calendar}
	}
	return json.MarshalEncode(out, &doc)
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

// MarshalJSONTo implements json.MarshalerTo.
func (m mark) MarshalJSONTo(out *jsontext.Encoder) error {
	calendar := jsontext.String(m.Calendar)
	if m.same {
		calendar = jsontext.Null
	}
	for _, token := range [...]jsontext.Token{
		jsontext.BeginArray, jsontext.String(string(m.Kind)), moment(m.At), moment(m.Due), jsontext.Int(int64(m.Remaining)),
		calendar, jsontext.String(m.Procedure), jsontext.String(m.Basis), jsontext.EndArray,
	} {
		if err := out.WriteToken(token); err != nil {
			return err
		}
	}
	return nil
}

// moment is a time as JSON, empty for none.
func moment(t time.Time) jsontext.Token {
	if t.IsZero() {
		return jsontext.String("")
	}
	return jsontext.String(t.Format(time.RFC3339Nano))
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
