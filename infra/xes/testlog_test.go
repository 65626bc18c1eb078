package xes

import (
	"context"
	"crypto/cipher"
	"testing"
	"time"

	"hoso/commands"
	"hoso/domain"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
	"hoso/domain/eventlog/memory"
)

// desk is a log in memory with real command handlers on it.
type desk struct {
	t       *testing.T
	log     eventlog.Log
	codec   *codec.Codec
	handler *commands.Handler
}

var testNow = time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)

func openDesk(t *testing.T) *desk {
	t.Helper()
	return reopen(t, memory.New())
}

// reopen starts new handlers on a log, as another run of the program does.
func reopen(t *testing.T, log eventlog.Log) *desk {
	t.Helper()
	// Nobody has a key: were anything sealed for a person, the append would fail.
	c := &codec.Codec{Keys: func(domain.SubjectID) (cipher.AEAD, error) { return nil, codec.ErrErased }}
	cat, err := commands.OpenCatalogue(t.Context(), log, c)
	if err != nil {
		t.Fatal(err)
	}
	return &desk{t, log, c, commands.New(commands.Config{Log: log, Codec: c, Catalogue: cat, Now: func() time.Time { return testNow }})}
}

// history is a dossier as its stream tells it.
type history struct {
	dossier domain.Dossier
	facts   []domain.Fact
}

// histories folds every dossier of the log, by the source's case id.
func (d *desk) histories() map[string]history {
	d.t.Helper()
	byStream := map[string]history{}
	for batch, err := range d.log.Subscribe(d.t.Context(), eventlog.Position{}, eventlog.Filter{StreamPrefixes: []string{domain.DossierPrefix}}) {
		if err != nil {
			d.t.Fatal(err)
		}
		for _, r := range batch.Events {
			e, err := d.codec.Decode(r)
			if err != nil {
				d.t.Fatal(err)
			}
			h := byStream[r.Stream]
			h.dossier = domain.Evolve(h.dossier, e.Fact())
			h.facts = append(h.facts, e.Fact())
			byStream[r.Stream] = h
		}
		if batch.Live {
			break
		}
	}
	byCase := map[string]history{}
	for stream, h := range byStream {
		if _, twice := byCase[h.dossier.SourceID]; twice {
			d.t.Fatalf("two dossiers of case %q, one is %s", h.dossier.SourceID, stream)
		}
		byCase[h.dossier.SourceID] = h
	}
	return byCase
}

// kinds counts the facts of a history by the event's name, the code's left out.
func (h history) kinds() map[string]int {
	out := map[string]int{}
	for _, f := range h.facts {
		if _, code := f.Event.(domain.Numbered); !code {
			out[f.Event.EventType()]++
		}
	}
	return out
}

func (d *desk) head() eventlog.Position {
	d.t.Helper()
	p, err := d.log.Head(context.Background())
	if err != nil {
		d.t.Fatal(err)
	}
	return p
}
