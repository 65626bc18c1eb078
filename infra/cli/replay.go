package cli

import (
	"time"

	"hoso/domain"
	"hoso/domain/calendar"
	"hoso/projections"
)

type replayCmd struct {
	Code     string  `arg:"" help:"The dossier's code, or its id in the source of an import."`
	Revision *uint64 `help:"Its state after the event with this revision (0 is the first)." placeholder:"N"`
	At       string  `help:"Its state at a time: 2026-11-22, 2026-11-22T15:04 (Viet Nam) or RFC 3339." placeholder:"TIME"`
	Axis     string  `help:"The time meant by --at: recorded (as it was known then) or occurred (when it happened)." enum:"recorded,occurred" default:"recorded"`
	JSON     bool    `help:"Answer as JSON." name:"json"`
}

// Help tells the fields of --json.
func (replayCmd) Help() string {
	return `It reads the log itself, checking each event's hash against the one before, beside a running server if need be. Exit code 1: no such dossier, or nothing of it at that revision or time.

--json gives {code, revision, head, state, events}: revision of the last event told, head the newest there is, state as of lookup --json, events [revision, position, type, at, recorded_at, by {role, agency, id}, vi, en, detail_vi, detail_en, text, erased].`
}

// replayDoc is replay --json.
type replayDoc struct {
	Code     string                      `json:"code"`
	Revision uint64                      `json:"revision"`
	Head     uint64                      `json:"head"`
	State    dossierDoc                  `json:"state"`
	Events   []projections.TimelineEntry `json:"events"`
}

// Run folds a dossier's history up to a moment.
func (c *replayCmd) Run(a *app) (err error) {
	when := projections.Moment{Revision: c.Revision, Axis: projections.Axis(c.Axis)}
	if c.At != "" {
		at, err := parseMoment(c.At)
		if err != nil {
			return err
		}
		when.At = &at
	}
	r, err := a.openReading()
	if err != nil {
		return err
	}
	defer r.closing(&err)
	id, err := r.find(a.ctx, c.Code)
	if err != nil {
		return err
	}
	past, err := projections.History{Feed: r.feed}.At(a.ctx, id, when)
	if err != nil {
		return err
	}
	doc := replayDoc{Code: past.Dossier.Code, Revision: past.Revision(), Head: past.Head, State: docOf(past), Events: []projections.TimelineEntry{}}
	for _, it := range past.Items {
		e := projections.EntryOf(it)
		e.VI, e.EN = domain.Title(e.Type)
		doc.Events = append(doc.Events, e)
	}
	if c.JSON {
		return a.document(doc)
	}
	for _, e := range doc.Events {
		a.printEvent(e)
	}
	a.printf("\n")
	a.printDossier(doc.State, past.Dossier)
	return nil
}

func (a *app) printEvent(e projections.TimelineEntry) {
	who := string(e.By.Role)
	if e.By.Agency != "" {
		who += " " + e.By.Agency
	}
	a.printf("%4d  %s  %s · %s (%s)\n", e.Revision, localTime(e.At), e.VI, e.EN, who)
	if e.DetailVI != "" {
		a.printf("      %s\n      %s\n", e.DetailVI, e.DetailEN)
	}
	switch {
	case e.Erased:
		a.printf("      [đã xóa · erased]\n")
	case e.Text != "":
		a.printf("      %q\n", e.Text)
	}
}

// parseMoment reads a time as people write it; a day means its end.
func parseMoment(s string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04"} {
		if t, err := time.ParseInLocation(layout, s, calendar.Zone); err == nil {
			return t, nil
		}
	}
	d, err := calendar.ParseDate(s)
	if err != nil {
		return time.Time{}, badInput("%q is no time: write 2026-11-22, 2026-11-22T15:04 or 2026-11-22T08:04:00Z", s)
	}
	return d.AddDays(1).Start().Add(-time.Nanosecond), nil
}

// parseDay reads a date; the zero time where there is none.
func parseDay(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	d, err := calendar.ParseDate(s)
	if err != nil {
		return time.Time{}, badInput("%q is no date: write it as 2026-11-22", s)
	}
	return d.Start(), nil
}
