package http

import (
	"time"

	"hoso/domain"
	"hoso/domain/calendar"
	"hoso/http/api"
	"hoso/projections"
)

// page is what the templates show.
type page struct {
	Lang    lang
	Switch  string // where the other language of this page is
	Heading string
	Error   string

	Code  string // as typed, or the dossier's own
	Proof string // only where it matched, so that the language can be switched

	Found    api.Lookup
	Proven   bool
	Tone     string // of the status: going, waiting, good or ended
	Steps    []step
	Overdue  bool
	Statuses []statusWords
}

// Say picks the text in the page's language.
func (p page) Say(vi, en string) string { return p.Lang.say(vi, en) }

// Text picks one of a pair of texts.
func (p page) Text(t api.Text) string { return p.Lang.say(t.Vi, t.En) }

// Other is the language the page can be switched to.
func (p page) Other() lang {
	if p.Lang == english {
		return vietnamese
	}
	return english
}

// Moment writes an instant in Vietnam time.
func (p page) Moment(t time.Time) string { return p.Say(momentVI(t), momentEN(t)) }

// Clock is the time of day of an instant in Vietnam time.
func (p page) Clock(t time.Time) string { return t.In(calendar.Zone).Format("15:04") }

// Day is the date of an instant in Vietnam time.
func (p page) Day(t time.Time) string {
	return p.Say(t.In(calendar.Zone).Format("02/01/2006"), t.In(calendar.Zone).Format("2 January 2006"))
}

// ISO is an instant as machines read it.
func (p page) ISO(t time.Time) string { return t.In(calendar.Zone).Format(time.RFC3339) }

// Money writes an amount.
func (p page) Money(amount int64, currency string) string { return p.Lang.money(amount, currency) }

func (p *page) fill(found api.Lookup, v projections.DossierView, now time.Time) {
	p.Found, p.Proven = found, found.Details.Timeline != nil
	p.Tone, p.Steps = toneOf(v), stepsOf(v)
	p.Overdue = !v.Status.Ended() && !v.Paused && !found.DueAt.IsZero() && now.After(found.DueAt)
}

func toneOf(v projections.DossierView) string {
	switch v.Status {
	case domain.StatusSupplement, domain.StatusPayment:
		return "waiting"
	case domain.StatusNotAccepted, domain.StatusWithdrawn, domain.StatusStopped:
		return "ended"
	case domain.StatusDecided, domain.StatusDelivered:
		if v.ResultCancelled {
			return "ended"
		}
		return "good"
	}
	return "going"
}

// step is one of the five steps that every dossier takes.
type step struct {
	VI, EN string
	State  string // done, now, stopped or ahead
}

// stepsOf tells how far a dossier has come.
func stepsOf(v projections.DossierView) []step {
	steps := []step{
		{VI: "Nộp hồ sơ", EN: "Submitted"}, {VI: "Tiếp nhận", EN: "Accepted"},
		{VI: "Giải quyết", EN: "In process"}, {VI: "Có kết quả", EN: "Decided"}, {VI: "Trả kết quả", EN: "Result delivered"},
	}
	var reached int // the step that goes on now
	switch {
	case v.Status == domain.StatusDelivered:
		reached = 5
	case !v.DecidedAt.IsZero():
		reached = 4
	case !v.AcceptedAt.IsZero():
		reached = 2
	default:
		reached = 1
	}
	for i := range steps {
		switch {
		case i < reached:
			steps[i].State = "done"
		case i == reached && v.Status.Ended() && v.Status != domain.StatusDecided || i == reached && v.ResultCancelled:
			steps[i].State = "stopped"
		case i == reached:
			steps[i].State = "now"
		default:
			steps[i].State = "ahead"
		}
	}
	return steps
}

// statusWords is a status as the help page tells it.
type statusWords struct {
	Number int
	VI, EN string
}

func statusList() []statusWords {
	var out []statusWords
	for st := domain.StatusSubmitted; st <= domain.StatusDelivered; st++ {
		out = append(out, statusWords{int(st), st.VI(), st.EN()})
	}
	return out
}
