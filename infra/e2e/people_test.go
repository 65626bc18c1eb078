package e2e

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"hoso/domain"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
	"hoso/infra/keys"
	"hoso/infra/sqlite"
)

// secret is one personal value as it was sealed.
type secret struct {
	subject domain.SubjectID
	field   string // event type and path, e.g. dossier.submitted Owner.Name
	text    string
}

// secrets opens every sealed value of a log with the keys of its folder. The
// walk goes over the fields by reflection, so that no declared field is forgotten.
func secrets(t testing.TB, dir string) (all []secret) {
	t.Helper()
	log, err := sqlite.OpenLogReadOnly(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	master, err := keys.LoadMaster(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	store, err := keys.OpenReadOnly(dir, master)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	c := &codec.Codec{Keys: store.Key}
	for batch, err := range log.Subscribe(context.Background(), eventlog.Position{}, eventlog.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range batch.Events {
			d, err := c.Decode(r)
			if err != nil {
				t.Fatal(err)
			}
			walk(reflect.ValueOf(d.Event), r.Type, func(field string, p domain.Personal) {
				if p.Text != "" {
					all = append(all, secret{p.Subject, field, p.Text})
				}
			})
		}
		if batch.Live {
			return all
		}
	}
	return all
}

func walk(v reflect.Value, path string, visit func(string, domain.Personal)) {
	if v.IsValid() && v.Type() == reflect.TypeFor[domain.Personal]() {
		visit(path, v.Interface().(domain.Personal))
		return
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			walk(v.Elem(), path, visit)
		}
	case reflect.Slice:
		for i := range v.Len() {
			walk(v.Index(i), path, visit)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				walk(v.Field(i), path+" "+v.Type().Field(i).Name, visit)
			}
		}
	}
}

// isName tells names from other values: their words are searched singly too.
func (s secret) isName() bool {
	return strings.HasSuffix(s.field, " Name") || strings.HasSuffix(s.field, " Receiver")
}

// hasProse: free text, which may hold ordinary words of the program.
func (s secret) hasProse() bool {
	for _, end := range []string{" Name", " IDNumber", " OtherID", " Address", " Phone", " Email", " Receiver"} {
		if strings.HasSuffix(s.field, end) {
			return false
		}
	}
	return true
}

// needlesOf makes what must not be found of people's values. Names are searched
// as wholes and word by word, without the words in known.
func needlesOf(values []secret, known map[string]bool) (n *needles, excepted []string) {
	n = newNeedles()
	seen := map[string]bool{}
	for _, s := range values {
		if seen[s.text] {
			continue
		}
		seen[s.text] = true
		n.value(s.text, fmt.Sprintf("%s %q", s.field, s.text))
		if !s.isName() {
			continue
		}
		for word := range strings.FieldsSeq(s.text) {
			if first, _ := utf8.DecodeRuneInString(word); seen[" "+word] || !unicode.IsUpper(first) {
				continue // "công ty", "và": no names
			}
			seen[" "+word] = true
			if known[word] || known[domain.Fold(word)] {
				excepted = append(excepted, word)
				n.hashes(word, "name "+word)
			} else {
				n.word(word, "name "+word)
			}
		}
	}
	return n, excepted
}
