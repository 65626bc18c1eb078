package cli

import (
	"context"
	"crypto/cipher"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"hoso/commands"
	"hoso/domain"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
	"hoso/infra/keys"
	"hoso/infra/starter"
	"hoso/infra/telemetry"
	"hoso/projections"
)

// stack is the program for one that writes: opened in this order, closed in
// the reverse.
type stack struct {
	dir       string
	logger    *slog.Logger
	log       anyLog // holds the folder's lock
	lags      bool   // its readers may not see at once what was appended
	keys      *keys.Store
	codec     *codec.Codec
	catalogue *commands.Catalogue
	handler   *commands.Handler
	views     anyViews // nil until openViews
	connect   func(context.Context) (anyViews, error)
	feed      *projections.Feed
	runners   []*projections.Runner
	watch     watch
}

// stackOptions say how a stack differs from the usual.
type stackOptions struct {
	relaxed bool                                          // bulk: durable at close
	now     func() time.Time                              // nil: the real clock
	ids     func(head eventlog.Position) func() uuid.UUID // ids of events; nil: random

	unfinished bool // the demo's first simulation: the only writer in its unfinished folder
}

// openStack opens the folder for writing, and creates what is missing. It
// finishes erasures that a crash interrupted, and publishes the starter set
// into a log that has none.
func (a *app) openStack(o stackOptions) (_ *stack, err error) {
	if text := a.env(keys.EnvMaster); text != "" {
		if _, err := keys.ParseMaster(text); err != nil { // before anything is created
			return nil, badInput("%s: %s", keys.EnvMaster, err)
		}
	}
	s := &stack{dir: a.dataDir(), logger: a.logger(true), watch: a.watch}
	if mark := unfinishedMark(s.dir); exists(mark) && !o.unfinished {
		return nil, failed("a demo is being made in %s, or was interrupted there, and the next one begins it anew: choose another folder", s.dir)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.log, err = a.openLog(a.ctx, o.relaxed); err != nil {
		return nil, err
	}
	for _, w := range s.log.Warnings() {
		s.logger.Warn(w)
	}
	s.lags = mayLag(s.log)
	s.log = s.watch.log(s.log)
	if s.keys, err = a.openKeys(a.ctx, s.log); err != nil {
		return nil, err
	}
	s.connect = func(ctx context.Context) (anyViews, error) { return a.connectViews(ctx, s.keys, s.log, false) }
	s.codec = &codec.Codec{Keys: telemetry.KeyOf(s.keys.Key, s.watch.flow)}
	if o.ids != nil {
		head, err := s.log.Head(a.ctx)
		if err != nil {
			return nil, err
		}
		s.codec.NewID = o.ids(head)
	}
	return s, s.prepare(a.ctx, o)
}

// prepare makes the command side ready.
func (s *stack) prepare(ctx context.Context, o stackOptions) (err error) {
	if s.catalogue, err = commands.OpenCatalogue(ctx, s.log, s.codec); err != nil {
		return err
	}
	if o.now == nil {
		o.now = time.Now
	}
	s.handler = commands.New(s.watch.commands(commands.Config{
		Log: s.log, Codec: s.codec, Keys: s.keys, Catalogue: s.catalogue, Now: o.now, MayLag: s.lags,
	}))
	if err := s.handler.FinishErasures(ctx); err != nil {
		return fmt.Errorf("finish an interrupted erasure: %w", err)
	}
	_, err = starter.Publish(ctx, s.handler)
	return err
}

// proofsOf hash what a look-up's proof is held against.
func proofsOf(k *keys.Store) projections.Proofs {
	return projections.Proofs{
		ID: func(number string) string {
			if _, clean, err := domain.ParseIDNumber(number); err == nil {
				number = clean
			}
			return k.ProofHash("id", number)
		},
		Phone: func(digits string) string { return k.ProofHash("phone", digits) },
	}
}

// openViews opens the views and their runners, and builds what is missing.
func (s *stack) openViews(ctx context.Context, tell func(projections.Progress)) (err error) {
	s.feed = projections.NewFeed(s.log, *s.codec, s.logger)
	if s.views, err = s.connect(ctx); err != nil {
		return err
	}
	for _, name := range []string{projections.DossierProjection, projections.SearchProjection, projections.TimelineProjection, projections.TimesProjection} {
		for _, store := range s.views.Stores(name) {
			s.runners = append(s.runners, projections.NewRunner(s.feed, s.watch.store(store), s.logger))
		}
	}
	return projections.Start(ctx, tell, s.runners...)
}

// settleViews brings the views up to the log's head: what a command that
// wrote without a server does at its end, so that those which only read
// find its work.
func (s *stack) settleViews(ctx context.Context, bar *progress) error {
	defer bar.end()
	if s.views == nil {
		if err := s.openViews(ctx, func(p projections.Progress) { bar.at(p.At.Commit, p.Head.Commit) }); err != nil {
			return err
		}
	}
	head, err := s.log.Head(ctx)
	if err != nil {
		return err
	}
	following, stop := context.WithCancel(ctx)
	done := make(chan error, len(s.runners))
	for _, r := range s.runners {
		go func() { done <- r.Run(following) }()
	}
	for _, r := range s.runners {
		if err = s.views.Wait(ctx, r.Name(), head); err != nil {
			break
		}
	}
	stop()
	for range s.runners {
		<-done
	}
	return err
}

// close closes in reverse order.
func (s *stack) close() error {
	var errs []error
	if s.views != nil {
		errs = append(errs, s.views.Close())
	}
	if s.keys != nil {
		errs = append(errs, s.keys.Close())
	}
	if s.log != nil {
		errs = append(errs, s.log.Close())
	}
	return errors.Join(errs...)
}

// closing ends a command: its own error first, then the stack's.
func (s *stack) closing(err *error) { *err = errors.Join(*err, s.close()) }

// noKeys opens nothing: for what reads the log without persons.
func noKeys(domain.SubjectID) (cipher.AEAD, error) { return nil, codec.ErrErased }
