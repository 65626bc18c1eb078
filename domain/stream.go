package domain

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"hoso/domain/calendar"
)

// RootStream holds the signed roots of the log.
const RootStream = "roots"

// DossierPrefix begins the name of every dossier stream.
const DossierPrefix = "dossier-"

// DossierStream names a dossier's stream.
func DossierStream(id uuid.UUID) string { return DossierPrefix + id.String() }

// DossierIDOf gives the dossier whose stream has this name; false for other streams.
func DossierIDOf(stream string) (uuid.UUID, bool) {
	rest, found := strings.CutPrefix(stream, DossierPrefix)
	id, err := uuid.Parse(rest)
	if !found || err != nil || id.String() != rest {
		return uuid.UUID{}, false
	}
	return id, true
}

// CounterStream names the counter of an agency's day, as CodeDay gives it.
// Appending to it is drawing a number.
func CounterStream(agency, day string) string { return "codes-" + agency + "-" + day }

// CodeDay is the day of a dossier's code: yymmdd in Viet Nam.
func CodeDay(submitted time.Time) string { return submitted.In(calendar.Zone).Format("060102") }

// SubjectStream names the stream of a person's erasure.
func SubjectStream(id SubjectID) string { return "subject-" + id.String() }

// ProcedureStream names the stream of a procedure's versions.
func ProcedureStream(code string) string { return "procedure-" + code }

// AgencyStream names the stream of an agency's versions.
func AgencyStream(code string) string { return "agency-" + code }

// CalendarStream names the stream of a calendar's versions.
func CalendarStream(id string) string { return "calendar-" + id }
