package cli

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"hoso/commands"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
	"hoso/http"
	"hoso/infra/bus"
	"hoso/infra/proof"
	"hoso/projections"
)

type serveCmd struct {
	ServerConfig
	SigningKey   string        `help:"File with the ed25519 private key that signs roots (default DIR/signing.key, made at first start; better outside DIR); none: another instance signs them." placeholder:"FILE"`
	TokenKey     string        `help:"File with the ed25519 public key that bearer tokens are checked with; without it only the anonymous look-up works." placeholder:"FILE" type:"path"`
	RootInterval time.Duration `help:"How often a root is signed, when something is new (default ${default})." default:"5m" placeholder:"DURATION"`
}

// Help tells how to make the keys.
func (serveCmd) Help() string {
	return `Tokens are JWTs signed with EdDSA: aud "hoso", exp, sub (an opaque id, never an ID number: it stands in the log), role (applicant, intake_officer, specialist, leader, clerk, cashier, auditor, analyst, administrator), for officers agency. Make the key pair with
  openssl genpkey -algorithm ed25519 -out token.key
  openssl pkey -in token.key -pubout -out token.pub
and start with --token-key token.pub. The first interrupt stops in good order, the second at once.`
}

// schedulerInterval is how often what time brings is looked for.
const schedulerInterval = time.Minute

// maxUnsealed signs a root early when so many events wait for one.
const maxUnsealed = 20_000

// Run serves until it is stopped.
func (c *serveCmd) Run(a *app) (err error) {
	if c.RootInterval < time.Second {
		return badInput("--root-interval must be at least 1s")
	}
	a.roomyHeap()
	logger := a.logger(false)
	tokens, err := tokenKey(c.TokenKey)
	if err != nil {
		return err
	}
	listener, err := listen(c.Addr)
	if err != nil {
		return err
	}
	defer listener.Close()
	if err := a.openWatch(c.WatchConfig, c.TrustProxy); err != nil {
		return err
	}
	defer a.watch.close(a)
	s, err := a.openStack(stackOptions{})
	if err != nil {
		return err
	}
	defer s.closing(&err)
	s.logger = logger
	signer, err := a.signer(s.log, s.dir, c.SigningKey)
	if err != nil {
		return err
	}
	bar := a.progress("building the views")
	if err := s.openViews(a.ctx, func(p projections.Progress) { bar.at(p.At.Commit, p.Head.Commit) }); err != nil {
		return err
	}
	overlapSyncs(a.env("GOMAXPROCS"))
	bar.end()
	if c.TokenKey == "" {
		logger.Warn("no --token-key: every call that needs signing in is refused; hoso serve --help tells how to make one")
	}
	return s.serve(a.ctx, server{
		listener: listener, tokens: tokens, signer: signer, every: c.RootInterval, trustProxy: c.TrustProxy,
		ready: func() { logger.Info("serving", "url", "http://"+listener.Addr().String(), "data", s.dir) },
	})
}

func listen(addr string) (net.Listener, error) {
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return nil, badInput("--addr %s: %s; write it as 127.0.0.1:8080", addr, reason(err))
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, failed("cannot listen on %s (%s): choose another address with --addr", addr, reason(err))
	}
	return l, nil
}

// reason is the innermost error's text.
func reason(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}

// tokenKey loads the key that checks tokens. Without one nobody's token is
// good: a key is made up whose other half nobody has.
func tokenKey(file string) (ed25519.PublicKey, error) {
	if file == "" {
		public, _, err := ed25519.GenerateKey(nil)
		return public, err
	}
	key, err := proof.LoadPublicKey(file)
	if err != nil {
		return nil, badInput("--token-key: %s (hoso serve --help tells how to make one)", err)
	}
	return key, nil
}

// server is what serving needs beyond the stack.
type server struct {
	listener   net.Listener
	tokens     ed25519.PublicKey
	signer     *proof.Signer
	every      time.Duration // between roots
	trustProxy bool
	ready      func()
}

// settleTimeout is how long a stop waits for the views to see the last events.
const settleTimeout = 10 * time.Second

