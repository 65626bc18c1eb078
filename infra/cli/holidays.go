package cli

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/google/uuid"

	"hoso/commands"
	"hoso/domain"
	"hoso/domain/calendar"
)

type holidaysCmd struct {
	Add holidaysAddCmd `cmd:"" help:"Merge a table of holidays into the calendars, as new versions."`
}

type holidaysAddCmd struct {
	File     string   `arg:"" help:"CSV, UTF-8: date,type,name_vi,source_confidence." type:"path"`
	Calendar []string `help:"Only these calendars (default: all)." placeholder:"ID"`
	Replace  bool     `help:"The file lists its years whole: days of those years that it does not name are dropped."`
	JSON     bool     `help:"Answer as JSON." name:"json"`
}

// Help tells the format and the fields of --json.
func (holidaysAddCmd) Help() string {
	return `The first line is date,type,name_vi,source_confidence; then one day a line, e.g. 2028-01-01,off,Tết Dương lịch,official. Types: off; swap_off (bridge day); expected (off, marked unconfirmed); swap_work (make-up day). A day that the calendar has already is replaced by the file's. Due dates that were told before stay: they keep the version they were computed with. A server that has the folder open must be stopped first.

--json gives {calendars: [{id, version, changed, covers_from, covers_to, added, replaced, dropped}]}; the last three are lists of dates.`
}

// calendarChange is what the table did to one calendar.
type calendarChange struct {
	ID         string   `json:"id"`
	Version    string   `json:"version"`
	Changed    bool     `json:"changed"`
	CoversFrom string   `json:"covers_from"`
	CoversTo   string   `json:"covers_to"`
	Added      []string `json:"added"`
	Replaced   []string `json:"replaced"`
	Dropped    []string `json:"dropped"`
}

// Run publishes new versions of the calendars.
func (c *holidaysAddCmd) Run(a *app) (err error) {
	days, err := c.days()
	if err != nil {
		return err
	}
	if _, err := a.mustHaveLog(); err != nil {
		return err
	}
	s, err := a.openStack(stackOptions{})
	if err != nil {
		return err
	}
	defer s.closing(&err)
	ids := c.Calendar
	if len(ids) == 0 {
		ids = s.calendarIDs()
	}
	a.warnOfThinYears(days)
	var changes []calendarChange
	for _, id := range ids {
		cal, ok := s.catalogue.Calendar(id)
		if !ok {
			return badInput("there is no calendar %q; there are %v", id, s.calendarIDs())
		}
		def, change, err := merge(cal.Definition(), days, c.Replace)
		if err != nil {
			return badInput("%s: %s", c.File, err)
		}
		req := commands.Request{Actor: domain.Actor{Role: domain.Administrator, ID: "cli"}, ID: uuid.New()}
		if change.Changed, err = s.handler.Publish(a.ctx, req, domain.CalendarPublished{Calendar: def}); err != nil {
			return err
		}
		changes = append(changes, change)
	}
	if err := s.settleViews(a.ctx, a.progress("bringing the views up to date")); err != nil {
		return err
	}
	if c.JSON {
		return a.document(map[string]any{"calendars": changes})
	}
	for _, ch := range changes {
		a.printChange(ch)
	}
	return nil
}

func (c *holidaysAddCmd) days() ([]calendar.Day, error) {
	f, err := os.Open(c.File)
	if err != nil {
		return nil, badInput("%s", err)
	}
	defer f.Close()
	days, err := calendar.ParseHolidays(f)
	if err != nil {
		return nil, badInput("%s: %s", c.File, err)
	}
	return days, nil
}

// fewDays is fewer than any year of public holidays has.
const fewDays = 8

// warnOfThinYears tells of years that can hardly be whole: from now on they
// count as covered.
func (a *app) warnOfThinYears(days []calendar.Day) {
	perYear := map[int]int{}
	for _, d := range days {
		perYear[d.Date.Year()]++
	}
	for _, year := range slices.Sorted(maps.Keys(perYear)) {
		if n := perYear[year]; n < fewDays {
			a.tellf("hoso: the file names %d of the holidays of %d: if the calendars do not have the others yet, add them too", n, year)
		}
	}
}

// calendarIDs are the calendars that agencies go by.
func (s *stack) calendarIDs() []string {
	ids := []string{domain.DefaultCalendar}
	for _, agency := range s.catalogue.Agencies() {
		for _, id := range []string{agency.ReceptionCalendar, agency.ProcessingCalendar} {
			if id != "" && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// merge lays a table's days over a calendar's. The years of both must join:
// between them no year may be without a table.
func merge(def calendar.Definition, days []calendar.Day, replace bool) (calendar.Definition, calendarChange, error) {
	change := calendarChange{ID: def.ID, Added: []string{}, Replaced: []string{}, Dropped: []string{}}
	from, to, err := calendar.CoverYears(days)
	if err != nil {
		return def, change, err
	}
	if !def.CoversTo.IsZero() {
		if from.Year() > def.CoversTo.Year()+1 || to.Year() < def.CoversFrom.Year()-1 {
			return def, change, fmt.Errorf("the calendar %s has holidays from %s to %s; the years between them and %d–%d are missing: add those too", def.ID, def.CoversFrom, def.CoversTo, from.Year(), to.Year())
		}
	}
	given := map[calendar.Date]calendar.Day{}
	for _, d := range days {
		given[d.Date] = d
	}
	var merged []calendar.Day
	for _, old := range def.Days {
		d, named := given[old.Date]
		switch {
		case named && d != old:
			change.Replaced = append(change.Replaced, old.Date.String())
			merged = append(merged, d)
		case !named && replace && !old.Date.Before(from) && !old.Date.After(to):
			change.Dropped = append(change.Dropped, old.Date.String())
		default:
			merged = append(merged, old)
		}
		delete(given, old.Date)
	}
	for _, d := range days {
		if _, fresh := given[d.Date]; fresh {
			change.Added = append(change.Added, d.Date.String())
			merged = append(merged, d)
		}
	}
	slices.SortFunc(merged, func(a, b calendar.Day) int { return cmp.Compare(a.Date.String(), b.Date.String()) })
	def.Days = merged
	if def.CoversTo.IsZero() || from.Before(def.CoversFrom) {
		def.CoversFrom = from
	}
	if def.CoversTo.IsZero() || to.After(def.CoversTo) {
		def.CoversTo = to
	}
	cal, err := calendar.New(def)
	if err != nil {
		return def, change, err
	}
	change.Version, change.CoversFrom, change.CoversTo = cal.Version(), def.CoversFrom.String(), def.CoversTo.String()
	return def, change, nil
}

func (a *app) printChange(ch calendarChange) {
	if !ch.Changed {
		a.printf("%s: nothing new\n", ch.ID)
		return
	}
	a.printf("%s: version %s, holidays known from %s to %s\n", ch.ID, ch.Version, ch.CoversFrom, ch.CoversTo)
	for _, part := range []struct {
		what string
		days []string
	}{{"added", ch.Added}, {"replaced", ch.Replaced}, {"dropped", ch.Dropped}} {
		if len(part.days) > 0 {
			a.printf("  %s: %v\n", part.what, part.days)
		}
	}
}
