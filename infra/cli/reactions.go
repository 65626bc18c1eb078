package cli

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"hoso/infra/bus"
	"hoso/infra/sqlite"
	"hoso/infra/telemetry"
	"hoso/projections"
)

type reactionsCmd struct {
	List  reactionsListCmd  `cmd:"" default:"withargs" help:"List the events that reactions gave up, with the reason (also without \"list\")."`
	Retry reactionsRetryCmd `cmd:"" help:"Try them again."`
}

type reactionsListCmd struct {
	JSON bool `help:"Answer as JSON." name:"json"`
}

// Help tells the fields of --json.
func (reactionsListCmd) Help() string {
	return `A reaction is what the server does because of an event, e.g. finish-submission draws the code of a dossier whose submission was broken off. An event with which it fails six times is given up and stands here, so that those behind it are handled. Each instance has a list of its own, in its data folder. Reads beside a running server. Exit code 1: there are some.

--json gives {given_up: [{reaction, position, stream, revision, type, reason, at, retry}]}; retry: it is going to be tried again.`
}

// Run lists them.
func (c *reactionsListCmd) Run(a *app) error {
	list, err := a.givenUp()
	if err != nil {
		return err
	}
	if c.JSON {
		err = a.document(struct {
			GivenUp []givenUp `json:"given_up"`
		}{toldOf(list)})
	} else {
		a.tellOf(list, "no reaction has given an event up\n")
	}
	if err == nil && len(list) > 0 {
		return answered
	}
	return err
}

type reactionsRetryCmd struct {
	Position []string `arg:"" optional:"" help:"Only the events at these positions, as hoso reactions lists them (default: all)."`
	Reaction string   `help:"Only what this reaction gave up." placeholder:"NAME"`
	JSON     bool     `help:"Answer as JSON." name:"json"`
}

// Help tells what happens beside a server, and the fields of --json.
func (reactionsRetryCmd) Help() string {
	return `Each event is tried once, in the log's order. A reaction does nothing new where its work is done already. Beside a running server the server is asked, and does it within a few seconds; this command waits for it. An event that is not in the log any more, because an older backup was restored, is forgotten. Exit code 1: some were given up again.

--json gives {settled, given_up: [{reaction, position, stream, revision, type, reason, at, retry}]}; settled counts those done or forgotten.`
}

// retriesWithin is how long the command waits for a running server.
const retriesWithin = 30 * time.Second

// Run tries them again.
func (c *reactionsRetryCmd) Run(a *app) error {
	list, err := a.givenUp()
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(p bus.Poison) bool {
		return c.Reaction != "" && p.Reaction != c.Reaction || len(c.Position) > 0 && !slices.Contains(c.Position, p.Position.String())
	})
	var again []bus.Poison
	if len(list) > 0 {
		if again, err = a.retry(list); err != nil {
			return err
		}
	}
	settled := len(list) - len(again)
	if c.JSON {
		err = a.document(struct {
			Settled int       `json:"settled"`
			GivenUp []givenUp `json:"given_up"`
		}{settled, toldOf(again)})
	} else if len(list) == 0 {
		a.printf("there is nothing to try again\n")
	} else {
		a.printf("settled: %d\n", settled)
		a.tellOf(again, "")
	}
	if err == nil && len(again) > 0 {
		return answered
	}
	return err
}

// givenUp reads the folder's list.
func (a *app) givenUp() (list []bus.Poison, err error) {
	if !exists(filepath.Join(a.dataDir(), bus.LedgerFile)) {
		_, err := a.mustHaveLog() // no server has run here yet, or it is the wrong folder
		return nil, err
	}
	ledger, err := bus.OpenLedger(a.dataDir())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, ledger.Close()) }()
	return ledger.Poisoned(a.ctx)
}

// retry tries events again, or has the server that works on the folder do it,
// and gives those given up again.
func (a *app) retry(list []bus.Poison) (again []bus.Poison, err error) {
	ledger, err := bus.OpenLedger(a.dataDir())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, ledger.Close()) }()
	if _, err := a.mustHaveLog(); err != nil {
		return nil, err
	}
	if err := ledger.Retry(a.ctx, list...); err != nil {
		return nil, err
	}
	s, err := a.openStack(stackOptions{})
	var locked *sqlite.LockedError
	if errors.As(err, &locked) {
		err = a.awaitRetries(ledger, list, locked)
	} else if err == nil {
		err = a.redrive(s, ledger)
	}
	if err != nil {
		return nil, err
	}
	left, err := ledger.Poisoned(a.ctx)
	return slices.DeleteFunc(left, func(p bus.Poison) bool { return !isOneOf(list, p) }), err
}

func isOneOf(list []bus.Poison, p bus.Poison) bool {
	return slices.ContainsFunc(list, func(q bus.Poison) bool { return q.Reaction == p.Reaction && q.Position == p.Position })
}

// awaitRetries waits until the running server has tried.
func (a *app) awaitRetries(ledger *bus.Ledger, list []bus.Poison, locked *sqlite.LockedError) error {
	for deadline := time.Now().Add(retriesWithin); ; {
		left, err := ledger.Poisoned(a.ctx)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(left, func(p bus.Poison) bool { return p.Retry && isOneOf(list, p) }) {
			return nil
		}
		if time.Now().After(deadline) {
			return failed("not tried within %s: %w. The events stay asked for: a running hoso serve tries them when log and keys answer, or the next one at its start", retriesWithin, locked)
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-a.ctx.Done():
			return a.ctx.Err()
		}
	}
}

// redrive tries what is asked for while no server runs.
func (a *app) redrive(s *stack, ledger *bus.Ledger) (err error) {
	defer s.closing(&err)
	bar := a.progress("building the views")
	if err := s.openViews(a.ctx, func(p projections.Progress) { bar.at(p.At.Commit, p.Head.Commit) }); err != nil {
		return err
	}
	bar.end()
	react, err := s.reactions(ledger)
	if err != nil {
		return err
	}
	if _, err := react.Redrive(a.ctx); err != nil {
		return fmt.Errorf("the events stay asked for, the next hoso serve tries them at its start: %w", err)
	}
	return s.settleViews(a.ctx, a.progress("rewriting the views"))
}

// reactions are all that the program has.
func (s *stack) reactions(ledger *bus.Ledger) (*bus.Reactions, error) {
	const finish = "finish-submission"
	return bus.NewReactions(s.log, s.feed, ledger, s.logger,
		bus.NewReaction(finish, []string{"dossier.submitted"}, telemetry.Reaction(finish, s.handler.FinishSubmission, s.watch.flow, s.watch.traces)).
			SettledBy("dossier.numbered"))
}

// givenUp is an event that a reaction gave up, as people see it.
type givenUp struct {
	bus.Poison
	Position string `json:"position"`
}

func toldOf(list []bus.Poison) []givenUp {
	told := make([]givenUp, len(list))
	for i, p := range list {
		told[i] = givenUp{p, p.Position.String()}
	}
	return told
}

func (a *app) tellOf(list []bus.Poison, none string) {
	if len(list) == 0 {
		a.printf("%s", none)
		return
	}
	a.printf("given up: %d\n", len(list))
	for _, p := range list {
		retry := ""
		if p.Retry {
			retry = " (going to be tried again)"
		}
		a.printf("  position %s  %s  %s in %s at revision %d, %s%s\n    %s\n", p.Position, p.Reaction, p.Type, p.Stream, p.Revision, localTime(p.At), retry, p.Reason)
	}
}
