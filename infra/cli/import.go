package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"

	"hoso/infra/xes"
)

type importCmd struct {
	Format  string `help:"Format of the log: xes." enum:"xes" default:"xes" placeholder:"xes"`
	Mapping string `help:"What the log's activities mean here: receipt, bpic15, or a file as docs/import.md describes." required:"" placeholder:"NAME-OR-FILE"`
	Report  string `help:"List each broken rule here: case, event, rule, time and source, separated by tabs." placeholder:"FILE" type:"path"`
	JSON    bool   `help:"Answer as JSON." name:"json"`
	Log     string `arg:"" help:"The log: plain, gzip or zip." type:"path"`
}

// Help tells what an import does, and the fields of --json.
func (importCmd) Help() string {
	return `Each case becomes a dossier, each of its events one event; none is lost. Facts are recorded as they are: one that breaks a rule is imported all the same, and reported. The same command again appends only what is missing; so after Ctrl-C, a crash or a file that was cut off, run it again.

--json gives {cases, source_events, appended, already_there, violations: {rule: n}}: cases and events of the log; events appended to ours now, or found from an earlier import. Exit code 2: the log or the mapping is wrong; what stands before that place is imported.

Example: hoso import --mapping receipt --report broken.tsv receipt.xes.gz`
}

// Run imports a log and brings the views up to it. It signs no root: the
// server does, or hoso root, with the key that is theirs.
func (c *importCmd) Run(a *app) (err error) {
	mapping, err := xes.Load(c.Mapping)
	if err != nil {
		return badInput("%v", err)
	}
	if folder := filepath.Dir(c.Report); c.Report != "" && !exists(folder) {
		return badInput("--report: there is no folder %s", folder)
	}
	log, size, err := openInput(c.Log)
	if err != nil {
		return badInput("%v", err)
	}
	defer log.Close()
	// A read from a pipe may wait for ever: Ctrl-C ends it by closing.
	defer context.AfterFunc(a.ctx, func() { log.Close() })()
	if err := a.reachViews(a.ctx); err != nil {
		return err
	}
	s, err := a.openStack(stackOptions{})
	if err != nil {
		return err
	}
	defer s.closing(&err)

	bar := a.progress("importing")
	defer bar.end()
	report, err := c.importInto(a.ctx, xes.Options{Reader: log, Handler: s.handler, Mapping: mapping, Progress: func(cases, events int) {
		bar.label = fmt.Sprintf("importing: %s cases, %s events; bytes read", thousands(uint64(cases)), thousands(uint64(events)))
		bar.at(log.read.Load(), size)
	}})
	bar.end()
	if err = importEnded(report, err); err != nil && report.Appended == 0 || a.ctx.Err() != nil {
		return err
	}
	if err := errors.Join(err, s.settleViews(a.ctx, a.progress("building the views"))); err != nil {
		return err
	}
	if c.JSON {
		return a.document(report)
	}
	tellReport(a, report, c.Report)
	return nil
}

// importInto imports, with a report file where one is wanted; it lists what
// was found also where the import ended early.
func (c *importCmd) importInto(ctx context.Context, o xes.Options) (xes.Report, error) {
	if c.Report == "" {
		return xes.Import(ctx, o)
	}
	file, err := xes.CreateReport(c.Report)
	if err != nil {
		return xes.Report{}, err
	}
	o.Found = file.Add
	report, err := xes.Import(ctx, o)
	return report, errors.Join(err, file.Finish())
}

// importEnded says what to do about an import that ended early.
func importEnded(r xes.Report, err error) error {
	var input *xes.InputError
	done := thousands(uint64(r.Cases)) + " cases are imported"
	switch {
	case err == nil:
		return nil
	case errors.As(err, &input):
		return badInput("%v (%s; put the log right and run the same command again)", err, done)
	case errors.Is(err, context.Canceled):
		return failed("stopped: %s; the same command goes on from there", done)
	}
	return fmt.Errorf("%w (%s; the same command goes on from there)", err, done)
}

func tellReport(a *app, r xes.Report, file string) {
	n := func(i int) string { return thousands(uint64(i)) }
	a.printf("%s cases with %s events: %s events appended, %s already there\n", n(r.Cases), n(r.SourceEvents), n(r.Appended), n(r.AlreadyThere))
	if len(r.Violations) > 0 {
		a.printf("rules broken by what was imported:\n")
	}
	for _, rule := range slices.Sorted(maps.Keys(r.Violations)) {
		a.printf("  %-24s %8s\n", rule, n(r.Violations[rule]))
	}
	if file != "" {
		a.printf("each of them is listed in %s\n", file)
	}
}

// input is a file that counts what was read of it.
type input struct {
	*os.File
	read atomic.Uint64
}

// openInput opens a file and tells its size, 0 for a pipe.
func openInput(path string) (*input, uint64, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s is a folder: name the log file in it", path)
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return &input{File: f}, uint64(max(0, info.Size())), nil
}

// Read counts what it reads.
func (f *input) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	f.read.Add(uint64(n))
	return n, err
}

// ReadAt serves a zip, whose directory stands at its end.
func (f *input) ReadAt(p []byte, at int64) (int, error) {
	n, err := f.File.ReadAt(p, at)
	f.read.Add(uint64(n))
	return n, err
}
