// Package http answers over HTTP: commands, reads, the look-up and a page for
// people. openapi.yaml describes it; types are generated from that document.
// Only this package names status codes.
package http

import (
	"context"
	"crypto/ed25519"
	"errors"
	"log/slog"
	"net"
	nethttp "net/http"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"hoso/commands"
	"hoso/domain"
	"hoso/projections"
)

// Config is what a Server works with. All fields without "may" are needed.
type Config struct {
	Commands *commands.Handler
	Views    projections.Views
	History  projections.History
	// Proofs hash what a look-up shows, as the views hash what they hold.
	Proofs projections.Proofs
	// FindSubject finds the person who has an ID number (normalised).
	FindSubject func(ctx context.Context, idNumber string) (domain.SubjectID, bool, error)
	// Runners are those of all views, which administrators operate.
	Runners []*projections.Runner
	// Begin runs a task beside the server; its context ends with the server.
	Begin func(task func(context.Context))
	// TokenKey verifies bearer tokens (EdDSA).
	TokenKey ed25519.PublicKey
	// LogHealth tells why log, keys or reactions take no writes (PartStopped), nil while all do.
	LogHealth func() error
	Logger    *slog.Logger
	Metrics   *Metrics // may be nil: then nothing is counted, and there is no /metrics
	// Trace, where set, begins to trace a request, by its method and its route's
	// pattern; what it gives is called with the status answered. May be nil.
	Trace func(r *nethttp.Request, method, route string) (context.Context, func(status int))
	// Now is the clock by which tokens expire and limits fill up again, not the
	// writer's; may be nil: then time.Now.
	Now    func() time.Time
	Limits Limits // of the anonymous look-up; may be zero: then DefaultLimits
	// BodyLimit is the largest request body in bytes; 0 means 256 KiB.
	BodyLimit int64
	// TrustProxy takes the caller's address from X-Forwarded-For, as a reverse
	// proxy on a private network sets it; without one anybody could write there.
	TrustProxy bool
}

// Server answers HTTP requests.
type Server struct {
	Config
	echo   *echo.Echo
	tokens *tokens
	limits lookupLimits
	pages  *pages

	rendered *rendered

	rebuilding sync.Mutex
	rebuilds   map[string]bool // by projection, of those that run
}

// The server's time limits.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	handlerTimeout    = 30 * time.Second
	writeTimeout      = 45 * time.Second
	idleTimeout       = 90 * time.Second
	// stopTimeout is how long running requests may take to end.
	stopTimeout = 20 * time.Second
	// viewTimeout is how long a read waits for its view.
	viewTimeout = 2 * time.Second
)

const (
	defaultBodyLimit = 256 << 10
	maxHeaderBytes   = 32 << 10
)

// New makes a Server.
func New(c Config) *Server {
	if c.Limits == (Limits{}) {
		c.Limits = DefaultLimits
	}
	if c.BodyLimit == 0 {
		c.BodyLimit = defaultBodyLimit
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	s := &Server{Config: c, echo: echo.New(), tokens: newTokens(c.TokenKey, c.Now), limits: newLookupLimits(c.Limits), pages: newPages(), rendered: newRendered(), rebuilds: map[string]bool{}}
	if c.Commands != nil && c.Commands.Keys != nil {
		c.Commands.Keys.Watch(func(context.Context, domain.SubjectID) error { return nil }, s.rendered.forget)
	}
	s.echo.HTTPErrorHandler = s.fail
	s.echo.IPExtractor = echo.ExtractIPDirect()
	if c.TrustProxy {
		s.echo.IPExtractor = echo.ExtractIPFromXFFHeader()
	}
	if c.Metrics != nil {
		s.Metrics.watch(c.Views, c.Logger)
	}
	s.routes()
	return s
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w nethttp.ResponseWriter, r *nethttp.Request) { s.echo.ServeHTTP(w, r) }

// Serve answers requests on a listener until the context ends, then lets the
// running ones finish. It returns nil after an orderly end.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	server := &nethttp.Server{
		Handler: s, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout,
		WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: slog.NewLogLogger(s.Logger.Handler(), slog.LevelDebug),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if err := server.Shutdown(stop); err != nil {
		return errors.Join(err, server.Close())
	}
	return nil
}
