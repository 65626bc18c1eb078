package projections

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"pgregory.net/rapid"

	"hoso/domain"
	"hoso/domain/calendar"
)

var moments = rapid.Custom(func(t *rapid.T) time.Time {
	if rapid.Bool().Draw(t, "none") {
		return time.Time{}
	}
	return time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "s"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns")).UTC()
})

// A dossier's document, which is written by hand, says what the library would
// write of its view, and a hit of a search the same without what stands Behind.
func TestViewJSON(t *testing.T) {
	same := func(t *rapid.T, written []byte, v DossierView) {
		byLibrary, err := json.Marshal(&v)
		if err != nil {
			t.Fatal(err)
		}
		var got, want any
		if err := errors.Join(json.Unmarshal(written, &got), json.Unmarshal(byLibrary, &want)); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%v\ngot  %s\nwant %s", err, written, byLibrary)
		}
	}
	zoned := rapid.Custom(func(t *rapid.T) time.Time {
		return moments.Draw(t, "moment").In(rapid.SampledFrom([]*time.Location{time.UTC, calendar.Zone}).Draw(t, "zone"))
	})
	views := rapid.MakeCustom[DossierView](rapid.MakeConfig{Types: map[reflect.Type]*rapid.Generator[any]{reflect.TypeFor[time.Time](): zoned.AsAny()}})
	rapid.Check(t, func(t *rapid.T) {
		v := views.Draw(t, "view")
		d := documentOf(v)
		if d.err != nil {
			t.Fatal(d.err)
		}
		same(t, d.json, v)
		v.Behind = Behind{}
		same(t, d.listed, v)
	})
}

// What cannot be kept is an error, never a broken document.
func TestViewJSONRefuses(t *testing.T) {
	for _, v := range []DossierView{{Code: "\xff"}, {Procedure: "ô\xc3"}, {EndedAt: time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)}, {Behind: Behind{PhoneProofs: []string{"\xff"}}}} {
		if d := documentOf(v); d.err == nil {
			t.Errorf("%+v is kept as %s", v, d.json)
		}
	}
}

// What documents keep without names reads back as it was.
func TestKept(t *testing.T) {
	text := rapid.StringN(0, 12, -1)
	version := rapid.SampledFrom([]string{"", "93bf26636493c620", "d830a9ade14fc9ed"})
	t.Run("clock", rapid.MakeCheck(func(t *rapid.T) {
		clock := Clock{
			Due: moments.Draw(t, "due"), Remaining: rapid.IntRange(0, 9999).Draw(t, "remaining"),
			Paused: rapid.Bool().Draw(t, "paused"), Overdue: rapid.Bool().Draw(t, "overdue"), Calendar: version.Draw(t, "calendar"),
		}
		for range rapid.IntRange(0, 6).Draw(t, "marks") {
			clock.Marks = append(clock.Marks, domain.Mark{
				Kind: domain.MarkKind(text.Draw(t, "kind")), At: moments.Draw(t, "at"), Due: moments.Draw(t, "until"),
				Remaining: rapid.IntRange(-1, 9999).Draw(t, "left"), Calendar: version.Draw(t, "version"),
				Procedure: version.Draw(t, "procedure"), Basis: text.Draw(t, "basis"),
			})
		}
		raw, err := json.Marshal(DossierView{Behind: Behind{Clock: clock}})
		if err != nil {
			t.Fatal(err)
		}
		var back DossierView
		if err := json.Unmarshal(raw, &back); err != nil || !reflect.DeepEqual(back.Clock, clock) {
			t.Fatalf("%v\n%s\n%+v\n%+v", err, raw, back.Clock, clock)
		}
	}))
	t.Run("timeline", rapid.MakeCheck(func(t *rapid.T) {
		var want []TimelineEntry
		list := []byte("[")
		for i := range rapid.IntRange(0, 4).Draw(t, "entries") {
			e := TimelineEntry{
				Revision: uint64(i), Position: "12345", Type: "dossier.routed", At: moments.Draw(t, "at"),
				By:       domain.Actor{Role: domain.IntakeOfficer, Agency: text.Draw(t, "agency"), ID: text.Draw(t, "id")},
				DetailVI: text.Draw(t, "vi"), DetailEN: text.Draw(t, "en"), Text: text.Draw(t, "text"), Erased: rapid.Bool().Draw(t, "erased"),
			}
			e.RecordedAt = e.At
			if rapid.Bool().Draw(t, "brought by an import") {
				e.RecordedAt = e.At.Add(time.Duration(rapid.Int64Range(1, 1e18).Draw(t, "later")))
			}
			e.VI, e.EN = domain.Title(e.Type)
			want = append(want, e)
			if i > 0 {
				list = append(list, ',')
			}
			var err error
			if list, err = AppendEntry(list, e); err != nil {
				t.Fatal(err)
			}
		}
		got, err := ReadEntries(append(list, ']'))
		if err != nil || len(got) != len(want) {
			t.Fatalf("%d of %d entries, %v: %s", len(got), len(want), err, list)
		}
		for i := range want {
			if !reflect.DeepEqual(got[i], want[i]) {
				t.Fatalf("got  %+v\nwant %+v", got[i], want[i])
			}
		}
	}))
}

// A field that somebody adds is not lost by those who write them one by one.
func TestKeptKnowsEveryField(t *testing.T) {
	for typ, fields := range map[reflect.Type]int{
		reflect.TypeFor[domain.Clock](): 6, reflect.TypeFor[domain.Mark](): 7, reflect.TypeFor[domain.Actor](): 3, reflect.TypeFor[TimelineEntry](): 12,
	} {
		if typ.NumField() != fields {
			t.Errorf("%v has %d fields, kept are %d: see clock_json.go and timeline_line.go", typ, typ.NumField(), fields)
		}
	}
}
