package domain

import (
	"fmt"
	"time"

	"hoso/domain/calendar"
)

// ReturnForSupplement gives the one written guide with all that is missing
// (form 02). The clock pauses and keeps its remaining working minutes.
type ReturnForSupplement struct {
	Missing []string `json:"missing,omitempty"` // names from the procedure's list of components; these or the guide must be given
	Guide   string   `json:"guide,omitempty"`   // all else: it is sealed, names are public for ever
}

// CommandName names the command.
func (ReturnForSupplement) CommandName() string { return "return_for_supplement" }

// Decide answers returned_for_supplement, at intake before acceptance and at
// appraisal after it.
func (c ReturnForSupplement) Decide(d Dossier, env Env) ([]Event, error) {
	f := formOn(d)
	e := ReturnedForSupplement{
		Stage: AtIntake, Guide: f.personal("guide", c.Guide),
		Remaining: d.remaining(env), Until: supplementUntil(env),
	}
	if !d.AcceptedAt.IsZero() {
		e.Stage = AtAppraisal
	}
	f.list("missing", len(c.Missing))
	names := env.Rules.Procedure.componentNames()
	for i, m := range c.Missing {
		at := fmt.Sprintf("missing[%d].component", i)
		if len(names) == 0 {
			f.invalid(at, "chỉ nhận tên trong danh mục giấy tờ của thủ tục, mà thủ tục này không có danh mục: hãy ghi vào nội dung hướng dẫn (guide)",
				"takes names from the procedure's list, and this procedure has none: say it in the guide")
		}
		e.Missing = append(e.Missing, f.component(at, m, names))
	}
	if len(e.Missing) == 0 && e.Guide.IsZero() {
		f.missing("missing")
	}
	if d.Guides[e.Stage] >= max(1, env.Rules.Procedure.SupplementCap) {
		f.fail(ErrSupplementCap)
	}
	return f.answer(d, e)
}

// supplementUntil is the last second of the day by which the guide must be
// answered, rolled to a working day; nil where the procedure sets no limit.
func supplementUntil(env Env) *time.Time {
	days := env.Rules.Procedure.SupplementDays
	if days <= 0 {
		return nil
	}
	due := env.Rules.Reception.Due(env.Now, calendar.Duration{Quantity: min(days, calendar.MaxQuantity), Unit: calendar.CalendarDay})
	until := calendar.DateOf(due).AddDays(1).Start().Add(-time.Second).UTC()
	return &until
}
