package simulate_test

import (
	"context"
	"fmt"
	"regexp"
	"testing"
	"time"

	"hoso/commands"
	"hoso/domain"
	"hoso/domain/calendar"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
	"hoso/domain/eventlog/memory"
	"hoso/infra/keys"
	"hoso/infra/simulate"
	"hoso/infra/starter"
)

// rig is a fresh log with the starter set, and what writes to it.
type rig struct {
	handler *commands.Handler
	clock   *simulate.Clock
	codec   *codec.Codec
}

// Three months over Tết 2026, with a make-up Saturday before.
var (
	from = time.Date(2026, 1, 4, 17, 0, 0, 0, time.UTC)
	to   = time.Date(2026, 4, 5, 17, 0, 0, 0, time.UTC)
)

func newRig(t testing.TB, seed uint64) *rig {
	t.Helper()
	return rigAt(t, seed, from)
}

func rigAt(t testing.TB, seed uint64, from time.Time) *rig {
	t.Helper()
	ctx := context.Background()
	store, err := keys.Open(t.TempDir(), keys.NewMaster())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	log := memory.New()
	c := &codec.Codec{Keys: store.Key, NewID: simulate.EventIDs(seed, eventlog.Position{})}
	catalogue, err := commands.OpenCatalogue(ctx, log, c)
	if err != nil {
		t.Fatal(err)
	}
	clock := simulate.NewClock(from)
	r := &rig{clock: clock, codec: c, handler: commands.New(commands.Config{Log: log, Codec: c, Keys: store, Catalogue: catalogue, Now: clock.Now})}
	if done, err := starter.Publish(ctx, r.handler); err != nil || !done {
		t.Fatalf("starter set: %t, %v", done, err)
	}
	if done, err := starter.Publish(ctx, r.handler); err != nil || done {
		t.Fatalf("starter set a second time: %t, %v", done, err)
	}
	return r
}

func (r *rig) run(t testing.TB, seed uint64, dossiers int) simulate.Report {
	t.Helper()
	report, err := simulate.Run(context.Background(), simulate.Options{
		Handler: r.handler, Clock: r.clock, Seed: seed, Dossiers: dossiers, From: from, To: to,
	})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func (r *rig) events(t testing.TB) []eventlog.Recorded {
	t.Helper()
	var out []eventlog.Recorded
	for b, err := range r.handler.Log.Subscribe(context.Background(), eventlog.Position{}, eventlog.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, b.Events...)
		if b.Live {
			break
		}
	}
	return out
}

// dossiers folds every dossier of the log.
func (r *rig) dossiers(t testing.TB) map[string]domain.Dossier {
	t.Helper()
	dossiers, prev := map[string]domain.Dossier{}, map[string]codec.Hash{}
	for _, e := range r.events(t) {
		d, err := r.codec.Read(prev[e.Stream], e)
		if err != nil {
			t.Fatal(err)
		}
		prev[e.Stream] = d.Meta.Hash
		if _, ok := domain.DossierIDOf(e.Stream); ok {
			dossiers[e.Stream] = domain.Evolve(dossiers[e.Stream], d.Fact())
		}
	}
	return dossiers
}

func TestEveryCommandOccursAndNoneIsRefused(t *testing.T) {
	r := newRig(t, 7)
	report := r.run(t, 7, 300)
	t.Logf("%v", report.Commands)
	for _, c := range domain.Commands() {
		if report.Commands[c.CommandName()] == 0 {
			t.Errorf("nobody gave the command %s in 300 dossiers", c.CommandName())
		}
	}
	if len(report.Refused) > 0 {
		t.Errorf("refused: %v", report.Refused)
	}
	if report.Dossiers != 300 || report.Commands["submit"] != 300 || report.Commands["number"] != 300 {
		t.Errorf("%d dossiers, %d submitted, %d numbered; want 300", report.Dossiers, report.Commands["submit"], report.Commands["number"])
	}
}

