package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"
)

// TestEnginesKilled lives many dossiers through on the engines while each of
// them is killed in the middle of its work, and holds what comes of it against
// the same dossiers on SQLite, then against a fresh rebuild.
func TestEnginesKilled(t *testing.T) {
	p, log := onEngines(t)
	kill, start := elasticKill(t)
	half := count(t, "HOSO_ENGINE_DOSSIERS", 1500) / 2
	files := onFiles(t)
	first := []string{"simulate", "--dossiers", fmt.Sprint(half), "--seed", "4", "--to", "2026-06-30", "--days", "60"}
	then := []string{"simulate", "--dossiers", fmt.Sprint(half), "--seed", "5", "--to", "2026-09-30", "--days", "60"}
	beside := begin(t, files.args(first...)...)

	r := begin(t, p.args(first...)...)
	r.inTheMiddle(func() bool { return log.size() > half*5000 }, log.kill, log.start) // of some 10 kB a dossier
	r.inTheMiddle(func() bool { return indexed(p) > half/2 }, kill, start)            // of a view being built
	r.wait()
	beside.wait()
	beside = begin(t, files.args(then...)...)
	r = begin(t, p.args(then...)...)
	before := indexed(p)
	r.inTheMiddle(func() bool { return indexed(p) > before+half/2 }, kill, start) // of a view being followed
	r.wait()
	beside.wait()

	checkSame(t, files, p)
	checkServing(t, p, kill, start)
	fresh := p
	fresh.prefix += "-fresh"
	begin(t, fresh.args("rebuild")...).wait()
	followed, rebuilt := everyAnswer(t, openPlace(t, p).views), everyAnswer(t, openPlace(t, fresh).views)
	sameAnswers(t, "the views that were killed, and a fresh rebuild", followed, rebuilt)
	t.Logf("%d answers are those of a fresh rebuild", len(rebuilt))
}

// checkSame: two places hold the same opened histories and give the same answers.
func checkSame(t *testing.T, one, other place) {
	t.Helper()
	a, b := openPlace(t, one), openPlace(t, other)
	begun := time.Now()
	left, right := byName(t, openedHistories(t, a)), byName(t, openedHistories(t, b))
	sameAnswers(t, "opened histories", left, right)
	t.Logf("%d opened histories are the same, read in %s", len(left), time.Since(begun).Round(time.Second/10))
	begun = time.Now()
	before, after := everyAnswer(t, a.views), everyAnswer(t, b.views)
	sameAnswers(t, "views", before, after)
	t.Logf("%d answers are the same, asked in %s", len(before), time.Since(begun).Round(time.Second/10))
	if len(left) == 0 || len(before) < 3*len(left) {
		t.Errorf("only %d histories and %d answers were compared", len(left), len(before))
	}
}

// checkServing serves a place under load while Elasticsearch is killed: what is
// sent in is taken, who asks hears that it may be asked again, and once the
// server is back the views catch up.
func checkServing(t *testing.T, p place, kill, start func()) {
	t.Helper()
	s := launch(t, program, p.dir, p.flags()...)
	s.waitReady()
	l := newLoad(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan struct{})
	go func() { l.run(ctx, s.base, 1, 1); close(done) }()
	time.Sleep(500 * time.Millisecond)
	kill()
	at := l.acknowledged()
	for _, path := range []string{"/api/v1/dossiers?q=a", "/api/v1/dossiers/H99.31-260601-0001", "/api/v1/times"} {
		checkUnavailable(t, s, path)
	}
	if res, err := http.Get(s.base + "/healthz"); err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("/healthz beside a dead Elasticsearch: %v, %v", res, err)
	}
	for deadline := time.Now().Add(20 * time.Second); l.acknowledged() < at+10; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("commands are not taken while Elasticsearch is dead: %d, then %d", at, l.acknowledged())
		}
	}
	cancel()
	<-done
	start()
	s.awaitViews()
	if code := s.stop(); code != 0 {
		t.Errorf("exit %d: %s", code, s.told())
	}
	t.Logf("%d commands acknowledged while Elasticsearch was killed", l.acknowledged())
}

func (l *load) acknowledged() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.done)
}

// checkUnavailable: a question is answered with 503, when to ask again, and words.
func checkUnavailable(t *testing.T, s *server, path string) {
	t.Helper()
	c := as(t, s, "auditor", "")
	var no *refusal
	if err := c.do("GET", path, "", nil, nil); !errors.As(err, &no) || no.status != http.StatusServiceUnavailable || no.code != "views_unavailable" {
		t.Errorf("GET %s beside a dead Elasticsearch: %v", path, err)
	}
	req, err := http.NewRequest("GET", s.base+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.auth)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.Header.Get("Retry-After") == "" {
		t.Errorf("GET %s: %d without Retry-After", path, res.StatusCode)
	}
}

// awaitViews waits until every projection has seen the whole log.
func (s *server) awaitViews() {
	s.t.Helper()
	var r readiness
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		var status int
		status, r = s.readiness()
		behind := status != http.StatusOK || len(r.Projections) < 4
		for _, v := range r.Projections {
			behind = behind || v.Lag != 0 || v.Parked != 0 || v.Rebuilding
		}
		if !behind {
			return
		}
	}
	s.t.Fatalf("two minutes later the views are at %+v\n%s", r, s.told())
}
