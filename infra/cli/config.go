package cli

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync"

	"hoso/infra/keys"
)

// Config is what all subcommands share, from flags and environment.
type Config struct {
	Data      string `help:"Data folder; the log is DIR/log.db (default ./hoso-data; demo: a temporary one)." placeholder:"DIR" type:"path"`
	Engines   `embed:""`
	LogFormat string `help:"Log lines as text or json (auto: text on a terminal)." enum:"auto,text,json" default:"auto"`
	Verbose   bool   `help:"Tell more in the log." short:"v"`
}

// ServerConfig is what serve and demo share.
type ServerConfig struct {
	Addr       string `help:"Address to listen on (default ${default})." default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	TrustProxy bool   `help:"Take callers' addresses from X-Forwarded-For, and their trace context, as a reverse proxy sets them."`
	WatchConfig
}

// masterFile is where the master key lies unless the environment brings it.
const masterFile = "master.key"

// dataDir is the data folder.
func (c Config) dataDir() string {
	if c.Data == "" {
		return "hoso-data"
	}
	return c.Data
}

// master gives the master key for writing; it makes one in a new folder.
func (a *app) master(dir string) (keys.Master, error) {
	if next, underWay, err := a.settleRotation(dir); err != nil || underWay {
		return next, err
	}
	return keys.LoadMaster(dir, a.env(keys.EnvMaster))
}

// existingMaster gives the master key of keys that are there already: it makes none.
func (a *app) existingMaster(dir string) (keys.Master, error) { return a.masterOr(dir, "") }

// masterOr ends the refusal for a missing master key with an advice.
func (a *app) masterOr(dir, advice string) (keys.Master, error) {
	if a.env(keys.EnvMaster) == "" {
		if path := filepath.Join(dir, masterFile); !exists(path) {
			return keys.Master{}, failed("the master key is missing: bring back %s, or set %s to what it held (64 hex digits)%s", path, keys.EnvMaster, advice)
		}
	}
	return a.master(dir)
}

// roomyHeap lets the heap grow to three times what lives in it, unless GOGC
// says otherwise: for serve and rebuild, where what lives is mostly folded
// dossiers at hand, and looking through them often costs more than the room.
func (a *app) roomyHeap() {
	if a.env("GOGC") == "" {
		debug.SetGCPercent(200)
	}
}

// overlapSyncs lets two more goroutines run than there are processors, unless
// GOMAXPROCS says otherwise: a writer that waits for the disk keeps its place
// in Go's scheduler for a while, and the others must not wait with it. Pools
// sized by the processors are opened before.
func overlapSyncs(chosen string) {
	if chosen == "" {
		widen()
	}
}

var widen = sync.OnceFunc(func() { runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 2) })

// logger writes to standard error; quiet commands tell warnings only, unless
// --verbose asks for more.
func (a *app) logger(quiet bool) *slog.Logger {
	opt := &slog.HandlerOptions{Level: slog.LevelInfo}
	switch {
	case a.Verbose && quiet:
	case a.Verbose:
		opt.Level = slog.LevelDebug
	case quiet:
		opt.Level = slog.LevelWarn
	}
	if a.LogFormat == "text" || a.LogFormat == "auto" && isTerminal(a.stderr) {
		return slog.New(slog.NewTextHandler(a.stderr, opt))
	}
	return slog.New(slog.NewJSONHandler(a.stderr, opt))
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
