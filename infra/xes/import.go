package xes

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/semaphore"

	"hoso/commands"
	"hoso/domain"
)

// Options say what to import, and how.
type Options struct {
	Reader   io.Reader // the log: plain XES, gzip, or a zip file. A read that blocks holds up the end of the import.
	Handler  *commands.Handler
	Mapping  *Mapping
	Workers  int                     // cases imported at once; 0 means 32, so that they share the log's syncs
	Progress func(cases, events int) // may be nil; hears of each case done, in the file's order
	Found    func(Finding) error     // may be nil; hears of each finding, in the file's order
}

// Report is what an import did. Its JSON fields stay.
type Report struct {
	Cases        int            `json:"cases"`         // of the log, imported now or before
	SourceEvents int            `json:"source_events"` // of those cases, in the log
	Appended     int            `json:"appended"`      // events appended to our log now
	AlreadyThere int            `json:"already_there"` // events found from an earlier import
	Violations   map[string]int `json:"violations"`    // findings, by rule
}

const (
	usualWorkers = 32
	maxAhead     = 64 << 20         // bytes of XML whose cases are being imported at once
	grace        = 10 * time.Second // for cases under way when the context ends
)

// Import records every case of a log: facts, which it does not argue with.
// Running it again appends only what is missing, so an import that ended early
// is taken up by the same call. When the context ends it stops between cases
// and gives the context's error; a log that is cut off or wrong gives an
// *InputError once everything before is imported. The report counts what was
// done in each of these ways to end.
func Import(ctx context.Context, o Options) (Report, error) {
	req := commands.Request{Actor: domain.Actor{Role: domain.System}, Correlation: uuid.New()}
	calendar, err := publish(ctx, o.Handler, o.Mapping, req)
	if err != nil {
		return Report{Violations: map[string]int{}}, err
	}
	if o.Workers <= 0 {
		o.Workers = usualWorkers
	}
	working, release := graceful(ctx)
	defer release()
	reading, stop := context.WithCancel(ctx)
	defer stop()

	im := &importer{Options: o, req: req, calendar: calendar, ahead: semaphore.NewWeighted(maxAhead),
		todo: make(chan *job), inOrder: make(chan *job, 4*o.Workers)}
	var readErr error
	go func() {
		readErr = im.read(reading)
		close(im.todo)
		close(im.inOrder)
	}()
	var workers sync.WaitGroup
	for range o.Workers {
		workers.Go(func() {
			for j := range im.todo {
				im.do(working, j)
				close(j.done)
			}
		})
	}
	report, err := im.collect(stop)
	workers.Wait()
	if err == nil {
		err = readErr
	}
	return report, err
}

// graceful is a context that outlives ctx by the grace, so that a case under
// way is finished; without end a log that cannot write would hold it for ever.
func graceful(ctx context.Context) (context.Context, context.CancelFunc) {
	working, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stopWatching := context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })
	return working, func() { stopWatching(); cancel() }
}

type importer struct {
	Options
	req      commands.Request
	calendar string
	ahead    *semaphore.Weighted
	todo     chan *job // for the workers
	inOrder  chan *job // the same jobs, as the file has them
}

// job is one case on its way.
type job struct {
	trace    Trace
	weight   int64
	done     chan struct{}
	imported commands.Imported
	findings []Finding
	err      error
}

// read hands out the cases of the log.
func (im *importer) read(ctx context.Context) error {
	seen := map[[16]byte]struct{}{} // of ids: 16 bytes a case
	for t, err := range Read(im.Reader) {
		if ctx.Err() != nil { // also where the caller closed the reader on it
			return ctx.Err()
		}
		if err != nil {
			return err
		}
		id := im.Mapping.text(t.Attributes, im.Mapping.Case.ID)
		sum := sha256.Sum256([]byte(id))
		key := [16]byte(sum[:])
		if _, twice := seen[key]; twice && id != "" {
			return inputError(t, fmt.Errorf("the log has a case %q already; case.id must name an attribute that tells cases apart", id))
		}
		seen[key] = struct{}{}
		j := &job{trace: t, weight: min(t.Size, maxAhead), done: make(chan struct{})}
		if err := im.ahead.Acquire(ctx, j.weight); err != nil {
			return err
		}
		im.inOrder <- j
		im.todo <- j
	}
	return nil
}

// do imports one case.
func (im *importer) do(ctx context.Context, j *job) {
	c, err := im.Mapping.tell(j.trace, im.calendar)
	if err != nil {
		j.err = inputError(j.trace, err)
		return
	}
	j.imported, err = im.Handler.ImportCase(ctx, im.req, commands.Case{Source: im.Mapping.Source, ID: c.id(), Facts: c.facts})
	var refused *domain.Error
	switch {
	case errors.As(err, &refused):
		j.err = inputError(j.trace, err)
	case err != nil:
		j.err = fmt.Errorf("case %d (%q): %w", j.trace.Number, c.id(), err)
	default:
		j.findings = c.findings(j.imported.Violations)
	}
}

// collect counts the jobs as the file has them. After the first that failed
// the rest is waited for, but not counted.
func (im *importer) collect(stop func()) (Report, error) {
	r := Report{Violations: map[string]int{}}
	var failed error
	for j := range im.inOrder {
		<-j.done
		im.ahead.Release(j.weight)
		if failed == nil {
			failed = j.err
		}
		if failed == nil {
			failed = im.count(&r, j)
		}
		if failed != nil {
			stop()
		}
	}
	return r, failed
}

func (im *importer) count(r *Report, j *job) error {
	r.Cases++
	r.SourceEvents += len(j.trace.Events)
	r.Appended += j.imported.Appended
	r.AlreadyThere += j.imported.AlreadyThere
	for _, f := range j.findings {
		r.Violations[f.Rule]++
		if im.Found == nil {
			continue
		}
		if err := im.Found(f); err != nil {
			return err
		}
	}
	if im.Progress != nil {
		im.Progress(r.Cases, r.SourceEvents)
	}
	return nil
}

func inputError(t Trace, err error) *InputError {
	e := &InputError{Case: t.Number, Line: t.Line, Offset: t.Offset, Why: err.Error(), Err: err}
	if refused := (*domain.Error)(nil); errors.As(err, &refused) {
		e.Why = refused.EN
	}
	return e
}
