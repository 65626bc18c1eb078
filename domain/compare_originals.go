package domain

import "fmt"

// CompareOriginals holds the dossier against the originals. Match counts where
// no component is named; else all of them must match.
type CompareOriginals struct {
	Components []ComparisonInput `json:"components,omitempty"`
	Match      bool              `json:"match,omitempty"`
}

// ComparisonInput is one component compared, as typed.
type ComparisonInput struct {
	Component string `json:"component"`
	Match     bool   `json:"match"`
	Note      string `json:"note,omitempty"`
}

// CommandName names the command.
func (CompareOriginals) CommandName() string { return "compare_originals" }

// Decide answers originals_compared. It may be done again until the result is
// delivered or cancelled; the last comparison holds.
func (c CompareOriginals) Decide(d Dossier, _ Env) ([]Event, error) {
	f := formOn(d)
	f.list("components", len(c.Components))
	e := OriginalsCompared{Match: c.Match || len(c.Components) > 0}
	for i, in := range c.Components {
		at := fmt.Sprintf("components[%d].", i)
		e.Components = append(e.Components, Comparison{
			Component: f.required(at+"component", in.Component, MaxName), Match: in.Match, Note: f.personal(at+"note", in.Note),
		})
		e.Match = e.Match && in.Match
	}
	return f.answer(d, e)
}
