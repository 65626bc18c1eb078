// Package cli is the program: one file a subcommand, over a composition of
// everything else. Answers go to standard output, progress and logs to
// standard error. Exit codes: 0 done and sound; 1 found wrong, or not found;
// 2 wrong usage or bad input; 3 could not be done. A refusal is one line that
// says what to do.
package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

const description = `Hồ Sơ keeps administrative dossiers as an event log that shows every change made to it afterwards.

"hoso demo" shows it on simulated dossiers. Every flag can be set by the environment too: --data is HOSO_DATA, --token-key is HOSO_TOKEN_KEY. The master key comes from HOSO_MASTER_KEY (64 hex digits), or lies in DIR/master.key. Secrets can lie in files: HOSO_KEYS_FILE names the file that holds --keys, HOSO_MASTER_KEY_FILE that with the master key, and so on for every variable; of a flag that is a file's name itself, such as --signing-key, HOSO_SIGNING_KEY_FILE says the same as HOSO_SIGNING_KEY.

Exit codes: 0 done and sound, 1 found wrong or not found, 2 wrong usage or bad input, 3 could not be done.`

// commandLine is the whole command line.
type commandLine struct {
	Config

	Serve     serveCmd     `cmd:"" help:"Answer over HTTP."`
	Demo      demoCmd      `cmd:"" help:"Live through three simulated months, then serve them: the place to begin."`
	Import    importCmd    `cmd:"" help:"Bring in an event log of another system."`
	Lookup    lookupCmd    `cmd:"" help:"Look a dossier up by its code, or a person's by ID number."`
	Replay    replayCmd    `cmd:"" help:"Tell a dossier's history, and its state at any event or time."`
	Times     timesCmd     `cmd:"" help:"Compute processing times."`
	Queue     queueCmd     `cmd:"" help:"Tell what waits for an officer's work: mine, my unit's, due soon, overdue."`
	Status    statusCmd    `cmd:"" help:"Tell how each view stands: lag, rate, what is set aside."`
	Rebuild   rebuildCmd   `cmd:"" help:"Build the views anew from the log."`
	Rollback  rollbackCmd  `cmd:"" help:"Make the view before the last rebuild serve again."`
	Park      parkCmd      `cmd:"" help:"Set a dossier aside from the views."`
	Unpark    unparkCmd    `cmd:"" help:"Take back what was set aside."`
	Verify    verifyCmd    `cmd:"" help:"Check every event, hash, chain and signed root of the log."`
	Root      rootCmd      `cmd:"" help:"Print the newest signed root, to be kept elsewhere."`
	Erase     eraseCmd     `cmd:"" help:"Erase a person's data for ever."`
	Simulate  simulateCmd  `cmd:"" help:"Live simulated dossiers through the real commands."`
	Holidays  holidaysCmd  `cmd:"" help:"Bring next year's holidays into the calendars."`
	Reactions reactionsCmd `cmd:"" help:"List what reactions of the server gave up, and try it again."`
	Move      moveCmd      `cmd:"" help:"Move the log to another engine or folder."`
	Backup    backupCmd    `cmd:"" help:"Back up log and keys, also beside a running server."`
	Restore   restoreCmd   `cmd:"" help:"Bring a backup to life again."`
	KeyStore  keysCmd      `cmd:"" name:"keys" help:"Change the master key; sweep keys that nothing needs."`

	Version kong.VersionFlag `help:"Print the version."`
}

// app is what every subcommand works with.
type app struct {
	Config
	ctx            context.Context
	stdin          io.Reader
	stdout, stderr io.Writer
	env            func(string) string
	watch          watch
}

// exited carries kong's wish to exit (after --help) up to Main.
type exited int

// Main runs one command line and gives its exit code. The context ends what
// runs: serve and demo stop in good order then. It reads no other environment
// than env, so that tests can run it beside each other.
func Main(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, env func(string) string) (code int) {
	defer func() {
		if p := recover(); p != nil {
			asked, ok := p.(exited)
			if !ok {
				panic(p)
			}
			code = int(asked)
		}
	}()
	surroundings, err := environment(env).master()
	if err != nil {
		return tell(stderr, badInput("%s", err))
	}
	var line commandLine
	parser, err := kong.New(&line,
		kong.Name("hoso"), kong.Description(description), kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { panic(exited(code)) }), kong.Vars{"version": version()},
		kong.Resolvers(fromEnvironment(env)), kong.ShortUsageOnError(), kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	if err != nil {
		panic(err) // the tags above are wrong
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		return tell(stderr, badInput("%s (see hoso --help)", shown(err, args)))
	}
	if err := oneLine(parsed); err != nil {
		return tell(stderr, err)
	}
	a := &app{Config: line.Config, ctx: ctx, stdin: stdin, stdout: stdout, stderr: stderr, env: surroundings}
	return tell(stderr, parsed.Run(a))
}

// togetherFor is how close signals count as one.
const togetherFor = 300 * time.Millisecond

// Interrupts gives a context that ends at the first SIGINT or SIGTERM; the
// second ends the program at once.
func Interrupts() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel()
		// Supervisors signal a process and its group: that is one wish, not two.
		for first := time.Now(); time.Since(first) < togetherFor; {
			<-signals
		}
		fmt.Fprintln(os.Stderr, "hoso: stopped at once")
		os.Exit(exitFailed)
	}()
	return ctx, cancel
}
