package e2e

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

// folded is what the tests' own model makes of a dossier's events. It knows
// nothing of package domain: its rules are those of the field, read from the
// table of the ten statuses.
type folded struct {
	revision   int64
	code       string
	base       int    // the status under the pauses
	supplement string // the stage of the open guide; empty: none
	accepted   bool
	waiting    map[string]bool // obligations that processing waits for
	decidedAt  string
	outcome    string
}

// ends are the statuses after which nothing moves, but 9 to 10.
var ends = map[int]bool{3: true, 7: true, 8: true, 9: true, 10: true}

func (f *folded) status() int {
	switch {
	case ends[f.base]:
		return f.base
	case f.supplement != "":
		return 5
	case len(f.waiting) > 0:
		return 6
	}
	return f.base
}

// to moves to a status unless the dossier has ended.
func (f *folded) to(status int) {
	if !ends[f.base] || f.base == 9 && status == 10 {
		f.base = status
	}
}

// payload is all that the model reads of an event.
type payload struct {
	Stage      string `json:"stage"`
	Code       string `json:"code"`
	Obligation string `json:"obligation"`
	Waits      bool   `json:"waits"`
	Outcome    string `json:"outcome"`
}

func (f *folded) apply(t testing.TB, e rawEvent) {
	t.Helper()
	var p payload
	if err := json.Unmarshal(e.data, &p); err != nil {
		t.Fatalf("position %d: %v", e.position, err)
	}
	f.revision = e.revision
	switch strings.TrimPrefix(e.typ, "dossier.") {
	case "submitted":
		f.base, f.waiting = 1, map[string]bool{}
	case "numbered":
		f.code = p.Code
	case "accepted":
		f.accepted = true
		f.to(2)
	case "refused", "supplement_lapsed":
		f.to(3)
	case "routed", "progressed":
		f.to(4)
	case "returned_for_supplement":
		f.supplement = p.Stage
	case "supplemented":
		if f.supplement == "intake" && !f.accepted {
			f.to(1)
		} else if f.supplement != "" {
			f.to(4)
		}
		f.supplement = ""
	case "payment_requested":
		if p.Waits {
			f.waiting[p.Obligation] = true
		}
	case "paid", "payment_cancelled":
		delete(f.waiting, p.Obligation)
	case "withdrawn":
		f.to(7)
	case "stopped":
		f.to(8)
	case "decided":
		f.outcome, f.decidedAt = p.Outcome, e.recordedText
		f.to(9)
	case "delivered":
		f.to(10)
	}
}

// fold folds every dossier of a log.
func fold(t testing.TB, log []rawEvent) map[string]*folded {
	t.Helper()
	all := map[string]*folded{}
	for _, e := range log {
		id, ok := strings.CutPrefix(e.stream, "dossier-")
		if !ok {
			continue
		}
		if all[id] == nil {
			all[id] = &folded{revision: -1}
		}
		if e.revision != all[id].revision+1 {
			t.Fatalf("position %d: stream %s goes from revision %d to %d", e.position, e.stream, all[id].revision, e.revision)
		}
		all[id].apply(t, e)
	}
	return all
}
