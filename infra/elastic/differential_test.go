package elastic

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"reflect"
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
	for range 40 {
		p.times(rnd, all)
	}
	for range 20 {
		now := simFrom.Add(time.Duration(rnd.IntN(100*24)) * time.Hour)
		p.both(fmt.Sprintf("lapsed before %s", now), func(v viewtest.Views) (any, error) {
			return v.LapsedSupplements(t.Context(), now, 7)
		})
	}
	p.both("status", func(v viewtest.Views) (any, error) { return v.Status(t.Context()) })
	t.Logf("%d dossiers, %d questions, %d hits", len(all), p.asked, found)
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
	for cursors := [2]string{}; ; {
		page := p.searchFrom(projections.SearchQuery{Limit: 200}, &cursors)
		all = append(all, page.Hits...)
		if page.Next == "" {
			return all
		}
	}
}

// searchFrom asks for one page; the engines' cursors are their own.
func (p *pair) searchFrom(q projections.SearchQuery, cursors *[2]string) (page projections.Page) {
	p.Helper()
	got := p.both(fmt.Sprintf("search %+v", q), func(v viewtest.Views) (any, error) {
		i := 0
		if v == p.lite {
			i = 1
		}
		q.Cursor = cursors[i]
		page, err := v.Search(p.Context(), q)
		cursors[i] = page.Next
		page.Next = map[bool]string{true: "there is more"}[page.Next != ""]
		return page, err
	})
	return got.(projections.Page)
}

func (p *pair) search(q projections.SearchQuery) (found int) {
	p.Helper()
	cursors := [2]string{}
	for range 4 { // pages
		page := p.searchFrom(q, &cursors)
		if found += len(page.Hits); page.Next == "" {
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
		p.both("subject", func(v viewtest.Views) (any, error) {
			page, err := v.BySubject(ctx, who, 3, "")
			page.Next = map[bool]string{true: "there is more"}[page.Next != ""]
			return page, err
		})
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
		q.Agencies = []string{[]string{one.Agency, one.Competent, one.Current, one.Place}[rnd.IntN(4)]}
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
	q.Sort = []projections.Sort{"", projections.SortNewest, projections.SortSubmitted, projections.SortDue}[rnd.IntN(4)]
	q.Limit = []int{0, 1, 7, 200}[rnd.IntN(4)]
	return q
}
