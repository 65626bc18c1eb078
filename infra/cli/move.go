package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"hoso/domain/eventlog"
	"hoso/infra/move"
	"hoso/infra/proof"
)

type moveCmd struct {
	From string `help:"The log to move: sqlite:DIR, or the connection string of an EventStoreDB, esdb://…." required:"" placeholder:"LOG"`
	To   string `help:"Where to: as --from. It must be empty, or what an interrupted move of the same log left." placeholder:"LOG"`
	Key  string `help:"File with the public key that must have signed every root (PEM or 64 hex digits)." placeholder:"FILE"`
	Thaw bool   `help:"Take the freezing of --from back: the log stands there again, without what was written elsewhere since."`
	JSON bool   `help:"Answer as JSON." name:"json"`
}

// Help tells what is frozen, what comes with the log and what does not.
func (moveCmd) Help() string {
	return `Stop every hoso that writes to --from first. All events go in their order, byte for byte, with every hash and signed root; the log keeps its id. Before, the source is verified; at the end the target is, and both must agree in every number and in the hash over all events. It can be stopped or killed anywhere: the same command goes on behind what stands in the target, which it holds against the source byte for byte.

The source stays as it is. A data folder is locked while it is moved; an EventStoreDB gets a mark, which every hoso that opens or follows the log obeys. At the end both say where the log stands now and refuse to go on; --thaw takes that back. The unfinished target is refused by every other command.

Only the log moves. Keys, master key and signing key stay where they are: go on with the same --data, or carry them along. Views build themselves anew at the next start, because positions are different there. To an EventStoreDB it takes about a second for a thousand events (one append waits for the other, or the order would be lost).

--json gives {log_id, from, to, events, streams, roots, tree (hash over all events), standing (events found there from an earlier try), seconds, complete}; where the move was finished before, only log_id, from, to, seconds and complete. Exit code 1: the source is not sound, or something else stands in the target.`
}

// moved is the answer.
type moved struct {
	LogID    uuid.UUID `json:"log_id"`
	From     string    `json:"from"`
	To       string    `json:"to"`
	Events   uint64    `json:"events,omitzero"` // these five: of a move that this run brought to its end
	Streams  uint64    `json:"streams,omitzero"`
	Roots    uint64    `json:"roots,omitzero"`
	Tree     string    `json:"tree,omitzero"`
	Standing uint64    `json:"standing,omitzero"`
	Seconds  float64   `json:"seconds"`
	Complete bool      `json:"complete"`
}

// Run moves the log.
func (c *moveCmd) Run(a *app) (err error) {
	from, err := parsePlace("--from", c.From)
	if err != nil {
		return err
	}
	if c.Thaw {
		return c.thaw(a, from)
	}
	to, err := parsePlace("--to", c.To)
	if err != nil {
		return err
	}
	if from.String() == to.String() {
		return badInput("--from and --to are the same place")
	}
	options, err := (&verifyCmd{Key: c.Key}).options()
	if err != nil {
		return err
	}
	begun := time.Now()
	source, err := a.openSource(from, to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	target, err := a.openTarget(to, source.ID(), source.already)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.close()) }()
	if target.complete {
		a.tellf("hoso: this move was finished before")
		if c.JSON {
			return a.document(moved{LogID: source.ID(), From: from.String(), To: to.String(), Seconds: time.Since(begun).Seconds(), Complete: true})
		}
		return nil
	}
	done, standing, err := a.carry(source, target, options)
	if err != nil {
		return err
	}
	// The source first, and never the target without it: between the two nobody may go on
	// anywhere, and the same command ends it.
	if err := source.moved(a.ctx); err != nil {
		return err
	}
	if err := target.finish(a.ctx); err != nil {
		return err
	}
	doc := moved{source.ID(), from.String(), to.String(), done.Events, done.Streams, done.Roots, done.Tree, standing, time.Since(begun).Seconds(), true}
	if c.JSON {
		return a.document(doc)
	}
	a.printf("moved log %s: %s events in %s streams, %s signed roots, in %.0f s; hash over all events, the same on both sides: %s\n",
		doc.LogID, thousands(doc.Events), thousands(doc.Streams), thousands(doc.Roots), doc.Seconds, doc.Tree)
	a.printf("Go on there (%s). %s stays as it was and refuses to go on.\n", to.howTo(), from)
	return nil
}

// carry verifies the source, copies it and verifies the copy.
func (a *app) carry(source *moveSource, target *moveTarget, options proof.VerifyOptions) (done proof.Report, standing uint64, err error) {
	head, err := source.Head(a.ctx)
	if err != nil {
		return done, 0, err
	}
	want, err := a.sound("checking the source", source.anyLog, options, 0)
	if err != nil {
		return done, 0, err
	}
	bar := a.paced("moving", want.Events)
	checked := a.paced("comparing what stands there", want.Events)
	copied, err := move.Copy(a.ctx, source.anyLog, target.anyLog, move.Options{Until: head, Standing: checked.at, Copied: bar.at})
	checked.end()
	bar.end()
	var differs *move.DiffersError
	if errors.As(err, &differs) {
		return done, 0, &exitError{exitWrong, differs.Error()}
	}
	if err != nil {
		return done, 0, err
	}
	if err := source.stillAt(a.ctx, head); err != nil {
		return done, 0, err
	}
	got, err := a.sound("checking the target", target.anyLog, options, want.Events)
	if err == nil {
		err = sameLogs(want, got)
	}
	if err == nil { // verifying took its time
		err = source.stillAt(a.ctx, head)
	}
	return got, copied.Standing, err
}

// stillAt refuses a source that somebody wrote to.
func (s *moveSource) stillAt(ctx context.Context, head eventlog.Position) error {
	now, err := s.Head(ctx)
	if err == nil && now != head {
		err = failed("the source grew while it was moved: stop every hoso that writes there, then run the same command again, which goes on where it stopped")
	}
	return err
}

// sound verifies a log and refuses one that is not.
func (a *app) sound(label string, log anyLog, options proof.VerifyOptions, total uint64) (proof.Report, error) {
	bar := a.progress(label)
	defer bar.end()
	options.Progress = func(events uint64) { bar.at(events, total) }
	report, err := proof.Verify(a.ctx, log, options)
	if err == nil && report.OK {
		report, err = checkedFile(a, log, report)
	}
	if err == nil && !report.OK {
		err = &exitError{exitWrong, fmt.Sprintf("%s: it is not sound: at position %s, %s", label, report.Position, report.Why)}
	}
	return report, err
}

// sameLogs compares what two verified logs are.
func sameLogs(want, got proof.Report) error {
	if want != got {
		return failed("the copy is not what the source is: %+v there, %+v here", got, want)
	}
	return nil
}

func (c *moveCmd) thaw(a *app, from place) error {
	if c.To != "" {
		return badInput("--thaw takes --from alone")
	}
	was, err := a.thawPlace(from)
	switch {
	case err != nil:
		return err
	case was == "":
		return notFound("%s is not frozen", from)
	}
	a.printf("%s takes events again. If %s was finished and anybody has worked with it, there are now two logs of one id: never use both.\n", from, was)
	return nil
}
