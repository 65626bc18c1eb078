// Package xes imports event logs in the XES format (IEEE 1849): a streaming
// reader, mappings from a log's activities and attributes to dossier events,
// and the import itself.
package xes

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"iter"
)

// Read yields the cases of a log, one at a time and in the file's order, from
// plain XML, gzip or zip. Memory is bounded by the largest case, which is
// limited. An error is yielded last: *InputError, whatever the cause.
func Read(src io.Reader) iter.Seq2[Trace, error] {
	return func(yield func(Trace, error) bool) {
		r := &reader{line: 1}
		plain, err := unpack(src)
		if err != nil {
			yield(Trace{}, r.explain(err))
			return
		}
		r.in = &input{r: plain}
		r.xml = xml.NewDecoder(r.in)
		r.xml.CharsetReader = charset
		for {
			t, err := r.trace()
			if errors.Is(err, errEnd) {
				return
			}
			if err != nil {
				yield(Trace{}, r.explain(err))
				return
			}
			r.after = t.Attributes.Text("concept:name")
			if !yield(t, nil) {
				return
			}
		}
	}
}

// errEnd is the end of a whole log.
var errEnd = errors.New("end of the log")

// reader walks over the tags of a log.
type reader struct {
	in    *input
	xml   *xml.Decoder
	open  []xml.Name // elements open at this moment
	ended bool       // the root was closed

	cases  int    // cases begun
	after  string // id of the last whole case
	inCase bool
	began  int64 // byte at which the present case begins
	line   int   // where the present tag begins
	offset int64
}

// trace reads on to the end of the next case.
func (r *reader) trace() (Trace, error) {
	for {
		start, _, err := r.tag()
		if err != nil {
			return Trace{}, err
		}
		switch {
		case start == nil:
		case len(r.open) == 1 && start.Name.Local != "log":
			return Trace{}, fmt.Errorf("this is no XES log: its root is <%s>, not <log>", start.Name.Local)
		case len(r.open) == 2 && start.Name.Local == "trace":
			return r.readCase()
		case len(r.open) == 2 && start.Name.Local == "event":
			return Trace{}, errors.New("an event stands outside every case; an import needs each in its <trace>")
		}
	}
}

func (r *reader) readCase() (Trace, error) {
	r.cases++
	r.inCase, r.began = true, r.offset
	t := Trace{Number: r.cases, Line: r.line, Offset: r.offset}
	for {
		start, end, err := r.tag()
		switch {
		case err != nil:
			return t, err
		case end:
			r.inCase = false
			t.Size = r.xml.InputOffset() - r.began
			return t, nil
		case start.Name.Local == "event":
			e := Event{Line: r.line}
			if e.Attributes, err = r.attributes(); err != nil {
				return t, err
			}
			t.Events = append(t.Events, e)
		default:
			a, err := r.attribute(*start)
			if err != nil {
				return t, err
			}
			t.Attributes = append(t.Attributes, a)
		}
	}
}

// attributes reads the attributes within the open element up to its end.
func (r *reader) attributes() (Attributes, error) {
	var out Attributes
	for {
		start, end, err := r.tag()
		switch {
		case err != nil:
			return nil, err
		case end:
			return out, nil
		case start.Name.Local == "values": // the members of a list
			members, err := r.attributes()
			if err != nil {
				return nil, err
			}
			out = append(out, members...)
		default:
			a, err := r.attribute(*start)
			if err != nil {
				return nil, err
			}
			out = append(out, a)
		}
	}
}

func (r *reader) attribute(start xml.StartElement) (Attribute, error) {
	a := Attribute{Kind: start.Name.Local}
	var hasKey, hasValue bool
	for _, x := range start.Attr {
		switch x.Name.Local {
		case "key":
			a.Key, hasKey = x.Value, true
		case "value":
			a.Value, hasValue = x.Value, true
		}
	}
	switch a.Kind {
	case "string", "date", "int", "float", "boolean", "id":
		if !hasValue {
			return a, fmt.Errorf("<%s key=%q> has no value", a.Kind, a.Key)
		}
	case "list", "container":
	default:
		return a, fmt.Errorf("<%s> is no attribute of XES", a.Kind)
	}
	if !hasKey {
		return a, fmt.Errorf("a <%s> has no key", a.Kind)
	}
	var err error
	a.Nested, err = r.attributes()
	return a, err
}

// tag gives the next start, or tells that the open element ended; what stands
// between tags is passed by.
func (r *reader) tag() (start *xml.StartElement, end bool, err error) {
	for {
		r.line, _ = r.xml.InputPos()
		r.offset, r.in.token = r.xml.InputOffset(), r.in.taken
		if r.inCase && r.offset-r.began > maxCase {
			return nil, false, errors.New("the case is larger than 32 MiB; split it or leave out what the mapping does not need")
		}
		token, err := r.xml.RawToken()
		if err != nil {
			return nil, false, r.atEnd(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			return &token, false, r.push(token.Name)
		case xml.EndElement:
			return nil, true, r.pop(token.Name)
		}
	}
}

// atEnd tells a whole log's end from one that is cut off.
func (r *reader) atEnd(err error) error {
	switch {
	case !errors.Is(err, io.EOF):
		return err
	case r.ended:
		return errEnd
	case len(r.open) == 0:
		return errors.New("this is no XES log: it holds no <log>")
	}
	return io.ErrUnexpectedEOF
}

func (r *reader) push(name xml.Name) error {
	if r.ended {
		return fmt.Errorf("<%s> follows the end of the log", name.Local)
	}
	if len(r.open) == maxDepth {
		return fmt.Errorf("more than %d elements are nested", maxDepth)
	}
	r.open = append(r.open, name)
	return nil
}

func (r *reader) pop(name xml.Name) error {
	last := len(r.open) - 1
	if last < 0 || r.open[last] != name {
		return fmt.Errorf("not well-formed XML: </%s> closes nothing that is open", name.Local)
	}
	r.open = r.open[:last]
	r.ended = last == 0
	return nil
}

func (r *reader) explain(err error) error {
	e := &InputError{Line: r.line, Offset: r.offset, Why: why(err), Err: err}
	if r.cases > 0 {
		e.After = r.after
	}
	switch {
	case r.inCase:
		e.Case = r.cases
	case r.cases > 0:
		e.Case = r.cases + 1
	}
	return e
}
