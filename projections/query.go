package projections

import (
	"time"

	"hoso/domain"
)

// Sort is the order of a search's hits.
type Sort string

// The orders; each is made total by the dossier's id.
const (
	SortSubmitted Sort = "submitted_at" // oldest first
	SortDue       Sort = "due_at"       // most urgent first, without due date last
	SortNewest    Sort = "-submitted_at"
)

// SearchQuery asks the search view. Empty fields do not narrow.
type SearchQuery struct {
	Text string // words of code, owner's or submitter's name, procedure; folded here
	// Within is the agency that every hit concerns, whatever else is asked: what
	// the requester may read. It is no filter, and facets never count beyond it.
	Within        string
	Statuses      []domain.Status
	Agencies      []string // any of: received, competent, current, place of collection
	Procedure     string
	Field         string // lĩnh vực, as the catalogue names it
	Channel       domain.Channel
	Clocks        []ClockState // at Now
	SubmittedFrom time.Time    // inclusive
	SubmittedTo   time.Time    // exclusive
	DueFrom       time.Time
	DueTo         time.Time
	Sort          Sort
	Limit         int    // 1 to 200; 0 means 50
	Cursor        string // Page.Next of the page before

	Facets []Facet // to be counted beside the page
	// Now is the moment that Clocks and FacetClock speak of, and Soon the one
	// before which a dossier is due soon.
	Now, Soon time.Time
}

// Page is a run of hits. Next is empty on the last page.
type Page struct {
	Hits     []DossierView `json:"hits"` // of searches and queues without what stands Behind
	Next     string        `json:"next,omitempty"`
	Position string        `json:"position"`         // the log position up to which the view has seen
	Facets   []FacetCounts `json:"facets,omitempty"` // those asked for, in that order
}

// TimesQuery asks for processing times.
type TimesQuery struct {
	By            []string // any of "procedure", "agency", "month" (of submission, Vietnam time)
	Procedure     string
	Agencies      []string
	SubmittedFrom time.Time
	SubmittedTo   time.Time
}

// TimesReport is the answer, one group unless asked by something.
type TimesReport struct {
	Groups   []TimesGroup `json:"groups"`
	Position string       `json:"position"`
	// WeeklyPatternOnly counts dossiers some of whose working minutes were
	// counted by the weekly pattern alone, because no calendar reaches there.
	WeeklyPatternOnly int `json:"weekly_pattern_only"`
}

// TimesGroup are the figures of one group of dossiers.
type TimesGroup struct {
	By            map[string]string `json:"by"`
	Received      int               `json:"received"`
	Decided       int               `json:"decided"`
	DecidedLate   int               `json:"decided_late"` // by dates, as settled at the decision
	Delivered     int               `json:"delivered"`
	DeliveredLate int               `json:"delivered_late"` // by instants
	Open          int               `json:"open"`
	Steps         []TimesStep       `json:"steps"`
}

// TimesStep is the time from one event to the next, named by the first.
type TimesStep struct {
	Step           string      `json:"step"` // event type without "dossier."
	Count          int         `json:"count"`
	WorkingMinutes Percentiles `json:"working_minutes"`
	WallSeconds    Percentiles `json:"wall_seconds"`
}

// Percentiles by the nearest-rank method.
type Percentiles struct {
	P50 int64 `json:"p50"`
	P90 int64 `json:"p90"`
	P99 int64 `json:"p99"`
}
