package cli

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
	"hoso/infra/keys"
	"hoso/projections"
)

// reading is the program for one that only reads, beside a running server or
// alone. It writes nothing, anywhere.
type reading struct {
	app   *app
	log   anyLog
	keys  *keys.Store
	codec *codec.Codec
	views anyViews
	feed  *projections.Feed
}

// openReading opens log, keys and views for reading.
func (a *app) openReading() (_ *reading, err error) {
	r := &reading{app: a}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.close())
		}
	}()
	if r.log, err = a.readLog(a.ctx); err != nil {
		return nil, err
	}
	if r.keys, err = a.readKeys(a.ctx); err != nil {
		return nil, err
	}
	logger := a.logger(true)
	r.codec = &codec.Codec{Keys: r.keys.Key}
	r.feed = projections.NewFeed(r.log, *r.codec, logger)
	r.views, err = a.connectViews(a.ctx, r.keys, r.log, true)
	return r, err
}

func (r *reading) close() error {
	var errs []error
	if r.views != nil {
		errs = append(errs, r.views.Close())
	}
	if r.keys != nil {
		errs = append(errs, r.keys.Close())
	}
	if r.log != nil {
		errs = append(errs, r.log.Close())
	}
	return errors.Join(errs...)
}

func (r *reading) closing(err *error) { *err = errors.Join(*err, r.close()) }

// What a view's position may be instead of one of the log's.
const (
	aheadOfLog   = "ahead_of_log"   // the log is an older copy, or another one
	ofAnotherLog = "of_another_log" // or of the same one before it was moved
)

var errOtherLog = &exitError{exitWrong, "the views are of another log, or of this one before it was moved: they are built anew when hoso serve starts, or by hoso rebuild"}

// strange tells what is wrong with a view's position, empty if nothing.
func (r *reading) strange(ctx context.Context, at, head eventlog.Position) (string, error) {
	switch {
	case at == eventlog.Position{}:
		return "", nil
	case r.app.Engines.Log == "" && head.Before(at):
		return aheadOfLog, nil
	case r.app.Engines.Log == "":
		return "", nil
	}
	// A server has records of its own behind the newest event, where a view may stand.
	for _, err := range r.log.Subscribe(ctx, at, eventlog.Filter{}) {
		switch {
		case errors.Is(err, eventlog.ErrForeignPosition) && head.Before(at):
			return aheadOfLog, nil
		case errors.Is(err, eventlog.ErrForeignPosition):
			return ofAnotherLog, nil
		}
		return "", err
	}
	return "", ctx.Err()
}

// lag is how many events a projection has not seen yet, all of them where it
// is not built. A view that knows more than the log is refused: it belongs to
// another log, or to a later copy of this one.
func (r *reading) lag(ctx context.Context, projection string) (uint64, error) {
	all, err := r.views.Status(ctx)
	for _, s := range all {
		if s.Projection != projection || err != nil {
			continue
		}
		head, err := r.log.Head(ctx)
		if err != nil {
			return 0, err
		}
		switch strange, err := r.strange(ctx, s.Position, head); {
		case err != nil:
			return 0, err
		case strange == aheadOfLog:
			return 0, failed("the views know more than the log, which is an older copy or another one: run hoso rebuild")
		case strange != "":
			return 0, errOtherLog
		}
		return s.Lag, nil
	}
	return 0, err
}

// behind reports whether the view of dossiers lags, and says that the log is
// read instead.
func (r *reading) behind(ctx context.Context) (bool, error) {
	lag, err := r.lag(ctx, projections.DossierProjection)
	if errors.Is(err, errOtherLog) {
		r.app.tellf("hoso: %s; reading the log instead", errOtherLog.text)
		return true, nil
	}
	if err == nil && lag > 0 {
		r.app.tellf("hoso: the views lack the newest %s events; reading the log instead (hoso rebuild, or a running hoso serve, brings them up to date)", thousands(lag))
	}
	return lag > 0, err
}

// newest gives a dossier as the log has it now: a view may lag.
func (r *reading) newest(ctx context.Context, id uuid.UUID) (projections.Past, error) {
	return projections.History{Feed: r.feed}.At(ctx, id, projections.Moment{})
}

// find gives the dossier with a code, as people type it, or with the id it had
// in the system it was imported from. Where the views have not seen all of the
// log, the log itself is searched.
func (r *reading) find(ctx context.Context, code string) (uuid.UUID, error) {
	folded := domain.FoldCode(code)
	v, ok, err := r.views.ByCode(ctx, folded)
	if err == nil && ok {
		return v.ID, nil
	}
	if err != nil && !errors.Is(err, projections.ErrNotBuilt) {
		return uuid.Nil, err
	}
	behind, err := r.behind(ctx)
	if err == nil && !behind {
		err = errNoSuchCode(code)
	}
	if err != nil {
		return uuid.Nil, err
	}
	found, err := r.scan(ctx, func(e domain.Event) bool {
		switch e := e.(type) {
		case domain.Numbered:
			return domain.FoldCode(e.Code) == folded
		case domain.Submitted:
			return e.SourceID != "" && domain.FoldCode(e.SourceID) == folded
		}
		return false
	})
	if err == nil && len(found) == 0 {
		err = errNoSuchCode(code)
	}
	if err != nil {
		return uuid.Nil, err
	}
	return found[0], nil
}

func errNoSuchCode(code string) error {
	return notFound("there is no dossier %q: check the code; a code looks like H99.31-261122-0001", code)
}

// scan reads the whole log for dossiers with an event of some kind.
func (r *reading) scan(ctx context.Context, match func(domain.Event) bool) (found []uuid.UUID, err error) {
	filter := eventlog.Filter{StreamPrefixes: []string{domain.DossierPrefix}}
	for batch, err := range r.log.Subscribe(ctx, eventlog.Position{}, filter) {
		if err != nil {
			return nil, err
		}
		for _, e := range batch.Events {
			id, ok := domain.DossierIDOf(e.Stream)
			if !ok || e.Revision > 1 { // submitted and numbered come first
				continue
			}
			d, err := r.codec.Decode(e)
			if err != nil {
				return nil, err
			}
			if match(d.Event) {
				found = append(found, id)
			}
		}
		if batch.Live {
			return found, nil
		}
	}
	return found, nil
}
