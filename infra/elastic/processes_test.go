package elastic

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"
	"github.com/go-json-experiment/json/jsontext"

	"hoso/domain"
	"hoso/domain/eventlog"
	"hoso/projections"
	"hoso/projections/projtest"
	"hoso/projections/viewtest"
)

// twoProcesses follow one log on one place.
type twoProcesses struct {
	*testing.T
	w    *projtest.World
	at   time.Time
	a, b *viewtest.Side // a writes the timeline, b stands by there
}

func startTwo(t *testing.T, wrap func(http.RoundTripper) http.RoundTripper) *twoProcesses {
	open := opener(newPrefix(t), server(t), func(o *Options) { o.wrap = wrap })
	p := &twoProcesses{T: t, w: viewtest.NewWorld(t)}
	p.at = p.w.Lives(1, viewtest.Start, 0, 6)
	sides := []*viewtest.Side{viewtest.Started(t, p.w, "p", open), viewtest.Started(t, p.w, "p", open)}
	for _, s := range sides {
		t.Cleanup(s.Follow())
	}
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		turns := [2]int{}
		p.a, p.b = nil, nil
		for i, s := range sides {
			for _, name := range viewtest.Names {
				if s.Views.Store(name).Turn(true) != nil {
					turns[i]++
				}
			}
			if s.Views.Store(projections.TimelineProjection).Turn(true) != nil {
				p.a = s
			} else {
				p.b = s
			}
		}
		if turns == [2]int{2, 2} && p.a != nil && p.b != nil {
			return p
		}
		if time.Since(began) > time.Minute {
			t.Fatalf("after a minute they hold %v partitions", turns)
		}
	}
}

func (p *twoProcesses) progress(n int) {
	p.w.Append(projtest.Stream(projtest.ID("dossier", n)), p.at, domain.Progressed{Title: "Việc mới"})
}

func timelineOf(s *viewtest.Side) *projections.Runner { return s.Runners[2] }

// whole expects the timeline to hold every event of every dossier.
func (p *twoProcesses) whole() {
	p.Helper()
	p.b.CaughtUp()
	for n := range 6 {
		id := projtest.ID("dossier", n)
		items, err := p.b.Feed.Replay(p.Context(), id, eventlog.Position{Commit: 1 << 40, Prepare: 1 << 40})
		got, fault := p.b.Views.Timeline(p.Context(), id)
		if err != nil || fault != nil || len(got) != len(items) {
			p.Errorf("of dossier %d the timeline has %d lines, %v, the log %d events, %v", n, len(got), fault, len(items), err)
		}
	}
}