// TestBelievableVariety folds the dossiers and counts what a visitor would see.
func TestBelievableVariety(t *testing.T) {
	r := newRig(t, 3)
	r.run(t, 3, 400)
	dossiers := r.dossiers(t)
	owners := map[domain.SubjectID]int{}
	for _, e := range r.events(t) {
		m, err := codec.ParseMeta(e.Meta)
		if err != nil {
			t.Fatal(err)
		}
		if m.RecordedAt.Before(from) || m.RecordedAt.After(to) {
			t.Errorf("%s %s recorded at %s, outside the simulated days", e.Stream, e.Type, m.RecordedAt)
		}
	}
	statuses, channels, agencies, ways := map[domain.Status]int{}, map[domain.Channel]int{}, map[string]int{}, map[domain.ReceivingWay]int{}
	late, business, apart, several := 0, 0, 0, 0
	for _, d := range dossiers {
		statuses[d.Status()]++
		channels[d.Channel]++
		agencies[d.ReceivedBy]++
		ways[d.Receiving.Way]++
		owners[d.Owner.Subject]++
		if d.DecidedLate {
			late++
		}
		if d.Owner.Kind == domain.Business {
			business++
		}
		if d.Owner.Subject != d.Submitter.Subject {
			apart++
		}
		if len(d.Obligations) > 1 {
			several++
		}
	}
	t.Logf("statuses %v, channels %v, agencies %v, ways %v, late %d, business %d, owner apart %d, several payments %d", statuses, channels, agencies, ways, late, business, apart, several)
	again := 0
	for _, n := range owners {
		if n > 1 {
			again++
		}
	}
	for what, n := range map[string]int{
		"delivered": statuses[domain.StatusDelivered], "decided, not collected": statuses[domain.StatusDecided], "waiting for a supplement": statuses[domain.StatusSupplement],
		"in process": statuses[domain.StatusProcessing], "withdrawn": statuses[domain.StatusWithdrawn], "stopped": statuses[domain.StatusStopped], "not accepted": statuses[domain.StatusNotAccepted],
		"online": channels[domain.Online], "direct": channels[domain.Direct], "by post": channels[domain.Post],
		"result by e-mail": ways[domain.ByEmail], "result by post": ways[domain.ByPost], "result at the counter": ways[domain.AtCounter],
		"late": late, "business": business, "owner and submitter apart": apart, "several payments": several, "people with several dossiers": again,
	} {
		if n == 0 {
			t.Errorf("no dossier in 400 is %s", what)
		}
	}
	if len(agencies) < 6 {
		t.Errorf("only the agencies %v received dossiers", agencies)
	}
	if n := len(dossiers); statuses[domain.StatusDelivered] < n/2 || late > n/5 {
		t.Errorf("of %d dossiers %d were delivered and %d decided late: not believable", n, statuses[domain.StatusDelivered], late)
	}
}

// TestCaughtAtAnyHour: a demo begun at night, on a Sunday or in the Tết holidays
// finds a dossier just submitted and one that waits for its supplement.
func TestCaughtAtAnyHour(t *testing.T) {
	for _, c := range []struct {
		end  string
		seed uint64
	}{
		{"2026-11-23T08:01:00+07:00", 1}, {"2026-12-25T18:22:00+07:00", 1}, {"2027-02-07T00:03:00+07:00", 1}, {"2027-02-11T12:00:00+07:00", 2},
		{"2027-02-23T02:33:00+07:00", 28}, {"2027-03-06T00:40:00+07:00", 1}, {"2027-03-27T15:30:00+07:00", 3}, {"2027-04-18T06:22:00+07:00", 1},
	} {
		to, err := time.Parse(time.RFC3339, c.end)
		if err != nil {
			t.Fatal(err)
		}
		first := calendar.DateOf(to).AddDays(-90).Start()
		r := rigAt(t, c.seed, first)
		if _, err := simulate.Run(t.Context(), simulate.Options{
			Handler: r.handler, Clock: r.clock, Seed: c.seed, Dossiers: 250, From: first, To: to, Caught: true,
		}); err != nil {
			t.Fatal(err)
		}
		statuses := map[domain.Status]int{}
		for _, d := range r.dossiers(t) {
			if s := d.Supplement; s == nil || s.Until.After(to) { // else the scheduler is about to end it
				statuses[d.Status()]++
			}
		}
		if statuses[domain.StatusSubmitted] == 0 || statuses[domain.StatusSupplement] == 0 {
			t.Errorf("seed %d up to %s: %v", c.seed, c.end, statuses)
		}
	}
}

// sealedValue matches a sealed value, whose nonce is random.
var sealedValue = regexp.MustCompile(`sealed:([0-9a-f-]{36}):[A-Za-z0-9_-]+`)

func TestOneSeedOneHistory(t *testing.T) {
	story := func(seed uint64) []string {
		r := newRig(t, seed)
		r.run(t, seed, 150)
		var lines []string
		for _, e := range r.events(t) {
			m, err := codec.ParseMeta(e.Meta)
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, fmt.Sprintf("%s %s/%d %s %s %s %v %s", e.ID, e.Stream, e.Revision, e.Type, m.RecordedAt, m.Command, m.Actor,
				sealedValue.ReplaceAll(e.Data, []byte("sealed:$1"))))
		}
		return lines
	}
	first, second, other := story(11), story(11), story(12)
	if len(first) != len(second) {
		t.Fatalf("one seed gave %d and %d events", len(first), len(second))
	}
	for i := range first {
		if first[i] != second[i] {
			t.Fatalf("one seed, two histories, first at event %d:\n%s\n%s", i, first[i], second[i])
		}
	}
	if len(first) < 1000 {
		t.Errorf("only %d events of 150 dossiers", len(first))
	}
	if first[len(first)-1] == other[len(other)-1] {
		t.Error("two seeds, one history")
	}
}

func TestRefusesALogFromLater(t *testing.T) {
	r := newRig(t, 1)
	r.run(t, 1, 5)
	_, err := simulate.Run(context.Background(), simulate.Options{Handler: r.handler, Clock: simulate.NewClock(from), Seed: 2, Dossiers: 5, From: from, To: to})
	if err != simulate.ErrLaterEvents {
		t.Fatalf("got %v", err)
	}
	report, err := simulate.Run(context.Background(), simulate.Options{Handler: r.handler, Clock: r.clock, Seed: 1, Dossiers: 5, From: to, To: to.AddDate(0, 0, 30)})
	if err != nil || report.Commands["submit"] != 5 {
		t.Fatalf("later days on the same log: %v, %v", report, err)
	}
}
