package esdb

import (
	"context"
	"errors"
	"fmt"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"

	"hoso/domain/eventlog"
)

// IdentityStream holds one event, the log's identity: the event's id is the log's id.
// The server has none of its own that lasts: an epoch's changes with each election, a node's with each start.
//
// The name has no "$" in front, because an account that is not an
// administrator may not write such streams. The stream is not part of the log: it is
// never yielded, is no leaf of the tree and takes no appends. It stays behind when the log is moved.
const IdentityStream = "hoso-log"

// The types of its events. The first is log.opened; the newest says how the log stands (mark.go).
const (
	identityType = "log.opened"
	typeFilling  = "log.filling" // a move or a restore writes here, and has not finished
	typeFilled   = "log.filled"  // it has
	typeFrozen   = "log.frozen"  // it is being moved elsewhere
	typeMoved    = "log.moved"   // it stands elsewhere
	typeThawed   = "log.thawed"  // it stands here after all
)

// refusedHandshakes is how many failing TLS handshakes in a row are no accident when a log is opened.
const refusedHandshakes = 3

// identify reads the log's id and how it stands; where there is none it writes it
// first. Of several that open a new server at once one wins, and all read its id.
func (l *Log) identify(ctx context.Context, opt Options) error {
	id, err := l.readIdentity(ctx)
	if err == nil && id == uuid.Nil {
		err = l.create(ctx, opt)
	} else {
		l.id = id
	}
	if err != nil {
		return err
	}
	return l.admit(ctx, opt)
}

func (l *Log) create(ctx context.Context, opt Options) error {
	if l.readOnly {
		return errors.New("there is no event log on this server yet: a command that writes creates it")
	}
	fresh := uuid.New()
	if opt.Fill != uuid.Nil {
		fresh = opt.Fill
	}
	first := []eventlog.Proposed{{ID: fresh, Type: identityType, Data: fmt.Appendf(nil, `{"log_id":%q}`, fresh), Meta: []byte(`{}`)}}
	if opt.Fill != uuid.Nil {
		if err := l.mustBeEmpty(ctx); err != nil {
			return err
		}
		first = append(first, proposedMark(typeFilling, "")) // in one append: a log that is half there never looks whole
	}
	_, err := l.append(ctx, IdentityStream, eventlog.NoStream, first)
	var faster *eventlog.ConflictError
	if err != nil && !errors.As(err, &faster) {
		return err
	}
	if l.id, err = l.readIdentity(ctx); err == nil && l.id == uuid.Nil {
		err = ErrUnreachable.from(errors.New("the node does not show the log's identity that was just written")) // a node that lags
	}
	return err
}

// readIdentity gives the nil id when the server holds no log.
func (l *Log) readIdentity(ctx context.Context) (uuid.UUID, error) {
	read := l.readPage(IdentityStream, esdb.Forwards, esdb.Start{}, 1)
	p := begun()
	for handshakes := 0; ; {
		t := try(ctx, l, read)
		if errors.Is(t.err, ErrTLS) {
			handshakes++
		}
		if t.err == nil {
			return identityIn(t.value)
		}
		if !passes(t.err) || handshakes == refusedHandshakes || p.lasted() > l.link.settings.patience {
			return uuid.Nil, p.after(t.err)
		}
		if err := p.wait(ctx, l, t.err); err != nil {
			return uuid.Nil, err
		}
	}
}

func identityIn(p page) (uuid.UUID, error) {
	if len(p.events) == 0 {
		return uuid.Nil, nil
	}
	switch e := p.events[0]; {
	case e.Revision != 0:
		return uuid.Nil, ErrDeletedStream.from(fmt.Errorf("stream %s begins with revision %d", IdentityStream, e.Revision))
	case e.Type != identityType:
		return uuid.Nil, fmt.Errorf("stream %s on this server is of something else: it begins with an event %q", IdentityStream, e.Type)
	default:
		return e.ID, nil
	}
}
