package cli

import (
	"errors"
	"time"

	"hoso/projections"
)

type rebuildCmd struct {
	Projection []string `arg:"" optional:"" help:"Only these: dossier, search, timeline, times (default: all)."`
	JSON       bool     `help:"Answer as JSON." name:"json"`
}

// Help tells the fields of --json.
func (rebuildCmd) Help() string {
	return `The new views are built beside the old ones, which serve until each is exchanged. Where the views lie in the data folder, stop the server first, or ask it: POST /api/v1/projections/NAME/rebuild. It rebuilds by itself what it finds missing at its start.

--json gives {events, seconds}.`
}

// Run builds all views from the log's first event.
func (c *rebuildCmd) Run(a *app) (err error) {
	if err := checkProjections(c.Projection); err != nil {
		return err
	}
	if _, err := a.mustHaveLog(); err != nil {
		return err
	}
	a.roomyHeap()
	s, err := a.openStack(stackOptions{})
	if err != nil {
		return err
	}
	defer s.closing(&err)
	begun, bar := time.Now(), a.progress("rebuilding the views")
	defer bar.end()
	events := uint64(0)
	tell := func(p projections.Progress) {
		events = p.Events
		bar.at(p.At.Commit, p.Head.Commit)
	}
	if err := s.openViews(a.ctx, tell); err != nil {
		return err
	}
	if events == 0 { // else nothing served yet, and opening has just built them
		if err := projections.Rebuild(a.ctx, tell, runnersOf(s.runners, c.Projection)...); err != nil {
			return refusedSwap(err)
		}
	}
	bar.end()
	took := time.Since(begun).Seconds()
	if c.JSON {
		return a.document(struct {
			Events  uint64  `json:"events"`
			Seconds float64 `json:"seconds"`
		}{events, took})
	}
	a.printf("rebuilt the views from %s events in %.1f s\n", thousands(events), took)
	return nil
}

// refusedSwap says what a refused exchange means.
func refusedSwap(err error) error {
	var refused *projections.SwapRefusedError
	if errors.As(err, &refused) {
		return &exitError{exitWrong, refused.Error() + "; run hoso verify"}
	}
	return err
}

// mustHaveLog refuses a folder without a log, before a command that writes
// would begin one there.
func (a *app) mustHaveLog() (dir string, err error) {
	log, err := a.readLog(a.ctx)
	if err != nil {
		return "", err
	}
	return a.dataDir(), log.Close()
}
