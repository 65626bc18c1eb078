package proof_test

import (
	"encoding/json"
	"slices"
	"testing"

	"hoso/domain"
	"hoso/domain/eventlog"
	"hoso/domain/eventlog/memory"
	"hoso/infra/proof"
)

// signAnew makes a root over the events before it, as whoever owns a key of
// their own would: it goes through a sealer on a log that ends there.
func signAnew(t testing.TB, data []byte, before []eventlog.Recorded, next map[string]uint64, hashes [][]byte, by *proof.Signer) []byte {
	t.Helper()
	var root domain.RootSigned
	if err := json.Unmarshal(data, &root); err != nil {
		t.Fatal(err)
	}
	last := before[len(before)-1]
	root.Size, root.Root, root.LastStream, root.LastRevision = uint64(len(before)), toHex(treeHash(hashes)), last.Stream, next[last.Stream]-1
	out, err := json.Marshal(proof.SignForTest(by, root))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// crime is what somebody does to a log of 2 streams with a root after 6, 13
// and 20 events (at 6, 13, 20), and two events after the last.
type crime struct {
	name   string
	commit func([]eventlog.Recorded) []eventlog.Recorded
	resign bool // and signs all roots anew with a key of their own
	// What finds it: nothing from outside, the public key, the newest root, both.
	bare, key, against, both bool
}

var crimes = []crime{
	{"none", func(e []eventlog.Recorded) []eventlog.Recorded { return e }, false, false, false, false, false},
	{"swap two events of two streams", func(e []eventlog.Recorded) []eventlog.Recorded { return swap(e, 2, 3) }, false, true, true, true, true},
	{"swap two events of one stream", func(e []eventlog.Recorded) []eventlog.Recorded { return swap(e, 2, 4) }, false, true, true, true, true},
	{"drop one and renumber", func(e []eventlog.Recorded) []eventlog.Recorded { return slices.Delete(e, 8, 9) }, false, true, true, true, true},
	{"drop a root", func(e []eventlog.Recorded) []eventlog.Recorded { return slices.Delete(e, 6, 7) }, false, true, true, true, true},
	{"edit a sealed payload", func(e []eventlog.Recorded) []eventlog.Recorded { return edit(e, 9) }, false, true, true, true, true},
	{"insert one", func(e []eventlog.Recorded) []eventlog.Recorded { return slices.Insert(e, 3, copyOf(e[2])) }, false, true, true, true, true},

	// Signed anew with another key: only what comes from outside shows it.
	{"swap and sign anew", func(e []eventlog.Recorded) []eventlog.Recorded { return swap(e, 2, 3) }, true, false, true, true, true},
	{"drop one, renumber and sign anew", func(e []eventlog.Recorded) []eventlog.Recorded { return slices.Delete(e, 8, 9) }, true, false, true, true, true},
	{"edit a payload and sign anew", func(e []eventlog.Recorded) []eventlog.Recorded { return edit(e, 9) }, true, false, true, true, true},
	{"only sign anew", func(e []eventlog.Recorded) []eventlog.Recorded { return e }, true, false, true, true, true},

	// Cut: what is left was signed as it is, so only a later root shows it.
	{"cut back to a root", func(e []eventlog.Recorded) []eventlog.Recorded { return e[:14] }, false, false, false, true, true},
	{"cut back to between two roots", func(e []eventlog.Recorded) []eventlog.Recorded { return e[:10] }, false, false, false, true, true},
	{"cut to nothing", func(e []eventlog.Recorded) []eventlog.Recorded { return nil }, false, false, false, true, true},

	// After the last root: nothing shows it, which is why the report counts these events.
	{"edit after the last root", func(e []eventlog.Recorded) []eventlog.Recorded { return edit(e, 21) }, false, false, false, false, false},
	{"cut after the last root", func(e []eventlog.Recorded) []eventlog.Recorded { return e[:21] }, false, false, false, false, false},
}

func swap(e []eventlog.Recorded, i, j int) []eventlog.Recorded {
	e[i], e[j] = e[j], e[i]
	return e
}

func edit(e []eventlog.Recorded, i int) []eventlog.Recorded {
	e[i].Data = slices.Clone(e[i].Data)
	e[i].Data[len(e[i].Data)-5] ^= 1
	return e
}

func copyOf(r eventlog.Recorded) eventlog.Recorded {
	r.ID[0] ^= 1
	return r
}

func TestKnowingEditsWithAllHashesRecomputed(t *testing.T) {
	w := newWorld(t, memory.New())
	for range 3 {
		w.write(2, 3)
		w.seal()
	}
	newest := w.lastRoot()
	w.write(2, 1)
	events := everything(t, w.log)
	if len(events) != 23 || events[6].Stream != domain.RootStream || events[13].Stream != domain.RootStream || events[20].Stream != domain.RootStream {
		t.Fatal("the crimes below count on another log")
	}
	thief := newWorld(t, memory.New()).signer
	for _, c := range crimes {
		t.Run(c.name, func(t *testing.T) {
			var by *proof.Signer
			if c.resign {
				by = thief
			}
			log := forge(t, w.log.ID(), c.commit(slices.Clone(events)), by)
			key := w.signer.Public()
			for _, o := range []struct {
				with  string
				found bool
				proof.VerifyOptions
			}{
				{"nothing from outside", c.bare, proof.VerifyOptions{}},
				{"--key", c.key, proof.VerifyOptions{Key: key}},
				{"--against", c.against, proof.VerifyOptions{Against: &newest}},
				{"both", c.both, proof.VerifyOptions{Key: key, Against: &newest}},
			} {
				r := verify(t, log, o.VerifyOptions)
				if r.OK == o.found {
					t.Errorf("%s: ok is %v: %+v", o.with, r.OK, r)
				}
				if !r.OK && (r.Why == "" || r.Position == "") {
					t.Errorf("%s: it does not say what or where: %+v", o.with, r)
				}
				if want := o.Key == nil && o.Against == nil && r.Roots > 0; r.KeyFromLog != want {
					t.Errorf("%s: key from the log: %v", o.with, r.KeyFromLog)
				}
			}
		})
	}
}

func (w *world) lastRoot() domain.RootSigned {
	r, found, err := w.log.Last(ctx, domain.RootStream)
	if err != nil || !found {
		w.t.Fatal("no root", err)
	}
	d, err := w.codec.Decode(r)
	if err != nil {
		w.t.Fatal(err)
	}
	return d.Event.(domain.RootSigned)
}

func TestTheFirstBadEventIsNamed(t *testing.T) {
	w := newWorld(t, memory.New())
	w.write(2, 3)
	w.seal()
	events := everything(t, w.log)

	// Without recomputing: the very event.
	log := forged{memory.New(), w.log.ID()}
	for i, r := range events {
		if i == 3 {
			r.Data = append(slices.Clone(r.Data[:len(r.Data)-1]), ' ', '}')
		}
		copyInto(t, log, r)
	}
	r := verify(t, log, proof.VerifyOptions{})
	if r.OK || r.Position != "4" || r.Stream != "dossier-1" || r.Revision == nil || *r.Revision != 1 || r.Events != 3 {
		t.Errorf("got %+v", r)
	}
	// Recomputed: the root that covers it.
	r = verify(t, forge(t, w.log.ID(), edit(slices.Clone(events), 3), nil), proof.VerifyOptions{})
	if r.OK || r.Position != "7" || r.Stream != domain.RootStream || *r.Revision != 0 {
		t.Errorf("got %+v", r)
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	json.Unmarshal(text, &fields)
	for _, name := range []string{"ok", "events", "streams", "roots", "after_last_root", "position", "stream", "revision", "why"} {
		if _, ok := fields[name]; !ok {
			t.Errorf("the report has no %s: %s", name, text)
		}
	}
}

func TestTimesThatRunBackwardsAreFound(t *testing.T) {
	w := newWorld(t, memory.New())
	w.write(1, 3)
	events := everything(t, w.log)
	events[0].Meta, events[2].Meta = events[2].Meta, events[0].Meta
	r := verify(t, forge(t, w.log.ID(), events, nil), proof.VerifyOptions{})
	if r.OK || r.Position != "2" || r.Stream != "dossier-0" {
		t.Errorf("got %+v", r)
	}
}