// serve answers until the context ends, then stops in this order: requests,
// what writes beside them (the last root is signed there), the views, once
// they have seen all of that.
func (s *stack) serve(ctx context.Context, v server) error {
	ledger, err := bus.OpenLedger(s.dir)
	if err != nil {
		return err
	}
	defer ledger.Close()
	s.watch.poisoned(ledger)
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	viewing, stopViews := context.WithCancel(context.WithoutCancel(ctx))
	defer stopViews()
	serving, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	var beside, views sync.WaitGroup
	run := func(group *sync.WaitGroup, within context.Context, what string, task func(context.Context) error) {
		group.Go(func() {
			if err := task(within); err != nil && within.Err() == nil {
				fail(fmt.Errorf("%s: %w", what, err))
			}
		})
	}
	follow, err := bus.NewProjections(s.logger, s.runners...)
	if err != nil {
		return err
	}
	react, err := s.reactions(ledger)
	if err != nil {
		return err
	}
	run(&views, viewing, "projections", follow.Run)
	run(&beside, background, "reactions", react.Run)
	run(&beside, background, "catalogue", s.catalogue.Follow)
	run(&beside, background, "keys", func(ctx context.Context) error { return outdated(ctx, s.keys.Healthy) })
	if v.signer != nil {
		run(&beside, background, "sealer", s.seal(v))
	}
	scheduler := &commands.Scheduler{Handler: s.handler, Lapsed: s.views.LapsedSupplements, Log: s.logger}
	run(&beside, background, "scheduler", func(ctx context.Context) error { scheduler.Run(ctx, schedulerInterval); return nil })

	web := http.New(http.Config{
		Commands: s.handler, Views: s.views, History: projections.History{Feed: s.feed}, Proofs: proofsOf(s.keys),
		Runners: s.runners, Begin: func(task func(context.Context)) { beside.Go(func() { task(background) }) },
		FindSubject: s.keys.Find, TokenKey: v.tokens, LogHealth: s.writable(ledger), Logger: s.logger, Metrics: s.watch.web, Trace: s.watch.requests(), TrustProxy: v.trustProxy,
	})
	v.ready()
	err = web.Serve(serving, v.listener)
	if cause := context.Cause(serving); err == nil && ctx.Err() == nil && cause != nil {
		err = cause
	}
	stop()
	beside.Wait()
	s.awaitViews(viewing)
	stopViews()
	views.Wait()
	return err
}

// writable tells which of what is written to has stopped, and why.
func (s *stack) writable(ledger *bus.Ledger) func() error {
	return func() error {
		return errors.Join(http.PartStopped("log", s.log.Healthy()), http.PartStopped("keys", s.keys.Healthy()), http.PartStopped("reactions", ledger.Healthy()))
	}
}

// awaitViews lets the views see the newest events, so that commands which read
// the folder next find them up to date. Where they cannot, the next start
// brings them there.
func (s *stack) awaitViews(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	head, err := s.log.Head(ctx)
	for _, r := range s.runners {
		if err == nil {
			err = s.views.Wait(ctx, r.Name(), head)
		}
	}
	if err != nil {
		s.logger.Warn("stopped before the views had seen the newest events", "error", err)
	}
}

// seal signs roots beside the server. A log that does not agree with its own
// roots, or takes no more writes, is told loudly and signed no more; reading
// goes on, and /readyz says what is wrong.
func (s *stack) seal(v server) func(context.Context) error {
	sealer := proof.NewSealer(s.log, s.codec, v.signer, time.Now)
	s.watch.sealer(sealer)
	sealer.Failed = func(err error) { s.logger.Error("no root could be signed; trying again", "error", err) }
	return func(ctx context.Context) error {
		err := sealer.Run(ctx, v.every, maxUnsealed)
		var broken *codec.BrokenError
		if errors.As(err, &broken) {
			s.logger.Error("the log does not agree with its roots: no more roots are signed; run hoso verify", "error", err)
			return nil
		}
		if errors.Is(err, eventlog.ErrStopped) {
			s.logger.Error("the log takes no more writes, and no more roots are signed", "error", err) // which says why, and what to do
			return nil
		}
		return err
	}
}
