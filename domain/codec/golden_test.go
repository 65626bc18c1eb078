package codec

import (
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"
	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/eventlog"
)

var update = flag.Bool("update", false, "write golden files that are missing; those that exist are never touched")

// golden is what testdata/<type>.v<version>.json holds. It is never edited: an
// event that changes gets a new version, and an upcaster reads this one.
type golden struct {
	Shape  jsontext.Value `json:"shape"`  // every field with the kind of its value
	Stored goldenStored   `json:"stored"` // one event as it once lay in a log
	Opened jsontext.Value `json:"opened"` // what it said
}

type goldenStored struct {
	ID       uuid.UUID `json:"id"`
	Stream   string    `json:"stream"`
	Revision uint64    `json:"revision"`
	Previous string    `json:"previous"` // hash of the event before, hex
	Data     string    `json:"data"`
	Meta     string    `json:"meta"`
}

func TestGolden(t *testing.T) {
	c := &Codec{Keys: keyring{}.key}
	files := map[string]bool{}
	type stored struct {
		typ     string
		version int
	}
	var all []stored
	for typ, schema := range schemas {
		for version := schema.oldest; version <= schema.version; version++ {
			all = append(all, stored{typ, version})
		}
	}
	for _, one := range all {
		typ, version := one.typ, one.version
		path := filepath.Join("testdata", fmt.Sprintf("%s.v%d.json", typ, version))
		files[path] = true
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) && *update && version == Version(typ) {
			text = writeGolden(t, c, path, typ)
		} else if err != nil {
			t.Errorf("%v; write it with: go test ./domain/codec -run TestGolden -update", err)
			continue
		}
		var g golden
		if err := json.Unmarshal(text, &g); err != nil {
			t.Fatal(path, err)
		}
		if now := shape(t, typ); version == Version(typ) && canonical(t, now) != canonical(t, g.Shape) {
			t.Errorf("%s has other fields than its version %d was published with; make a new version\nnow  %s\nthen %s", typ, version, now, g.Shape)
		}
		prev := Hash{}
		if _, err := hex.Decode(prev[:], []byte(g.Stored.Previous)); err != nil {
			t.Fatal(path, err)
		}
		d, err := c.Read(prev, eventlog.Recorded{
			ID: g.Stored.ID, Stream: g.Stored.Stream, Revision: g.Stored.Revision, Type: typ, Data: []byte(g.Stored.Data), Meta: []byte(g.Stored.Meta),
		})
		if err != nil {
			t.Errorf("%s: an event that was stored once does not read any more: %v", path, err)
		} else if now := opened(t, d.Event); canonical(t, now) != canonical(t, g.Opened) {
			t.Errorf("%s: a stored event says something else now\nnow  %s\nthen %s", path, now, g.Opened)
		}
	}
	present, _ := filepath.Glob(filepath.Join("testdata", "*.json"))
	for _, p := range present {
		if strings.HasSuffix(p, ".v1.json") && !files[p] {
			t.Errorf("%s: nobody reads events of this type any more", p)
		}
	}
}

func writeGolden(t *testing.T, c *Codec, path, typ string) []byte {
	prev := Hash{0xaa, 0xbb}
	e := filled(t, typ, testSubject)
	p, _, err := c.Encode(testStream, Tip{Revision: 2, Hash: prev}, []Draft{{e, testMeta()}})
	if err != nil {
		t.Fatal(err)
	}
	g := golden{shape(t, typ), goldenStored{p[0].ID, testStream, 3, prev.String(), string(p[0].Data), string(p[0].Meta)}, opened(t, e)}
	text, err := json.Marshal(g, jsontext.WithIndent("  "))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
	return text
}

// opened is an event in JSON with its personal values in the open.
func opened(t *testing.T, e domain.Event) jsontext.Value {
	open := json.MarshalToFunc(func(enc *jsontext.Encoder, p domain.Personal) error {
		return enc.WriteToken(jsontext.String(p.Subject.String() + " " + p.Text))
	})
	out, err := json.Marshal(e, json.WithMarshalers(open), jsonv1.OmitEmptyWithLegacySemantics(true))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// shape is a full event in JSON with the kind of each value in its place.
func shape(t *testing.T, typ string) jsontext.Value {
	seal := json.MarshalToFunc(func(enc *jsontext.Encoder, _ domain.Personal) error {
		return enc.WriteToken(jsontext.String(sealedMark))
	})
	full, err := json.Marshal(filled(t, typ, testSubject), json.WithMarshalers(seal))
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(full, &v); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(kinds(v), json.Deterministic(true))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func kinds(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = kinds(v[k])
		}
		return v
	case []any:
		for i := range v {
			v[i] = kinds(v[i])
		}
		return v
	case string:
		if v == sealedMark {
			return "sealed"
		}
		return "text"
	case float64:
		return "number"
	case bool:
		return "true or false"
	}
	return fmt.Sprintf("%T", v)
}

func canonical(t *testing.T, v jsontext.Value) string {
	v = v.Clone()
	if err := v.Canonicalize(); err != nil {
		t.Fatal(err)
	}
	return string(v)
}
