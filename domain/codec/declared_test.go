package codec

import (
	"reflect"
	"strings"
	"testing"

	"hoso/domain"
	"hoso/domain/calendar"
)

// A field is declared by its doc tag: "public: …", or "sealed: …" exactly
// where its type is domain.Personal. A field that holds a struct says what it
// is in plain words, and the struct's own fields declare themselves.
func undeclared(t reflect.Type, path string) (faults []string) {
	for i := range t.NumField() {
		f := t.Field(i)
		at := path + "." + f.Name
		doc := f.Tag.Get("doc")
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		public, sealed := hasWords(doc, "public: "), hasWords(doc, "sealed: ")
		inner := elem(f.Type)
		switch {
		case !f.IsExported() || f.Anonymous || name == "" || name == "-":
			faults = append(faults, at+": every field of an event is exported and has a name in JSON")
		case inner == personalType:
			if !sealed {
				faults = append(faults, at+` is personal: declare it "sealed: …"`)
			}
		case sealed:
			faults = append(faults, at+" says sealed, but its type is "+f.Type.String())
		case isLeaf(inner):
			if !public {
				faults = append(faults, at+` is not declared: say "public: …", or make it domain.Personal`)
			}
		case inner.Kind() == reflect.Struct:
			if doc == "" {
				faults = append(faults, at+" does not say what it is")
			}
			faults = append(faults, undeclared(inner, at)...)
		default:
			faults = append(faults, at+": a "+f.Type.String()+" cannot be declared field by field")
		}
	}
	return faults
}

func hasWords(doc, kind string) bool { return strings.HasPrefix(doc, kind) && len(doc) > len(kind) }

func elem(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Array && t != uuidType {
		t = t.Elem()
	}
	return t
}

func isLeaf(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.String, reflect.Bool, reflect.Int, reflect.Int64, reflect.Uint64:
		return true
	}
	return t == timeType || t == uuidType || t == dateType
}

func TestEveryFieldIsDeclaredPublicOrSealed(t *testing.T) {
	for typ := range schemas {
		for _, fault := range undeclared(reflect.TypeOf(zeroEvent(t, typ)), typ) {
			t.Error(fault)
		}
	}
}

func TestAnUndeclaredFieldIsNoticed(t *testing.T) {
	type inner struct {
		Plain string `json:"plain"`
	}
	type event struct {
		A string                   `json:"a" doc:"who it is"`
		B domain.Personal          `json:"b" doc:"public: name"`
		C string                   `json:"c" doc:"sealed: name"`
		D []*inner                 `json:"d" doc:"people"`
		E map[string]int           `json:"e" doc:"public: counts"`
		F string                   `doc:"public: unnamed"`
		G domain.Personal          `json:"g" doc:"sealed: "`
		H calendar.Date            `json:"h" doc:"public: fine"`
		I [2][]domain.Personal     `json:"i" doc:"sealed: fine"`
		J *struct{ domain.Person } `json:"j" doc:"embeds"`
	}
	var fields string
	for _, fault := range undeclared(reflect.TypeFor[event](), "e") {
		fields += strings.Split(strings.TrimPrefix(fault, "e."), " ")[0] + " "
	}
	if fields != "A B C D.Plain E: F: G J.Person: " {
		t.Error("noticed:", fields)
	}
}

func TestEveryEventOfTheDomainHasASchema(t *testing.T) {
	known := map[string]bool{}
	for _, e := range domain.EventTypes() {
		typ := e.EventType()
		if _, ok := schemas[typ]; !ok || known[typ] {
			t.Errorf("%s: not in the table of schemas, or listed twice", typ)
		}
		known[typ] = true
	}
	for typ := range schemas {
		if !known[typ] {
			t.Errorf("%s has a schema, and the domain does not list it", typ)
		}
	}
}
