package elastic

import (
	"fmt"
	"math/rand/v2"
	"time"

	"hoso/projections"
	"hoso/projections/viewtest"
)

// queues asks for the queues of an officer whom some dossier names, at some
// moment of the simulated time, page by page, and holds each against its count.
func (p *pair) queues(rnd *rand.Rand, all []projections.DossierView) {
	p.Helper()
	one := all[rnd.IntN(len(all))]
	q := projections.QueueQuery{Agency: one.Current, Officer: one.Assignee, Limit: []int{0, 3, 200}[rnd.IntN(3)]}
	if rnd.IntN(3) == 0 {
		q.Unit = one.Unit
	}
	q.Now = simFrom.Add(time.Duration(rnd.IntN(100*24*60)) * time.Minute)
	q.Soon = q.Now.Add(time.Duration(rnd.IntN(96)) * time.Hour)
	counts := p.both(fmt.Sprintf("queues %+v", q), func(v viewtest.Views) (any, error) { return v.QueueCounts(p.Context(), q) }).(projections.QueueCounts)
	for _, queue := range projections.Queues {
		q.Queue, q.Cursor = queue, ""
		found, whole := 0, false
		for range 5 { // pages
			page := p.both(fmt.Sprintf("queue %+v", q), func(v viewtest.Views) (any, error) { return v.Queue(p.Context(), q) }).(projections.Page)
			found += len(page.Hits)
			if q.Cursor = page.Next; q.Cursor == "" {
				whole = true
				break
			}
		}
		if p.queued += found; whole && found != counts.Counts[queue] || found > counts.Counts[queue] {
			p.Errorf("%+v holds %d dossiers and counts %d", q, found, counts.Counts[queue])
		}
	}
}
