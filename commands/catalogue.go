package commands

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/calendar"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
)

// Catalogue keeps procedures, agencies and calendars at hand, as folded from
// the log. It is safe for concurrent use.
type Catalogue struct {
	log   eventlog.Log
	codec *codec.Codec

	mu      sync.RWMutex
	fold    *domain.Catalogue
	after   eventlog.Position
	version uint64
}

// CataloguePrefixes are the streams of the catalogue.
var CataloguePrefixes = []string{"procedure-", "agency-", "calendar-"}

// OpenCatalogue folds the catalogue up to the log's head.
func OpenCatalogue(ctx context.Context, log eventlog.Log, c *codec.Codec) (*Catalogue, error) {
	cat := &Catalogue{log: log, codec: c, fold: domain.NewCatalogue()}
	return cat, cat.CatchUp(ctx)
}

// CatchUp folds what was appended since.
func (c *Catalogue) CatchUp(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for batch, err := range c.log.Subscribe(ctx, c.after, eventlog.Filter{StreamPrefixes: CataloguePrefixes}) {
		if err != nil {
			return err
		}
		if err := c.apply(batch); err != nil {
			return err
		}
		if batch.Live {
			return nil
		}
	}
	return nil
}

// Follow keeps the catalogue up to date until the context ends.
func (c *Catalogue) Follow(ctx context.Context) error {
	c.mu.RLock()
	after := c.after
	c.mu.RUnlock()
	for batch, err := range c.log.Subscribe(ctx, after, eventlog.Filter{StreamPrefixes: CataloguePrefixes}) {
		if err != nil {
			return err
		}
		c.mu.Lock()
		err := c.apply(batch)
		c.mu.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

// apply folds a batch, passing by what it has seen.
func (c *Catalogue) apply(batch eventlog.Batch) error {
	for _, r := range batch.Events {
		if !c.after.Before(r.Position) {
			continue
		}
		d, err := c.codec.Decode(r)
		if err != nil {
			return err
		}
		if err := c.fold.Apply(d.Event); err != nil {
			return err
		}
		c.version++
	}
	if c.after.Before(batch.End) {
		c.after = batch.End
	}
	return nil
}

// Version rises whenever the catalogue changes. It counts in this process only.
func (c *Catalogue) Version() uint64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.version
}

// RulesFor gives what a decision on a dossier goes by now.
func (c *Catalogue) RulesFor(d domain.Dossier, now time.Time) (domain.Rules, error) {
	return c.Rules(d.Procedure, d.ProcedureVersion, d.ReceivedBy, d.Competent, now)
}

// Rules is domain.Catalogue.Rules on the newest fold.
func (c *Catalogue) Rules(procedure, pinned, agency, competent string, now time.Time) (domain.Rules, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.fold.Rules(procedure, pinned, agency, competent, now)
}

// CalendarVersion gives the calendar with a content hash, nil if there is none.
func (c *Catalogue) CalendarVersion(version string) *calendar.Calendar {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.fold.CalendarVersion(version)
}

// Calendar gives the newest version of a calendar; "" means the default one.
func (c *Catalogue) Calendar(id string) (*calendar.Calendar, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.fold.Calendar(id)
}

// HoursAfter is the moment some working hours after another, by the agency's
// calendar of processing, by the default one where the agency is unknown, and by
// eight hours of every day where there is no calendar at all.
func (c *Catalogue) HoursAfter(start time.Time, agency string, hours int) time.Time {
	at, _ := c.Agency(agency)
	cal, ok := c.Calendar(at.ProcessingCalendar)
	if !ok {
		return start.Add(time.Duration(hours) * 3 * time.Hour)
	}
	end, _ := cal.Add(start, calendar.Duration{Quantity: hours, Unit: calendar.WorkingHour})
	return end
}

// Procedures lists the newest version of each procedure, by code.
func (c *Catalogue) Procedures() []domain.ProcedurePublished {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.fold.Procedures()
}

// Agencies lists the newest version of each agency, by code.
func (c *Catalogue) Agencies() []domain.Agency {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.fold.Agencies()
}

// Agency gives an agency's newest version.
func (c *Catalogue) Agency(code string) (domain.Agency, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.fold.Agency(code)
}

// known refuses events that send a dossier, or its result, to an agency that
// is not in the catalogue: nobody would find it there.
func (c *Catalogue) known(events []domain.Event) error {
	for _, e := range events {
		var agency string
		switch e := e.(type) {
		case domain.Submitted:
			agency = e.Receiving.Place
		case domain.Routed:
			agency = e.Agency
		case domain.ResultReceived:
			agency = e.Place
		case domain.Delivered:
			agency = e.Place
		}
		if _, ok := c.Agency(agency); agency != "" && !ok {
			return domain.UnknownAgency(agency)
		}
	}
	return nil
}

// Publish appends a version of a procedure, agency or calendar to its stream,
// unless the stream's newest version is the same. It reports whether it did.
func (h *Handler) Publish(ctx context.Context, req Request, e domain.Event) (bool, error) {
	if req.Actor.Role != domain.Administrator && req.Actor.Role != domain.System {
		return false, ErrForbidden
	}
	stream, e, err := catalogueStream(e)
	if err != nil {
		return false, err
	}
	for {
		tip := codec.EmptyTip
		if last, ok, err := h.Log.Last(ctx, stream); err != nil {
			return false, err
		} else if ok {
			d, err := h.Codec.Decode(last)
			if err != nil {
				return false, err
			}
			if sameVersion(d.Event, e) {
				return false, h.Catalogue.CatchUp(ctx)
			}
			tip = d.Tip()
		}
		if req.ID == uuid.Nil {
			req.ID = uuid.New()
		}
		drafts, err := h.drafts(ctx, req, uuid.Nil, h.clock(tip), []domain.Event{e})
		if err != nil {
			return false, err
		}
		events, _, err := h.Codec.Encode(stream, tip, drafts)
		if err != nil {
			return false, err
		}
		_, err = appendUntilClear(ctx, h.Log, stream, tip.Revision, events, nil)
		var conflict *eventlog.ConflictError
		if errors.As(err, &conflict) {
			continue
		}
		if err != nil {
			return false, err
		}
		return true, h.Catalogue.CatchUp(ctx)
	}
}

// catalogueStream names the stream of a catalogue event and fills in its version.
func catalogueStream(e domain.Event) (string, domain.Event, error) {
	switch e := e.(type) {
	case domain.ProcedurePublished:
		// A unit misspelt would leave every dossier without a due date, never late.
		if err := e.Procedure.Duration.Validate(); err != nil {
			return "", nil, fmt.Errorf("procedure %s: %w", e.Procedure.Code, err)
		}
		e.Version = e.Procedure.Version()
		return domain.ProcedureStream(e.Procedure.Code), e, nil
	case domain.AgencyEstablished:
		return domain.AgencyStream(e.Agency.Code), e, nil
	case domain.CalendarPublished:
		cal, err := calendar.New(e.Calendar)
		if err != nil {
			return "", nil, err
		}
		e.Version = cal.Version()
		return domain.CalendarStream(e.Calendar.ID), e, nil
	}
	return "", nil, fmt.Errorf("commands: %s is no catalogue event", e.EventType())
}

// sameVersion reports whether two catalogue events publish the same.
func sameVersion(a, b domain.Event) bool {
	switch a := a.(type) {
	case domain.ProcedurePublished:
		b, ok := b.(domain.ProcedurePublished)
		return ok && a.Version == b.Version
	case domain.AgencyEstablished:
		b, ok := b.(domain.AgencyEstablished)
		return ok && a.Agency.Same(b.Agency)
	case domain.CalendarPublished:
		b, ok := b.(domain.CalendarPublished)
		return ok && a.Version == b.Version
	}
	return false
}
