package projections

import (
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"hoso/domain"
)

// AppendEntry appends an entry as timelines keep it: a list without names,
// because a dossier has a dozen of them and names would be half of each. In it:
// revision, position, at, recorded at ("" where the same), type, role, agency and
// id of who did it, details in Vietnamese and English, text, and 1 where something
// of it was erased, else 0. Titles are left out: they are the program's.
// Written by hand because a rebuild does it for every event of the log.
func AppendEntry(b []byte, e TimelineEntry) ([]byte, error) {
	o := jsonOut{b: b}
	o.open('[')
	o.uint(e.Revision)
	o.text(e.Position)
	o.moment(e.At.UTC())
	if e.RecordedAt.Equal(e.At) {
		o.text("")
	} else {
		o.moment(e.RecordedAt.UTC())
	}
	for _, text := range [...]string{e.Type, string(e.By.Role), e.By.Agency, e.By.ID, e.DetailVI, e.DetailEN, e.Text} {
		o.text(text)
	}
	if e.Erased {
		o.uint(1)
	} else {
		o.uint(0)
	}
	o.close(']')
	if o.err != nil {
		return nil, fmt.Errorf("timeline: %w", o.err)
	}
	return o.b, nil
}

// ReadEntries reads a list of what AppendEntry made, and puts the titles in.
func ReadEntries(list []byte) ([]TimelineEntry, error) {
	var kept []keptEntry
	if err := json.Unmarshal(list, &kept); err != nil {
		return nil, fmt.Errorf("timeline: %w", err)
	}
	entries := make([]TimelineEntry, len(kept))
	for i, k := range kept {
		entries[i] = TimelineEntry(k)
		entries[i].VI, entries[i].EN = domain.Title(k.Type)
	}
	return entries, nil
}

type keptEntry TimelineEntry

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (e *keptEntry) UnmarshalJSONFrom(in *jsontext.Decoder) error {
	var recorded string
	var erased int
	for _, into := range []any{
		nil, &e.Revision, &e.Position, &e.At, &recorded, &e.Type, &e.By.Role, &e.By.Agency, &e.By.ID,
		&e.DetailVI, &e.DetailEN, &e.Text, &erased, nil,
	} {
		if err := readNext(in, into); err != nil {
			return err
		}
	}
	var err error
	if e.RecordedAt, err = readMoment(recorded); recorded == "" {
		e.RecordedAt = e.At
	}
	e.Erased = erased == 1
	return err
}

// readNext reads the next value of a list; nil stands for a bracket.
func readNext(in *jsontext.Decoder, into any) error {
	if into == nil {
		_, err := in.ReadToken()
		return err
	}
	return json.UnmarshalDecode(in, into)
}
