package cli

import (
	"errors"
	"time"

	"hoso/projections"
)

type rebuildCmd struct {
	JSON bool `help:"Answer as JSON." name:"json"`
}

// Help tells the fields of --json.
func (rebuildCmd) Help() string {
	return `The new views are built beside the old ones, which serve until each is exchanged. Stop the server first: it rebuilds by itself what it finds missing at its start.

--json gives {events, seconds}.`
}

// Run builds all views from the log's first event.
func (c *rebuildCmd) Run(a *app) (err error) {
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
	tell := func(p projections.Progress) { bar.at(p.At.Commit, p.Head.Commit) }
	built := false
	if err := s.openViews(a.ctx, func(p projections.Progress) { built = true; tell(p) }); err != nil {
		return err
	}
	if !built { // else nothing served yet, and opening has just built them
		if err := projections.Rebuild(a.ctx, tell, s.runners...); err != nil {
			return refusedSwap(err)
		}
	}
	head, err := s.log.Head(a.ctx)
	if err != nil {
		return err
	}
	bar.end()
	took := time.Since(begun).Seconds()
	if c.JSON {
		return a.document(struct {
			Events  uint64  `json:"events"`
			Seconds float64 `json:"seconds"`
		}{head.Commit, took})
	}
	a.printf("rebuilt the views from %s events in %.1f s\n", thousands(head.Commit), took)
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
