package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"hoso/domain/eventlog"
	"hoso/projections"
)

type statusCmd struct {
	For  time.Duration `help:"How long the rate is measured (default ${default})." default:"1s" placeholder:"DURATION"`
	JSON bool          `help:"Answer as JSON." name:"json"`
}

// Help tells the fields of --json.
func (statusCmd) Help() string {
	return `Reads beside a running server. A projection that lags without a rate stands still: look at the server's log, or start one. A dossier set aside is shown as it was before; hoso unpark takes it back once the cause is gone. Exit code 1: a view is not built, or is not of this log as it is.

--json gives {log, head, projections: [{projection, position, lag, lag_or_more, rate, parked: [{dossier, revision, position, reason, by_hand}], writers, built, problem}]}: lag in events of the log that the view has not seen, or that many or more; rate in events a second; writers: the processes that write each partition, where several can; problem: ahead_of_log (it knows more than the log) or of_another_log, else missing.`
}

// maxCounted bounds the events that are read to tell a lag.
const maxCounted = 1_000_000

// projectionDoc is how one projection stands.
type projectionDoc struct {
	Projection string               `json:"projection"`
	Built      bool                 `json:"built"`
	Position   string               `json:"position"`
	Lag        uint64               `json:"lag"`
	OrMore     bool                 `json:"lag_or_more,omitempty"`
	Rate       float64              `json:"rate"`
	Parked     []projections.Parked `json:"parked"`
	Writers    []string             `json:"writers,omitempty"`
	Problem    string               `json:"problem,omitempty"` // aheadOfLog, ofAnotherLog
}

type statusDoc struct {
	Log         string          `json:"log"`
	Head        string          `json:"head"`
	Projections []projectionDoc `json:"projections"`
}

// Run looks twice, to tell the rate.
func (c *statusCmd) Run(a *app) (err error) {
	if c.For < 0 || c.For > time.Hour {
		return badInput("--for: between 0s and 1h")
	}
	r, err := a.openReading()
	if err != nil {
		return err
	}
	defer r.closing(&err)
	before, err := r.views.Status(a.ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	select {
	case <-a.ctx.Done():
		return a.ctx.Err()
	case <-time.After(c.For):
	}
	after, err := r.views.Status(a.ctx)
	if err != nil {
		return err
	}
	took := time.Since(began)
	head, err := r.log.Head(a.ctx)
	if err != nil {
		return err
	}
	doc := statusDoc{Log: r.log.ID().String(), Head: head.String()}
	unbuilt := false
	for i, s := range after {
		one, err := r.standing(a.ctx, before[i], s, head, took)
		if err != nil {
			return err
		}
		unbuilt = unbuilt || !one.Built || one.Problem != ""
		doc.Projections = append(doc.Projections, one)
	}
	if c.JSON {
		err = a.document(doc)
	} else {
		doc.print(a)
	}
	if unbuilt && err == nil {
		err = answered
	}
	return err
}

func (r *reading) standing(ctx context.Context, was, is projections.Status, head eventlog.Position, took time.Duration) (d projectionDoc, err error) {
	d = projectionDoc{Projection: is.Projection, Position: is.Position.String(), Writers: is.Writers, Parked: []projections.Parked{}}
	if d.Problem, err = r.strange(ctx, is.Position, head); err != nil {
		return d, err
	}
	seen, handled := is.Position, uint64(0)
	if d.Problem != "" { // it lacks all: it will be built anew
		seen = eventlog.Position{}
	} else if handled, err = eventlog.Count(ctx, r.log, was.Position, is.Position, maxCounted); errors.Is(err, eventlog.ErrForeignPosition) {
		handled, err = 0, nil // it was of another log a moment ago
	}
	if err != nil {
		return d, err
	}
	if d.Lag, err = eventlog.Count(ctx, r.log, seen, head, maxCounted); err != nil {
		return d, err
	}
	d.OrMore = d.Lag == maxCounted
	if took > 0 {
		d.Rate = float64(handled) / took.Seconds()
	}
	g, _, err := r.views.Stores(is.Projection)[0].Serving(ctx)
	if d.Built = g != nil; d.Built && is.Parked > 0 {
		d.Parked, err = g.Parked(ctx)
	}
	return d, err
}

func (doc statusDoc) print(a *app) {
	a.printf("log %s, head %s\n", doc.Log, doc.Head)
	for _, p := range doc.Projections {
		lag := thousands(p.Lag) + " behind"
		switch {
		case !p.Built:
			lag = "not built: start hoso serve, or run hoso rebuild"
		case p.Problem == aheadOfLog:
			lag = "knows more than the log, which is an older copy or another one: start hoso serve, or run hoso rebuild"
		case p.Problem == ofAnotherLog:
			lag = "of another log, or of this one before it was moved: will be built anew; start hoso serve, or run hoso rebuild"
		case p.Lag == 0:
			lag = "up to date"
		case p.OrMore:
			lag = thousands(p.Lag) + " or more behind"
		}
		line := fmt.Sprintf("%-9s at %-12s %s, %.0f events/s, %d set aside", p.Projection, p.Position, lag, p.Rate, len(p.Parked))
		if len(p.Writers) > 0 {
			line += ", written by " + strings.Join(p.Writers, ", ")
		}
		a.printf("%s\n", line)
		for _, one := range p.Parked {
			by := ""
			if one.ByHand {
				by = " by an operator"
			}
			a.printf("  dossier %s set aside%s at revision %d, position %s: %s\n", one.Dossier, by, one.Revision, one.Position, one.Reason)
		}
	}
}
