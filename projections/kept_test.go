package projections

import (
	"reflect"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"pgregory.net/rapid"

	"hoso/domain"
)

// What documents keep without names reads back as it was.
func TestKept(t *testing.T) {
	moments := rapid.Custom(func(t *rapid.T) time.Time {
		if rapid.Bool().Draw(t, "none") {
			return time.Time{}
		}
		return time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "s"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns")).UTC()
	})
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

// A hit of a search is its dossier's document without what stands Behind.
func TestListed(t *testing.T) {
	view := DossierView{Code: "H99.01-260101-0001", OwnerName: "Nguyễn Văn A", Behind: Behind{
		Clock: Clock{Calendar: "x"}, IDProofs: []string{"i"}, PhoneProofs: []string{"p"},
	}}
	d := documentOf(view)
	var whole, hit DossierView
	if err := json.Unmarshal(d.json, &whole); err != nil || !reflect.DeepEqual(whole, view) {
		t.Errorf("%v: %s", err, d.json)
	}
	view.Behind = Behind{}
	if err := json.Unmarshal(d.listed, &hit); err != nil || !reflect.DeepEqual(hit, view) {
		t.Errorf("%v: %s", err, d.listed)
	}
}
