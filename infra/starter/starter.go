// Package starter carries the catalogue a new installation begins with: real
// procedures, the 34 provinces, a few demo agencies and the holidays of 2024
// to 2027. SOURCES.md says where each comes from. Nothing reads these files but
// Publish, which turns them into events once; from then on the log alone counts.
package starter

import (
	"bytes"
	"embed"
	"fmt"

	"github.com/go-json-experiment/json"

	"hoso/domain"
	"hoso/domain/calendar"
)

//go:embed procedures.json provinces.json demo_agencies.json holidays.csv
var files embed.FS

// SaturdayMorning is the id of the calendar of desks that also open on
// Saturdays from 07:00 to 11:30, as the communal police do for residence.
const SaturdayMorning = "saturday-morning"

// DemoPrefix begins the codes of the demo agencies; no province has it.
const DemoPrefix = "H99"

// Set is the starter catalogue.
type Set struct {
	Calendars  []calendar.Definition
	Agencies   []domain.Agency
	Procedures []domain.Procedure
}

// Load reads the embedded files.
func Load() (Set, error) {
	var s Set
	calendars, err := loadCalendars()
	if err != nil {
		return s, err
	}
	s.Calendars = calendars
	for _, name := range []string{"provinces.json", "demo_agencies.json"} {
		var agencies []domain.Agency
		if err := read(name, &agencies); err != nil {
			return s, err
		}
		s.Agencies = append(s.Agencies, agencies...)
	}
	return s, read("procedures.json", &s.Procedures)
}

func read(name string, into any) error {
	data, err := files.ReadFile(name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into, json.RejectUnknownMembers(true)); err != nil {
		return fmt.Errorf("starter: %s: %w", name, err)
	}
	return nil
}

func loadCalendars() ([]calendar.Definition, error) {
	table, err := files.ReadFile("holidays.csv")
	if err != nil {
		return nil, err
	}
	days, err := calendar.ParseHolidays(bytes.NewReader(table))
	if err != nil {
		return nil, fmt.Errorf("starter: %w", err)
	}
	from, to, err := calendar.CoverYears(days)
	if err != nil {
		return nil, fmt.Errorf("starter: %w", err)
	}
	usual := calendar.Definition{
		ID: domain.DefaultCalendar, Name: "Giờ hành chính, thứ Hai đến thứ Sáu",
		Week: calendar.StandardWeek(), Days: days, CoversFrom: from, CoversTo: to,
	}
	saturday := usual
	saturday.ID, saturday.Name = SaturdayMorning, "Giờ hành chính và sáng thứ Bảy"
	saturday.Week[6] = []calendar.Span{{From: 7 * 60, To: 11*60 + 30}}
	return []calendar.Definition{saturday, usual}, nil
}
