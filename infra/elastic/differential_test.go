package elastic

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/eventlog/memory"
	"hoso/infra/sqlite"
	"hoso/projections"
	"hoso/projections/viewtest"
)

// pair are the two engines with the same log.
type pair struct {
	*testing.T
	es, lite viewtest.Views
	asked    int
	queued   int // dossiers found in queues
	counted  int // values of facets
}

// TestSameAnswersAsSQLite asks both engines the same generated queries about
// the same simulated dossiers.
func TestSameAnswersAsSQLite(t *testing.T) {
	address := server(t)
	r := newRig(t, memory.New())
	es, err := Open(t.Context(), address, Options{Proofs: viewtest.Proofs(), Head: r.log.Head, Prefix: newPrefix(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer es.Close()
	lite, err := sqlite.OpenViews(t.TempDir(), false, sqlite.ViewsOptions{Proofs: viewtest.Proofs(), Head: r.log.Head})
	if err != nil {
		t.Fatal(err)
	}
	defer lite.Close()
	caughtUp := r.follow(es) // event by event, as the log grows
	r.simulate()
	caughtUp()
	r.follow(lite)() // built in one go
	p := &pair{T: t, es: es, lite: lite}
	all := p.everything()
	if len(all) < 100 {
		t.Fatalf("only %d dossiers", len(all))
	}
	rnd := rand.New(rand.NewPCG(5, 5))
	for range 150 {
		p.lookUps(all[rnd.IntN(len(all))])
	}
	found := 0
	for range 300 {
		found += p.search(query(rnd, all))
	}
	if found < 1000 {
		t.Errorf("the generated searches found %d dossiers in all: they ask for the wrong things", found)
	}
	for range 60 {
		p.queues(rnd, all)
	}
	if p.queued < 100 || p.counted < 1000 {
		t.Errorf("the generated questions found %d dossiers in queues and %d values of facets: they ask for the wrong things", p.queued, p.counted)
	}
	for range 40 {
		p.times(rnd, all)
	}
	for range 20 {
		now := simFrom.Add(time.Duration(rnd.IntN(100*24)) * time.Hour)
		p.both(fmt.Sprintf("lapsed before %s", now), func(v viewtest.Views) (any, error) {
			return v.LapsedSupplements(t.Context(), now, 7)
		})
	}
	p.both("status", func(v viewtest.Views) (any, error) {
		all, err := v.Status(t.Context())
		for i := range all {
			all[i].Writers = nil // who writes a file is whoever has it open
		}
		return all, err
	})
	t.Logf("%d dossiers, %d questions, %d hits, %d in queues, %d values of facets", len(all), p.asked, found, p.queued, p.counted)
}

// both asks both engines and compares.
func (p *pair) both(what string, ask func(viewtest.Views) (any, error)) any {
	p.Helper()
	p.asked++
	got, err := ask(p.es)
	want, wantErr := ask(p.lite)
	if domain.CodeOf(err) != domain.CodeOf(wantErr) || (err == nil) != (wantErr == nil) {
		p.Errorf("%s: Elasticsearch fails with %v, SQLite with %v", what, err, wantErr)
	}
	if !reflect.DeepEqual(got, want) {
		p.Errorf("%s:\nElasticsearch %+v\nSQLite        %+v", what, got, want)
	}
	return want
}

// everything pages through all dossiers.
func (p *pair) everything() (all []projections.DossierView) {
	for q := (projections.SearchQuery{Limit: 200}); ; {
		page := p.searchFrom(q)
		all = append(all, page.Hits...)
		if q.Cursor = page.Next; q.Cursor == "" {
			return all
		}
	}
}

// searchFrom asks for one page; the engines' cursors are the same.
func (p *pair) searchFrom(q projections.SearchQuery) projections.Page {
	p.Helper()
	return p.both(fmt.Sprintf("search %+v", q), func(v viewtest.Views) (any, error) { return v.Search(p.Context(), q) }).(projections.Page)
}

func (p *pair) search(q projections.SearchQuery) (found int) {
	p.Helper()
	for range 4 { // pages
		page := p.searchFrom(q)
		for _, f := range page.Facets {
			p.counted += len(f.Values)
		}
		found += len(page.Hits)
		if q.Cursor, q.Facets = page.Next, nil; q.Cursor == "" {
			break
		}
	}
	return found
}

func (p *pair) lookUps(d projections.DossierView) {
	p.Helper()
	ctx := p.Context()
	for _, key := range []string{domain.FoldCode(d.Code), domain.FoldCode(cmp.Or(d.SourceID, "nothing")), d.Code + "9"} {
		p.both("key "+key, func(v viewtest.Views) (any, error) { view, _, err := v.ByCode(ctx, key); return view, err })
	}
	p.both("id", func(v viewtest.Views) (any, error) { view, _, err := v.ByID(ctx, d.ID); return view, err })
	p.both("timeline", func(v viewtest.Views) (any, error) { return v.Timeline(ctx, d.ID) })
	for _, who := range []uuid.UUID{d.OwnerSubject, d.SubmitterSubject} {
		p.both("subject", func(v viewtest.Views) (any, error) { return v.BySubject(ctx, who, 3, "") })
	}
}

// query makes a search out of what the dossiers hold.
func query(rnd *rand.Rand, all []projections.DossierView) (q projections.SearchQuery) {
	one, other := all[rnd.IntN(len(all))], all[rnd.IntN(len(all))]
	some := func(n int) bool { return rnd.IntN(n) == 0 }
	if some(2) {
		words := []rune(cmp.Or([]string{one.OwnerName, one.SubmitterName, one.ProcedureName, one.Code, domain.FoldCode(one.Code), one.Procedure, "không có ai"}[rnd.IntN(7)], "x"))
		q.Text = string(words[:1+rnd.IntN(len(words))])
		if some(8) {
			q.Text = " *" + q.Text + `" -- ?`
		}
	}
	if some(3) {
		q.Statuses = []domain.Status{one.Status, other.Status}
	}
	if some(3) {
		q.Agencies = []string{[]string{one.Agency, one.Competent, one.Current, cmp.Or(one.Place, other.Agency), ""}[rnd.IntN(5)]}
	}
	if some(4) {
		q.Procedure = one.Procedure
	}
	if some(3) {
		q.SubmittedFrom, q.SubmittedTo = one.SubmittedAt, other.SubmittedAt
	}
	if some(4) {
		q.DueFrom = one.DueAt
	}
	if some(4) {
		q.DueTo = other.DueAt
	}
	if some(3) {
		q.Within = other.Current
	}
	if some(6) {
		q.Channel = one.Channel
	}
	if some(4) {
		q.Clocks = projections.ClockStates[rnd.IntN(6):]
	}
	if some(2) {
		q.Facets = slices.Clone(projections.Facets)
		rnd.Shuffle(6, func(i, j int) { q.Facets[i], q.Facets[j] = q.Facets[j], q.Facets[i] })
		q.Facets = q.Facets[:1+rnd.IntN(6)]
	}
	q.Now = simFrom.Add(time.Duration(rnd.IntN(100*24*60)) * time.Minute)
	q.Soon = q.Now.Add(time.Duration(rnd.IntN(96)) * time.Hour)
	q.Sort = []projections.Sort{"", projections.SortNewest, projections.SortSubmitted, projections.SortDue}[rnd.IntN(4)]
	q.Limit = []int{0, 1, 7, 200}[rnd.IntN(4)]
	return q
}
