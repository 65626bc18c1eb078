package codec

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"hoso/domain"
	"hoso/domain/eventlog"
)

const testTrace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

// TestTraceOfTheCommand: metadata carry it, the hash covers it, and where
// there is none it costs no byte.
func TestTraceOfTheCommand(t *testing.T) {
	c := &Codec{Keys: keyring{}.key}
	e := domain.Progressed{Title: "Thẩm định"}
	traced, plain := testMeta(), testMeta()
	traced.Trace = testTrace
	p, _, err := c.Encode(testStream, EmptyTip, []Draft{{e, traced}, {e, plain}})
	if err != nil {
		t.Fatal(err)
	}
	if extra := len(p[0].Meta) - len(p[1].Meta); extra != len(`,"traceparent":""`)+len(testTrace) || bytes.Contains(p[1].Meta, []byte("traceparent")) {
		t.Errorf("with and without a trace the metadata differ by %d bytes:\n%s\n%s", extra, p[0].Meta, p[1].Meta)
	}
	first := stored(testStream, 0, p)[0]
	d, err := c.Read(Hash{}, first)
	if err != nil || d.Meta.Trace != testTrace {
		t.Fatalf("read back: %q, %v", d.Meta.Trace, err)
	}
	first.Meta = []byte(strings.Replace(string(first.Meta), testTrace, strings.Replace(testTrace, "0af7", "0af8", 1), 1))
	var broken *BrokenError
	if _, err := c.Read(Hash{}, first); !errors.As(err, &broken) {
		t.Errorf("another trace in the stored metadata goes unnoticed: %v", err)
	}
}

// TestGoldenTrace reads an event as it was stored when traces came into the
// metadata. Like the other golden files it is never edited.
func TestGoldenTrace(t *testing.T) {
	c := &Codec{Keys: keyring{}.key}
	const path = "testdata/metadata-with-traceparent.json"
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && flag.Lookup("update").Value.String() == "true" {
		m := testMeta()
		m.Trace = testTrace
		var p []eventlog.Proposed
		if p, _, err = c.Encode(testStream, EmptyTip, []Draft{{domain.Progressed{Title: "Thẩm định"}, m}}); err != nil {
			t.Fatal(err)
		}
		text, _ = json.Marshal(goldenStored{p[0].ID, testStream, 0, Hash{}.String(), string(p[0].Data), string(p[0].Meta)}, jsontext.WithIndent("  "))
		err = os.WriteFile(path, append(text, '\n'), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	var g goldenStored
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatal(err)
	}
	prev := Hash{}
	if _, err := hex.Decode(prev[:], []byte(g.Previous)); err != nil {
		t.Fatal(err)
	}
	d, err := c.Read(prev, eventlog.Recorded{ID: g.ID, Stream: g.Stream, Revision: g.Revision, Type: "dossier.progressed", Data: []byte(g.Data), Meta: []byte(g.Meta)})
	if err != nil || d.Meta.Trace != testTrace {
		t.Errorf("%q, %v", d.Meta.Trace, err)
	}
}
