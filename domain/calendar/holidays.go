package calendar

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	holidayHeader   = "date,type,name_vi,source_confidence"
	maxHolidayBytes = 1 << 20
)

// holidayTypes are the values of the column type.
var holidayTypes = map[string]Day{
	"off":       {Kind: Off},
	"swap_off":  {Kind: Off},
	"expected":  {Kind: Off, Unconfirmed: true},
	"swap_work": {Kind: MakeUp},
}

// ParseHolidays reads a table of holidays, UTF-8 CSV of at most 1 MiB, and
// gives its days by date. The first line is
// "date,type,name_vi,source_confidence"; then one day a line:
//
//   - date: 2026-11-24, each once;
//   - type: off; swap_off (a bridge day, off); expected (off, unconfirmed until
//     announced); swap_work (a make-up day);
//   - name_vi: what the day is, in Vietnamese;
//   - source_confidence: free text; one that begins with "unverified" marks the
//     day unconfirmed.
//
// Blank lines, lines that begin with #, a byte order mark and CRLF are
// tolerated. An error is one line; it names the line of the file and says what
// to do.
func ParseHolidays(r io.Reader) ([]Day, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxHolidayBytes+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("holidays: read: %w", err)
	case len(data) > maxHolidayBytes:
		return nil, fmt.Errorf("holidays: larger than 1 MiB; give a table of one day a line")
	}
	rows := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))
	rows.Comment, rows.FieldsPerRecord, rows.TrimLeadingSpace = '#', -1, true
	if err := readHolidayHeader(rows); err != nil {
		return nil, err
	}
	var days []Day
	lines := map[Date]int{}
	for {
		fields, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, csvError(err)
		}
		line, _ := rows.FieldPos(0)
		if strings.TrimSpace(strings.Join(fields, "")) == "" { // a spreadsheet's empty row: ",,,"
			continue
		}
		day, err := parseHoliday(fields)
		if err != nil {
			return nil, fmt.Errorf("holidays: line %d: %w", line, err)
		}
		if first := lines[day.Date]; first > 0 {
			return nil, fmt.Errorf("holidays: line %d: %s is already on line %d; keep one of them", line, day.Date, first)
		}
		lines[day.Date] = line
		days = append(days, day)
	}
	if len(days) == 0 {
		return nil, fmt.Errorf("holidays: no days; write one a line below %s", holidayHeader)
	}
	slices.SortFunc(days, func(a, b Day) int { return a.Date.Compare(b.Date) })
	return days, nil
}

func readHolidayHeader(rows *csv.Reader) error {
	fields, err := rows.Read()
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("holidays: empty; begin with the line %s", holidayHeader)
	}
	if err != nil {
		return csvError(err)
	}
	for i := range fields {
		fields[i] = strings.TrimSpace(fields[i])
	}
	if !strings.EqualFold(strings.Join(fields, ","), holidayHeader) {
		line, _ := rows.FieldPos(0)
		return fmt.Errorf("holidays: line %d: the first line must be %s, separated by commas", line, holidayHeader)
	}
	return nil
}

func parseHoliday(fields []string) (Day, error) {
	if len(fields) != 4 {
		return Day{}, fmt.Errorf("%d columns instead of 4; put a text that holds commas in double quotes", len(fields))
	}
	for i, f := range fields {
		if !utf8.ValidString(f) {
			return Day{}, fmt.Errorf("not UTF-8; save the file as CSV UTF-8")
		}
		fields[i] = strings.Join(strings.Fields(f), " ")
	}
	date, err := ParseDate(fields[0])
	if err != nil {
		return Day{}, err
	}
	day, known := holidayTypes[fields[1]]
	if !known {
		return Day{}, fmt.Errorf("unknown type %q; write off, swap_off, expected or swap_work", fields[1])
	}
	if fields[2] == "" {
		return Day{}, fmt.Errorf("name_vi is empty; say what the day is, people read it beside their due date")
	}
	day.Date, day.Name = date, norm.NFC.String(fields[2])
	day.Unconfirmed = day.Unconfirmed || strings.HasPrefix(strings.ToLower(fields[3]), "unverified")
	return day, nil
}

// csvError words what encoding/csv found, with its line.
func csvError(err error) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		return fmt.Errorf("holidays: line %d: %w; put a text that holds quotes or commas in double quotes, and double the quotes in it", parse.Line, parse.Err)
	}
	return fmt.Errorf("holidays: %w", err)
}

// CoverYears gives the bounds for Definition.CoversFrom and CoversTo of a
// table that lists whole years: 1 January of the first to 31 December of the
// last. A year between without a day is an error, as is a table without days.
func CoverYears(days []Day) (from, to Date, err error) {
	years := map[int]bool{}
	for _, day := range days {
		years[day.Date.Year()] = true
	}
	if len(years) == 0 {
		return Date{}, Date{}, fmt.Errorf("holidays: no days, so no year is covered")
	}
	first, last := days[0].Date.Year(), days[0].Date.Year()
	for year := range years {
		first, last = min(first, year), max(last, year)
	}
	for year := first; year <= last; year++ {
		if !years[year] {
			return Date{}, Date{}, fmt.Errorf("holidays: the table reaches from %d to %d but has no day in %d; add that year", first, last, year)
		}
	}
	return NewDate(first, time.January, 1), NewDate(last, time.December, 31), nil
}
