// Command eventdocs writes the reference of all events, docs/events.md, from
// the event structs: names, titles, fields, and which of them are sealed.
package main

import (
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/calendar"
	"hoso/domain/codec"
)

//go:generate go run . ../../docs/events.md

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: eventdocs FILE")
		os.Exit(2)
	}
	var b strings.Builder
	write(&b)
	if err := os.WriteFile(os.Args[1], []byte(b.String()), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
}

const head = `# Events

Generated from the code by ` + "`go generate ./...`" + `; do not edit.

Every event has a name that stays for ever and a schema version. A field is
**public** (plain in the log) or **sealed** (AES-256-GCM under a key of the
person it is about; destroying the key erases it). A sealed value is stored as
` + "`sealed:<subject>:<base64url of nonce and ciphertext>`" + `, bound to its stream, event id
and field.

## Metadata of every event

| field | meaning |
|---|---|
`

func write(w io.Writer) {
	fmt.Fprint(w, head)
	meta := reflect.TypeFor[codec.Meta]()
	for i := range meta.NumField() {
		f := meta.Field(i)
		name := jsonName(f)
		if name == "" {
			name = "hash"
		}
		fmt.Fprintf(w, "| `%s` | %s |\n", name, f.Tag.Get("doc"))
	}
	for _, e := range domain.EventTypes() {
		vi, en := domain.Title(e.EventType())
		fmt.Fprintf(w, "\n## %s\n\n%s · %s · version %d\n\n| field | type | seal | meaning |\n|---|---|---|---|\n",
			e.EventType(), en, vi, codec.Version(e.EventType()))
		fields(w, reflect.TypeOf(e), "")
	}
}

// fields writes a row for each field, those of structs under their path.
func fields(w io.Writer, t reflect.Type, path string) {
	for i := range t.NumField() {
		f := t.Field(i)
		name := path + jsonName(f)
		seal, meaning, found := strings.Cut(f.Tag.Get("doc"), ": ")
		if !found || seal != "public" && seal != "sealed" {
			seal, meaning = "", f.Tag.Get("doc")
		}
		inner, kind := typeName(f.Type)
		fmt.Fprintf(w, "| `%s` | %s | %s | %s |\n", name, kind, seal, meaning)
		if inner != nil {
			fields(w, inner, name+".")
		}
	}
}

// typeName says what a field is in JSON, and gives the struct whose fields follow.
func typeName(t reflect.Type) (inner reflect.Type, kind string) {
	switch t {
	case reflect.TypeFor[domain.Personal]():
		return nil, "text"
	case reflect.TypeFor[time.Time]():
		return nil, "instant, RFC 3339"
	case reflect.TypeFor[uuid.UUID]():
		return nil, "uuid"
	case reflect.TypeFor[calendar.Date]():
		return nil, "date"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return typeName(t.Elem())
	case reflect.Slice, reflect.Array:
		inner, kind = typeName(t.Elem())
		return inner, "list of " + kind
	case reflect.Struct:
		return t, "object"
	case reflect.Bool:
		return nil, "true or false"
	case reflect.String:
		return nil, "text"
	}
	return nil, "number"
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "-" {
		return ""
	}
	return name
}