// TestRebuiltTwiceElsewhere: the writer's index is gone when it wakes.
func TestRebuiltTwiceElsewhere(t *testing.T) {
	p := startTwo(t, nil)
	p.progress(1)
	p.a.CaughtUp()
	for range 2 {
		if err := timelineOf(p.b).Rebuild(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	}
	p.progress(1)
	p.progress(2)
	p.whole()
}

// TestStandByOperates: who stands by operates the view that serves now, and
// keeps what operators set aside.
func TestStandByOperates(t *testing.T) {
	p := startTwo(t, nil)
	for range 2 {
		if err := timelineOf(p.a).Rebuild(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		if err := timelineOf(p.b).Park(t.Context(), projtest.ID("dossier", 2), "x"); err != nil {
			t.Errorf("at the stand-by: %v", err)
		}
	}
	if err := timelineOf(p.a).Park(t.Context(), projtest.ID("dossier", 3), "x"); err != nil {
		t.Errorf("at the writer: %v", err)
	}
	if err := timelineOf(p.b).Rebuild(t.Context(), nil); err != nil {
		t.Errorf("rebuild at the stand-by: %v", err)
	}
	for _, s := range []*viewtest.Side{p.a, p.b} {
		if parked, err := timelineOf(s).Parked(t.Context()); len(parked) != 2 || err != nil {
			t.Errorf("%d are set aside, %v; want 2", len(parked), err)
		}
	}
}

// TestExchangedAndDied: whoever exchanged the views could not mark the one
// before; its writer finds out all the same.
func TestExchangedAndDied(t *testing.T) {
	var die atomic.Bool
	p := startTwo(t, func(through http.RoundTripper) http.RoundTripper {
		return between(func(r *http.Request) (*http.Response, error) {
			if die.Load() && r.Method == "PUT" && strings.Contains(r.URL.Path, "timeline") && strings.HasSuffix(r.URL.Path, "000001/_doc/state") {
				return nil, http.ErrServerClosed
			}
			return through.RoundTrip(r)
		})
	})
	die.Store(true)
	if err := timelineOf(p.b).Rebuild(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	die.Store(false)
	for n := range 5 {
		p.progress(n)
	}
	p.whole()
}

// TestErasureAfterARollBackElsewhere: the writer has not heard of the roll-back
// when a person is erased; the serving index stays, and the person goes.
func TestErasureAfterARollBackElsewhere(t *testing.T) {
	p := startTwo(t, nil)
	if err := timelineOf(p.a).Rebuild(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	p.progress(1)
	p.a.CaughtUp()
	if err := timelineOf(p.b).RollBack(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.w.Append(projtest.Stream(projtest.ID("dossier", 3)), p.at, domain.Redacted{Subject: projtest.Person(3).Subject})
	p.whole()
	if left := p.stored("bí mật số 3"); len(left) > 0 {
		t.Errorf("the erased person stands in %v", left)
	}
}

// stored lists the indexes with a document that holds a text.
func (p *twoProcesses) stored(text string) (in []string) {
	p.Helper()
	v := p.a.Views.(*Views)
	var found struct {
		Hits struct {
			Hits []struct {
				Index  string         `json:"_index"`
				Source jsontext.Value `json:"_source"`
			} `json:"hits"`
		} `json:"hits"`
	}
	all := []string{v.opt.Prefix + "-*"}
	if err := v.es.write(p.Context(), esapi.IndicesRefreshRequest{Index: all}, nil); err != nil {
		p.Fatal(err)
	}
	size := 1000
	if err := v.es.read(p.Context(), esapi.SearchRequest{Index: all, Size: &size}, &found); err != nil {
		p.Fatal(err)
	}
	for _, hit := range found.Hits.Hits {
		if strings.Contains(string(hit.Source), text) {
			in = append(in, hit.Index)
		}
	}
	return in
}

// TestErasureOfOneSetAsideByHand: it was set aside before events that a rebuild
// has folded into the view.
func TestErasureOfOneSetAsideByHand(t *testing.T) {
	p := startTwo(t, nil)
	id := projtest.ID("dossier", 3)
	for _, r := range p.a.Runners {
		if err := r.Park(t.Context(), id, "x"); err != nil {
			t.Fatal(err)
		}
	}
	p.progress(3)
	p.progress(3)
	if err := projections.Rebuild(t.Context(), nil, p.a.Runners...); err != nil {
		t.Fatal(err)
	}
	if len(p.stored("bí mật số 3")) == 0 {
		t.Fatal("nothing holds the person before: the test looks for the wrong thing")
	}
	p.w.Append(projtest.Stream(id), p.at, domain.Redacted{Subject: projtest.Person(3).Subject})
	p.a.CaughtUp()
	for _, text := range []string{"Mẫu Số3", "bí mật số 3"} {
		if left := p.stored(text); len(left) > 0 {
			t.Errorf("%q stands in %v", text, left)
		}
	}
}

// TestTakenBackBesideABatch: an operator of another process takes a dossier
// back while a batch that passes it by is on its way.
func TestTakenBackBesideABatch(t *testing.T) {
	var hold atomic.Bool
	release, held := make(chan struct{}), make(chan struct{}, 1)
	p := startTwo(t, func(through http.RoundTripper) http.RoundTripper {
		return between(func(r *http.Request) (*http.Response, error) {
			if strings.Contains(r.URL.Path, "timeline") && strings.HasSuffix(r.URL.Path, "_bulk") && hold.CompareAndSwap(true, false) {
				held <- struct{}{}
				<-release
			}
			return through.RoundTrip(r)
		})
	})
	id := projtest.ID("dossier", 3)
	if err := timelineOf(p.b).Park(t.Context(), id, "x"); err != nil {
		t.Fatal(err)
	}
	p.progress(1)
	p.a.CaughtUp()
	hold.Store(true)
	p.progress(3)
	p.progress(1)
	<-held
	if reason, err := timelineOf(p.b).Unpark(t.Context(), id); err != nil || reason != "" {
		t.Fatal(reason, err)
	}
	close(release)
	p.whole()
}

// TestABusyServerIsNoMissingView: reads that are refused at a start build nothing anew.
func TestABusyServerIsNoMissingView(t *testing.T) {
	var busy atomic.Int64
	open := opener(newPrefix(t), server(t), func(o *Options) {
		o.wrap = func(through http.RoundTripper) http.RoundTripper {
			return between(func(r *http.Request) (*http.Response, error) {
				if r.Method == "GET" && strings.Contains(r.URL.Path, "timeline") && strings.HasSuffix(r.URL.Path, "_doc/state") && busy.Add(-1) >= 0 {
					return &http.Response{StatusCode: 503, Header: http.Header{"X-Elastic-Product": {"Elasticsearch"}}, Body: http.NoBody, Request: r}, nil
				}
				return through.RoundTrip(r)
			})
		}
	})
	w := viewtest.NewWorld(t)
	w.Lives(1, viewtest.Start, 0, 6)
	viewtest.Started(t, w, "p", open).Views.Close()
	s := viewtest.NewSide(t, w, "p", open)
	busy.Store(4)
	if err := projections.Start(t.Context(), nil, s.Runners...); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(s.Said.String(), "built anew") {
		t.Errorf("it was built anew:\n%s", s.Said)
	}
}

// TestWhoOnlyOperatesWritesNothing: a command beside a server takes no
// partition from it.
func TestWhoOnlyOperatesWritesNothing(t *testing.T) {
	open := opener(newPrefix(t), server(t), nil)
	w := viewtest.NewWorld(t)
	at := w.Lives(1, viewtest.Start, 0, 6)
	a := viewtest.Started(t, w, "p", open)
	t.Cleanup(a.Follow())
	a.CaughtUp()
	time.Sleep(time.Second) // until it says that it follows
	viewtest.Started(t, w, "p", open)
	time.Sleep(time.Second)
	w.Lives(2, at, 6, 9)
	a.CaughtUp()
}

// TestASwapThatNobodyWaitsFor: the one who asks goes away while the aliases
// are exchanged; whatever serves then is there.
func TestASwapThatNobodyWaitsFor(t *testing.T) {
	var armed atomic.Bool
	ctx, cancel := context.WithCancel(context.Background())
	open := opener(newPrefix(t), server(t), func(o *Options) {
		o.wrap = func(through http.RoundTripper) http.RoundTripper {
			return between(func(r *http.Request) (*http.Response, error) {
				res, err := through.RoundTrip(r)
				if strings.HasSuffix(r.URL.Path, "_aliases") && armed.Swap(false) {
					cancel()
					return nil, http.ErrServerClosed // the answer is lost
				}
				return res, err
			})
		}
	})
	w := viewtest.NewWorld(t)
	w.Lives(1, viewtest.Start, 0, 6)
	s := viewtest.Started(t, w, "p", open)
	armed.Store(true)
	err := timelineOf(s).Rebuild(ctx, nil)
	lines, fault := s.Views.Timeline(t.Context(), projtest.ID("dossier", 1))
	if fault != nil || len(lines) == 0 {
		t.Errorf("the rebuild said %v; now the timeline answers %d lines, %v", err, len(lines), fault)
	}
}

// TestReadingWritesNothing: who only looks, at a place that is not there, makes nothing there.
func TestReadingWritesNothing(t *testing.T) {
	prefix := newPrefix(t)
	v, err := Open(t.Context(), server(t), Options{ReadOnly: true, Prefix: prefix})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if _, err := v.Status(t.Context()); err != nil {
		t.Error(err)
	}
	var found map[string]struct{}
	if err := v.es.read(t.Context(), esapi.IndicesGetRequest{Index: []string{prefix + "*"}, FilterPath: []string{"*.aliases"}}, &found); err != nil || len(found) > 0 {
		t.Errorf("there is %v, %v", found, err)
	}
}
