package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Kill -9 during load, many times on one folder: every
// acknowledged event is there once, codes have no gap and no double once the
// program has started again, verify passes, views equal a fresh rebuild and an
// independent model's fold. That nothing is acknowledged before the sync, a
// trace shows in infra/sqlite.
func TestKillUnderLoad(t *testing.T) {
	t.Parallel()
	kills := count(t, "HOSO_KILLS", 3)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	dir := t.TempDir()
	l := newLoad(t)
	resent := 0
	for kill := range kills {
		s := launch(t, program, dir)
		if kill > 0 && kill%5 == 4 { // in the middle of starting, which must finish what the last kill left
			time.Sleep(time.Duration(rng.IntN(300)) * time.Millisecond)
			s.kill()
			continue
		}
		s.waitReady()
		resent += l.resend(s.base)
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(time.Duration(100+rng.IntN(1400))*time.Millisecond, func() {
			s.kill()
			cancel()
		})
		l.run(ctx, s.base, 12, seed+uint64(kill)<<16)
		<-s.ended
		loadHTTP.CloseIdleConnections()
		checkAfterKill(t, dir, l)
		if t.Failed() {
			t.Fatalf("after kill %d", kill+1)
		}
	}
	s := serve(t, dir)
	resent += l.resend(s.base)
	s.settle(dir)
	if code := s.stop(); code != 0 {
		t.Errorf("a stop on request gave exit %d:\n%s", code, s.told())
	}
	log := readLog(t, dir)
	checkAcknowledged(t, log, l.done)
	checkCodes(t, log)
	if v := checkVerify(t, dir, len(log)); v.Roots < 1 {
		t.Errorf("no root was signed: %+v", v)
	}
	dossiers := checkViews(t, dir)
	t.Logf("%d kills, %d events, %d dossiers, %d acknowledged, %d sent again", kills, len(log), dossiers, len(l.done), resent)
}

// checkAfterKill starts the program again and looks at what it made of the folder.
func checkAfterKill(t *testing.T, dir string, l *load) {
	t.Helper()
	s := serve(t, dir)
	log := s.settle(dir)
	checkAcknowledged(t, log, l.done)
	checkCodes(t, log)
	checkVerify(t, dir, -1)
	s.kill()
}

// checkAcknowledged: each acknowledged event is in the log once, at its revision.
func checkAcknowledged(t *testing.T, log []rawEvent, done []acknowledged) {
	t.Helper()
	at, same, marks := map[string]rawEvent{}, map[string]int{}, map[string]int{}
	for _, e := range log {
		at[fmt.Sprint(e.stream, "@", e.revision)] = e
		same[e.stream+e.typ+e.command]++
		if strings.HasPrefix(e.stream, "dossier-") {
			for _, m := range uuids.FindAllString(e.typ+string(e.data), -1) {
				marks[e.typ+m]++
			}
		}
	}
	for _, a := range done {
		stream := "dossier-" + a.Dossier
		place := fmt.Sprint(stream, "@", a.Revision)
		e, ok := at[place]
		if a.event == "dossier.submitted" { // its receipt is the numbering's
			if !ok || e.typ != "dossier.numbered" || e.text(t, "code") != a.Code || a.Code == "" {
				t.Errorf("acknowledged code %q is not at %s: %+v", a.Code, place, e)
			}
			e, ok = at[stream+"@0"]
		}
		switch {
		case !ok:
			t.Errorf("acknowledged %s at %s is lost", a.event, place)
		case e.typ != a.event:
			t.Errorf("%s was acknowledged at %s, where %s stands", a.event, place, e.typ)
		case same[e.stream+e.typ+e.command] != 1:
			t.Errorf("%s of one command is there %d times in %s", e.typ, same[e.stream+e.typ+e.command], e.stream)
		case a.mark != "" && marks[a.event+a.mark] != 1:
			t.Errorf("acknowledged %s at %s: its mark is there %d times", a.event, place, marks[a.event+a.mark])
		case a.event != "dossier.submitted" && a.Position != strconv.FormatInt(e.position, 10):
			t.Errorf("%s at %s: the receipt says position %s, it is %d", a.event, place, a.Position, e.position)
		}
	}
}

var uuids = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// checkCodes: per agency and day the numbers are 1, 2, 3 …, each drawn for one
// submission, which carries exactly that code.
func checkCodes(t *testing.T, log []rawEvent) {
	t.Helper()
	drawn := map[string]string{} // code by dossier
	next := map[string]int64{}
	submitted := map[string]bool{}
	numbered := map[string][]string{}
	for _, e := range log {
		dossier := strings.TrimPrefix(e.stream, "dossier-")
		switch e.typ {
		case "code.drawn":
			day := strings.TrimPrefix(e.stream, "codes-")
			if e.revision != next[day] {
				t.Errorf("counter %s goes to revision %d, expected %d", day, e.revision, next[day])
			}
			next[day]++
			of := e.text(t, "dossier")
			if before := drawn[of]; before != "" {
				t.Errorf("dossier %s drew twice: %s and %s again", of, before, day)
			}
			drawn[of] = fmt.Sprintf("%s-%04d", day, next[day])
		case "dossier.submitted":
			submitted[dossier] = true
		case "dossier.numbered":
			numbered[dossier] = append(numbered[dossier], e.text(t, "code"))
		}
	}
	for id := range submitted {
		if codes := numbered[id]; len(codes) != 1 || codes[0] != drawn[id] {
			t.Errorf("dossier %s has the codes %q, the counter drew %q for it", id, codes, drawn[id])
		}
	}
	if len(drawn) != len(submitted) {
		t.Errorf("%d numbers were drawn for %d submissions", len(drawn), len(submitted))
	}
}

// verified is what verify promises to answer.
type verified struct {
	OK            bool   `json:"ok"`
	Events        int    `json:"events"`
	Streams       int    `json:"streams"`
	Roots         int    `json:"roots"`
	AfterLastRoot int    `json:"after_last_root"`
	Position      any    `json:"position"`
	Stream        string `json:"stream"`
	Revision      any    `json:"revision"`
	Why           string `json:"why"`
}

// checkVerify: the log is sound and has so many events; any number if negative.
func checkVerify(t *testing.T, dir string, events int) verified {
	t.Helper()
	var v verified
	must(t, "verify", "--data", dir, "--json").into(t, &v)
	if !v.OK || events >= 0 && v.Events != events {
		t.Errorf("verify: %+v, expected ok and %d events", v, events)
	}
	return v
}
