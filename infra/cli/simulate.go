package cli

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/uuid"

	"hoso/domain/calendar"
	"hoso/domain/eventlog"
	"hoso/infra/proof"
	"hoso/infra/simulate"
	"hoso/infra/sqlite"
)

type simulateCmd struct {
	Dossiers int    `help:"How many dossiers (default ${default})." default:"300" placeholder:"N"`
	Seed     uint64 `help:"One seed gives one history, up to keys, nonces and times (default ${default})." default:"1" placeholder:"S"`
	Days     int    `help:"Over how many days (default ${default})." default:"90" placeholder:"D"`
	To       string `help:"The last day (default: up to now)." placeholder:"DATE"`
	JSON     bool   `help:"Answer as JSON." name:"json"`

	demo bool // into the demo's unfinished folder, with dossiers caught on their way
}

// Help tells the fields of --json.
func (simulateCmd) Help() string {
	return `People, phone numbers and demo agencies (H99…) are invented; procedures and holidays are real. Refused where the log holds events later than the first simulated day: use an empty folder.

--json gives {dossiers, commands: {name: n}, refused: {code: n}, events, seconds}.`
}

// simulateDoc is simulate --json.
type simulateDoc struct {
	Dossiers int            `json:"dossiers"`
	Commands map[string]int `json:"commands"`
	Refused  map[string]int `json:"refused"`
	Events   uint64         `json:"events,omitzero"` // in the log now; 0 on a server, whose positions do not count them
	Seconds  float64        `json:"seconds"`
}

// Run simulates into the data folder.
func (c *simulateCmd) Run(a *app) error {
	if c.Dossiers < 1 || c.Days < 1 {
		return badInput("--dossiers and --days must be at least 1")
	}
	to, err := parseDay(c.To)
	if err != nil {
		return err
	}
	if to.IsZero() {
		to = time.Now()
	} else if to = calendar.DateOf(to).AddDays(1).Start().Add(-time.Second); to.After(time.Now()) {
		return badInput("--to %s is not over yet: give an earlier day, or leave it out", c.To)
	}
	doc, err := a.simulate(*c, to)
	if err != nil {
		return err
	}
	if c.JSON {
		return a.document(doc)
	}
	holds := ""
	if doc.Events > 0 {
		holds = "; the log holds " + thousands(doc.Events) + " events"
	}
	a.printf("simulated %d dossiers over %d days up to %s in %.1f s%s\n", doc.Dossiers, c.Days, localTime(to), doc.Seconds, holds)
	for _, name := range slices.Sorted(maps.Keys(doc.Commands)) {
		a.printf("  %-24s %6d\n", name, doc.Commands[name])
	}
	return nil
}

// simulatedMark is a file that only folders have whose log began with a
// simulation: the demo hands out tokens for every role, and must not do so on
// anybody's real dossiers.
func simulatedMark(dir string) string { return filepath.Join(dir, "simulated.txt") }

// simulate lives the dossiers through, signs a root each simulated evening, and
// brings the views up to date.
func (a *app) simulate(c simulateCmd, to time.Time) (doc simulateDoc, err error) {
	begun, fresh := time.Now(), a.Engines.Log == "" && !exists(sqlite.LogFile(a.dataDir()))
	from := calendar.DateOf(to).AddDays(-c.Days).Start()
	clock := simulate.NewClock(from)
	if err := a.reachViews(a.ctx); err != nil {
		return doc, err
	}
	s, err := a.openStack(stackOptions{
		relaxed: true, now: clock.Now, unfinished: c.demo,
		ids: func(head eventlog.Position) func() uuid.UUID { return simulate.EventIDs(c.Seed, head) },
	})
	if err != nil {
		return doc, err
	}
	defer s.closing(&err)
	if fresh {
		if err := os.WriteFile(simulatedMark(s.dir), []byte("The dossiers of this folder are simulated; hoso demo serves it.\n"), 0o600); err != nil {
			return doc, err
		}
	}
	signer, err := a.quietSigner(s.log, s.dir)
	if err != nil {
		return doc, err
	}
	sealer := proof.NewSealer(s.log, s.codec, signer, clock.Now)
	bar := a.progress("simulating dossiers")
	defer bar.end()
	report, err := simulate.Run(a.ctx, simulate.Options{
		Handler: s.handler, Clock: clock, Seed: c.Seed, Dossiers: c.Dossiers, From: from, To: to, Caught: c.demo,
		Progress: func(n int) { bar.at(uint64(n), uint64(c.Dossiers)) },
		Daily: func(ctx context.Context) error {
			_, _, err := sealer.SealNow(ctx)
			return err
		},
	})
	bar.end()
	if err != nil {
		return doc, err
	}
	if err := syncLog(a.ctx, s.log); err != nil {
		return doc, err
	}
	if err := s.settleViews(a.ctx, a.progress("building the views")); err != nil {
		return doc, err
	}
	doc = simulateDoc{Dossiers: report.Dossiers, Commands: report.Commands, Refused: report.Refused, Seconds: time.Since(begun).Seconds()}
	if a.Engines.Log == "" {
		var head eventlog.Position
		head, err = s.log.Head(a.ctx)
		doc.Events = head.Commit
	}
	return doc, err
}
