package sqlite_test

import (
	"crypto/cipher"
	"log/slog"
	"os"
	"testing"
	"time"

	"hoso/commands"
	"hoso/domain"
	"hoso/domain/codec"
	"hoso/domain/eventlog/memory"
	"hoso/infra/sqlite"
	"hoso/infra/xes"
	"hoso/projections"
	"hoso/projections/viewtest"
)

// TestTimesOfTheRealLog imports the public log "receipt" and asks for the
// figures that a count over the file itself gives.
func TestTimesOfTheRealLog(t *testing.T) {
	const path = "../../../shared/data/eventlogs/receipt.xes.gz"
	file, err := os.Open(path)
	if err != nil {
		t.Skipf("needs %s, which stands beside the project and not in it: %v", path, err)
	}
	defer file.Close()
	log := memory.New()
	c := codec.Codec{Keys: func(domain.SubjectID) (cipher.AEAD, error) { return nil, codec.ErrErased }}
	cat, err := commands.OpenCatalogue(t.Context(), log, &c)
	if err != nil {
		t.Fatal(err)
	}
	mapping, err := xes.Load("receipt")
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC) }
	handler := commands.New(commands.Config{Log: log, Codec: &c, Catalogue: cat, Now: now})
	if _, err := xes.Import(t.Context(), xes.Options{Reader: file, Handler: handler, Mapping: mapping}); err != nil {
		t.Fatal(err)
	}

	quiet := slog.New(slog.DiscardHandler)
	views, err := sqlite.OpenViews(t.TempDir(), false, sqlite.ViewsOptions{Head: log.Head, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	defer views.Close()
	feed := projections.NewFeed(log, c, quiet)
	var runners []*projections.Runner
	for _, name := range viewtest.Names {
		runners = append(runners, projections.NewRunner(feed, views.Store(name), quiet))
	}
	if err := projections.Start(t.Context(), nil, runners...); err != nil {
		t.Fatal(err)
	}
	all, err := views.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, st := range all {
		if st.Parked != 0 || st.Lag != 0 {
			t.Errorf("%s: %d parked, lag %d", st.Projection, st.Parked, st.Lag)
		}
	}
	report, err := views.Times(t.Context(), projections.TimesQuery{})
	if err != nil || len(report.Groups) != 1 {
		t.Fatalf("%+v, %v", report, err)
	}
	g := report.Groups[0]
	if g.Received != 1434 || g.Delivered != 1329 || g.DeliveredLate != 377 || g.Decided != 1283 || g.DecidedLate != 56 {
		t.Errorf("received %d, delivered %d, late %d, decided %d, late %d; want 1434, 1329, 377, 1283, 56",
			g.Received, g.Delivered, g.DeliveredLate, g.Decided, g.DecidedLate)
	}
	if report.WeeklyPatternOnly == 0 {
		t.Error("no calendar of ours reaches the Netherlands in 2011, and it is not said")
	}
	if page, err := views.Search(t.Context(), projections.SearchQuery{Limit: 1}); err != nil || len(page.Hits) != 1 || page.Hits[0].SourceID == "" {
		t.Errorf("search answers %+v, %v", page, err)
	} else if v, ok, err := views.ByCode(t.Context(), domain.FoldCode(page.Hits[0].SourceID)); !ok || err != nil || v.ID != page.Hits[0].ID {
		t.Errorf("the source's id %q finds %v, %v, %v", page.Hits[0].SourceID, v.ID, ok, err)
	}
}
