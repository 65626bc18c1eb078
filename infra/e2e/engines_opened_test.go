package e2e

import (
	"cmp"
	"io"
	"log/slog"
	"strconv"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
	"hoso/infra/elastic"
	"hoso/infra/esdb"
	"hoso/infra/keys"
	"hoso/infra/postgres"
	"hoso/infra/sqlite"
	"hoso/projections"
)

// opened is a place's log and views, open for reading.
type opened struct {
	log   eventlog.Log
	codec *codec.Codec
	views projections.Views
}

// openPlace opens a place, as the program's reading commands do.
func openPlace(t testing.TB, p place) opened {
	t.Helper()
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	fail := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	master, err := keys.LoadMaster(p.dir, "")
	fail(err)
	var o opened
	var store *keys.Store
	if p.keys == "" {
		store, err = keys.OpenReadOnly(p.dir, master)
	} else {
		store, err = postgres.OpenReadOnly(t.Context(), p.keys, master)
	}
	fail(err)
	closing(t, store)
	if p.log == "" {
		log, err := sqlite.OpenLogReadOnly(p.dir)
		fail(err)
		o.log = log
	} else {
		log, err := esdb.Open(t.Context(), p.log, esdb.Options{ReadOnly: true, Logger: quiet})
		fail(err)
		o.log = log
	}
	closing(t, o.log)
	o.codec = &codec.Codec{Keys: store.Key}
	if p.views == "" {
		views, err := sqlite.OpenViews(p.dir, true, sqlite.ViewsOptions{Head: o.log.Head, Logger: quiet})
		fail(err)
		o.views = views
		closing(t, views)
	} else {
		views, err := elastic.Open(t.Context(), p.views, elastic.Options{Head: o.log.Head, Logger: quiet, ReadOnly: true, Prefix: p.prefix})
		fail(err)
		o.views = views
		closing(t, views)
	}
	return o
}

func closing(t testing.TB, c io.Closer) {
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
}

// history is a dossier's whole history as its keys open it.
type history struct {
	code   string
	source string // imports only
	text   string // every event, personal values in plain, ids replaced
}

// openedHistories reads a log from its first event, checks each stream's chain
// of hashes, and opens every event of every dossier.
func openedHistories(t testing.TB, o opened) map[uuid.UUID]*history {
	t.Helper()
	head, err := o.log.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tips, all := map[string]codec.Hash{}, map[uuid.UUID]*history{}
	for batch, err := range o.log.Subscribe(t.Context(), eventlog.Position{}, eventlog.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range batch.Events {
			d, err := o.codec.Read(tips[r.Stream], r)
			if err != nil {
				t.Fatalf("%s@%d: %v", r.Stream, r.Revision, err)
			}
			tips[r.Stream] = d.Meta.Hash
			id, err := uuid.Parse(r.Stream[max(0, len(r.Stream)-36):])
			if err != nil || r.Stream != "dossier-"+id.String() {
				continue
			}
			if all[id] == nil {
				all[id] = &history{}
			}
			all[id].add(t, d)
		}
		if batch.Live || !batch.End.Before(head) {
			break
		}
	}
	for _, h := range all {
		h.text = withoutIDs(h.text)
	}
	return all
}

func (h *history) add(t testing.TB, d codec.Decoded) {
	t.Helper()
	switch e := d.Event.(type) {
	case domain.Submitted:
		h.source = e.SourceID
	case domain.Numbered:
		if h.code = e.Code; h.source != "" {
			e.Number = 0
			d.Event = e
		}
	}
	event, err := json.Marshal(d.Event, inPlain)
	if err != nil {
		t.Fatalf("%s@%d: %v", d.Stream, d.Revision, err)
	}
	h.text += d.Type + " by " + string(d.Meta.Actor.Role) + " " + d.Meta.Actor.Agency + " " + d.Meta.Actor.ID +
		" recorded " + d.Meta.RecordedAt.Format(time.RFC3339Nano) + " occurred " + d.Meta.OccurredAt.Format(time.RFC3339Nano) + " " + string(event) + "\n"
}

// inPlain shows personal values, which otherwise refuse to be written.
var inPlain = json.WithMarshalers(json.MarshalToFunc(func(enc *jsontext.Encoder, p domain.Personal) error {
	return enc.WriteToken(jsontext.String(p.Subject.String() + " " + p.Text + " " + strconv.FormatBool(p.Erased)))
}))

// byName gives the histories by their dossier's source id or code.
func byName(t testing.TB, all map[uuid.UUID]*history) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for id, h := range all {
		name := cmp.Or(h.source, h.code)
		if h.code == "" || texts[name] != "" {
			t.Errorf("dossier %s has the name %q and the code %q, as another or none", id, name, h.code)
		}
		texts[name] = h.text
	}
	return texts
}
