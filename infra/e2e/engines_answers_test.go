package e2e

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"hoso/domain"
	"hoso/projections"
)

// everyAnswer asks views for everything about every dossier, and for searches
// and figures: questions with their answers, in which ids and log positions do
// not stand, so that two engines and two runs can be compared.
func everyAnswer(t *testing.T, v projections.Views) map[string]string {
	t.Helper()
	a := &answers{t: t, v: v, ctx: t.Context(), all: map[string]string{}}
	a.search("every dossier, oldest first", projections.SearchQuery{Sort: projections.SortSubmitted})
	a.found = slices.Clone(a.hits)
	a.search("every dossier, newest first", projections.SearchQuery{Sort: projections.SortNewest})
	a.search("every dossier, by due date", projections.SearchQuery{Sort: projections.SortDue})
	a.dossiers()
	a.searches()
	for _, by := range [][]string{nil, {"procedure"}, {"agency"}, {"month"}, {"procedure", "agency", "month"}} {
		a.times(projections.TimesQuery{By: by, SubmittedFrom: a.found[0].SubmittedAt, SubmittedTo: a.found[len(a.found)-1].SubmittedAt.Add(time.Second)})
	}
	return a.all
}

// exactly is up to how many dossiers every engine's percentiles are exact.
const exactly = 10_000

// times asks for figures. Of more dossiers than are counted exactly only the
// counts are compared, and then each half of the time; that an estimate is
// near enough, the engine's own tests show.
func (a *answers) times(q projections.TimesQuery) {
	a.t.Helper()
	report, err := a.v.Times(a.ctx, q)
	received := 0
	for _, g := range report.Groups {
		received += g.Received
	}
	if received > exactly {
		for _, g := range report.Groups {
			for i := range g.Steps {
				g.Steps[i].WorkingMinutes, g.Steps[i].WallSeconds = projections.Percentiles{}, projections.Percentiles{}
			}
		}
		first, second := q, q
		first.SubmittedTo = q.SubmittedFrom.Add(q.SubmittedTo.Sub(q.SubmittedFrom) / 2)
		second.SubmittedFrom = first.SubmittedTo
		a.times(first)
		a.times(second)
	}
	a.tell(fmt.Sprint("times by ", q.By, " from ", q.SubmittedFrom, " to ", q.SubmittedTo), report, err)
}

type answers struct {
	t   *testing.T
	v   projections.Views
	ctx context.Context

	mu    sync.Mutex
	all   map[string]string
	hits  []projections.DossierView // of the last search, all its pages
	found []projections.DossierView // every dossier, in an order of its own on each engine
}

func (a *answers) tell(question string, answer any, err error) {
	a.t.Helper()
	raw, fault := json.Marshal(answer, json.Deterministic(true))
	if err != nil || fault != nil {
		a.t.Errorf("%s: %v %v", question, err, fault)
		return
	}
	text := withoutIDs(withoutPositions(string(raw)))
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, twice := a.all[question]; twice {
		a.t.Errorf("%s is asked twice", question)
	}
	a.all[question] = text
}

// dossiers looks each dossier up by everything that it is found by.
func (a *answers) dossiers() {
	type task struct {
		projections.DossierView
		owner bool // ask for all of the owner's, too
	}
	work := make(chan task)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for d := range work {
				if d.owner {
					a.subject(d.DossierView)
				}
				d := d.DossierView
				one, ok, err := a.v.ByID(a.ctx, d.ID)
				a.tell(name(d)+" by id", []any{ok, one}, err)
				entries, err := a.v.Timeline(a.ctx, d.ID)
				a.tell(name(d)+" timeline", entries, err)
				one, ok, err = a.v.ByCode(a.ctx, domain.FoldCode(d.Code))
				a.tell(name(d)+" by code", []any{ok, one}, err)
				if d.SourceID != "" {
					one, ok, err = a.v.ByCode(a.ctx, domain.FoldCode(d.SourceID))
					a.tell(name(d)+" by source", []any{ok, one}, err)
				}
			}
		})
	}
	asked := map[uuid.UUID]bool{}
	for _, d := range byNames(a.found) {
		first := !asked[d.OwnerSubject] && len(asked) < 3000
		if first {
			asked[d.OwnerSubject] = true
		}
		work <- task{d, first}
	}
	close(work)
	wg.Wait()
}

// subject lists a person's dossiers.
func (a *answers) subject(of projections.DossierView) {
	a.t.Helper()
	var hits []projections.DossierView
	for cursor := ""; ; {
		page, err := a.v.BySubject(a.ctx, of.OwnerSubject, 200, cursor)
		hits = append(hits, page.Hits...)
		if cursor = page.Next; cursor == "" || err != nil {
			a.tell("the dossiers of the owner of "+name(of), byNames(hits), err)
			return
		}
	}
}

// searches narrows by what a few dossiers hold.
func (a *answers) searches() {
	sample := byNames(a.found)
	rnd := rand.New(rand.NewPCG(7, 7))
	rnd.Shuffle(len(sample), func(i, j int) { sample[i], sample[j] = sample[j], sample[i] })
	for _, d := range sample[:min(6, len(sample))] {
		words := strings.Fields(d.OwnerName + " " + d.ProcedureName)
		for _, q := range []projections.SearchQuery{
			{Text: name(d)}, {Text: d.OwnerName}, {Text: words[0] + " " + words[len(words)-1]},
			{Statuses: []domain.Status{d.Status}, Agencies: []string{d.Competent}, Sort: projections.SortDue},
			{Procedure: d.Procedure, SubmittedFrom: d.SubmittedAt, Text: words[len(words)/2]},
			{DueTo: d.DueAt, SubmittedTo: d.SubmittedAt, Agencies: []string{d.Agency, d.Current}},
		} {
			question := fmt.Sprintf("search %+v", q)
			if _, again := a.all[question]; !again {
				a.search(question, q)
			}
		}
	}
}

// search reads all pages. Hits that the order leaves open stand by their names.
func (a *answers) search(question string, q projections.SearchQuery) {
	a.t.Helper()
	key := func(d projections.DossierView) string {
		switch {
		case q.Sort != projections.SortDue:
			return d.SubmittedAt.UTC().String()
		case d.DueAt.IsZero():
			return ""
		}
		return d.DueAt.UTC().String()
	}
	a.hits = nil
	for q.Limit = 200; ; {
		page, err := a.v.Search(a.ctx, q)
		if err != nil {
			a.t.Errorf("%s: %v", question, err)
			return
		}
		a.hits = append(a.hits, page.Hits...)
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	sorted := make([]string, 0, len(a.hits))
	for from := 0; from < len(a.hits); {
		to := from + 1
		for to < len(a.hits) && key(a.hits[to]) == key(a.hits[from]) {
			to++
		}
		for _, d := range byNames(a.hits[from:to]) {
			raw, err := json.Marshal(d, json.Deterministic(true))
			if err != nil {
				a.t.Error(err)
			}
			document := sha256.Sum256([]byte(withoutIDs(withoutPositions(string(raw)))))
			sorted = append(sorted, fmt.Sprintf("%s %x", name(d), document[:4])) // the look-ups show it in full
		}
		from = to
	}
	a.tell(question, sorted, nil)
}

// name is what a dossier is called on every engine.
func name(d projections.DossierView) string { return cmp.Or(d.SourceID, d.Code) }

func byNames(some []projections.DossierView) []projections.DossierView {
	return slices.SortedFunc(slices.Values(some), func(x, y projections.DossierView) int { return strings.Compare(name(x), name(y)) })
}
