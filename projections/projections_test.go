package projections

import (
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
	"hoso/domain/eventlog/memory"
	"hoso/projections/projtest"
)

func TestNearestRank(t *testing.T) {
	// The worked example of the method: of 15, 20, 35, 40, 50 the 50th percentile is 35.
	for _, c := range []struct {
		values []int64
		want   Percentiles
	}{
		{nil, Percentiles{}},
		{[]int64{7}, Percentiles{7, 7, 7}},
		{[]int64{50, 15, 40, 20, 35}, Percentiles{35, 50, 50}},
		{[]int64{1, 2}, Percentiles{1, 2, 2}},
		{[]int64{10, 9, 8, 7, 6, 5, 4, 3, 2, 1}, Percentiles{5, 9, 10}},
	} {
		if got := NearestRank(c.values); got != c.want {
			t.Errorf("%v: %+v, want %+v", c.values, got, c.want)
		}
	}
}

// items folds what a world holds of a dossier.
func items(t *testing.T, w *projtest.World, dossier uuid.UUID) []*Item {
	t.Helper()
	all, err := NewFeed(w.Log, w.Codec, slog.New(slog.DiscardHandler)).Replay(t.Context(), dossier, eventlog.Position{Commit: 1 << 40, Prepare: 1 << 40})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestUnknownTypeBreaksTheFold and so does everything after it.
func TestUnknownTypeBreaksTheFold(t *testing.T) {
	w := projtest.New(t, memory.New())
	id := projtest.ID("dossier", 1)
	w.Append(projtest.Stream(id), time.Now(), projtest.Submission(1), domain.Withdrawn{}, domain.Contacted{})
	sound := items(t, w, id)
	unknown := &codec.UnknownTypeError{Type: "dossier.withdrawn", Version: 9}
	empty := domain.NewDossier(id)
	state := folded{dossier: &empty, revision: eventlog.NoStream}
	for i, it := range sound {
		got := &Item{Decoded: it.Decoded, Dossier: id}
		if i == 1 {
			got.Broken = unknown
		}
		state = state.next(got)
		if (got.Broken != nil) != (i > 0) || i > 0 && !errors.Is(got.Broken, unknown) {
			t.Errorf("event %d: broken by %v", i, got.Broken)
		}
	}
	if state.dossier.Status() != domain.StatusSubmitted || state.revision != 0 {
		t.Errorf("the fold went on to status %d, revision %d", state.dossier.Status(), state.revision)
	}
}

// TestGapBreaksTheFold: an event that does not follow the last one.
func TestGapBreaksTheFold(t *testing.T) {
	w := projtest.New(t, memory.New())
	id := projtest.ID("dossier", 1)
	w.Append(projtest.Stream(id), time.Now(), projtest.Submission(1), domain.Contacted{}, domain.Contacted{})
	sound := items(t, w, id)
	empty := domain.NewDossier(id)
	state := folded{dossier: &empty, revision: eventlog.NoStream}.next(&Item{Decoded: sound[0].Decoded, Dossier: id})
	last := &Item{Decoded: sound[2].Decoded, Dossier: id}
	if state.next(last); last.Broken == nil {
		t.Error("revision 2 was folded onto revision 0")
	}
}

// TestTimelineKeepsNoPersonalValueButFreeText fills every field of every
// event, the personal ones with a mark, and looks where the mark comes out.
func TestTimelineKeepsNoPersonalValueButFreeText(t *testing.T) {
	const secret = "SECRET"
	who := projtest.ID("person", 1)
	names := 0
	for _, event := range domain.EventTypes() {
		if !strings.HasPrefix(event.EventType(), "dossier.") {
			continue
		}
		v := reflect.New(reflect.TypeOf(event)).Elem()
		fill(v, "", domain.About(who, secret))
		empty := domain.NewDossier(projtest.ID("dossier", 1))
		it := &Item{Dossier: empty.ID, After: &empty, Catalogue: domain.NewCatalogue()}
		it.Type, it.Event, it.Position = event.EventType(), v.Interface().(domain.Event), eventlog.Position{Commit: 7, Prepare: 7}
		e := EntryOf(it)
		if all := fmt.Sprint(e.DetailVI, e.DetailEN); strings.Contains(all, secret) {
			t.Errorf("%s: its details tell a personal value: %s", e.Type, all)
		}
		if strings.Contains(e.Text, secret+"-name") {
			t.Errorf("%s: its text tells a name or number: %s", e.Type, e.Text)
		}
		if (e.DetailVI == "") != (e.DetailEN == "") {
			t.Errorf("%s: details in one language only: %q, %q", e.Type, e.DetailVI, e.DetailEN)
		}
		if e.Text != "" {
			names++
			it.Redacted = []domain.SubjectID{who}
			if e := EntryOf(it); e.Text != "" || !e.Erased {
				t.Errorf("%s: after the erasure its text is %q, erased %v", e.Type, e.Text, e.Erased)
			}
		}
	}
	if names < 15 {
		t.Errorf("only %d events have a text", names)
	}
}

// identifying are the personal fields that are no free text.
var identifying = map[string]bool{
	"Name": true, "IDNumber": true, "OtherID": true, "Address": true, "Phone": true, "Email": true,
	"WishedTime": true, "Receiver": true, "Proof": true,
}

func fill(v reflect.Value, field string, secret domain.Personal) {
	switch v.Interface().(type) {
	case domain.Personal:
		if identifying[field] {
			secret.Text += "-name"
		}
		v.Set(reflect.ValueOf(secret))
		return
	case time.Time:
		v.Set(reflect.ValueOf(time.Date(2026, 1, 5, 1, 2, 3, 0, time.UTC)))
		return
	case domain.SubjectID:
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), v.Type().Field(i).Name, secret)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), field, secret)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i), field, secret)
		}
	case reflect.String:
		v.SetString("public")
	case reflect.Int, reflect.Int64:
		v.SetInt(3)
	case reflect.Bool:
		v.SetBool(true)
	}
}

// TestWordsOfTheTimeline holds a few entries against what people should read.
func TestWordsOfTheTimeline(t *testing.T) {
	w := projtest.New(t, memory.New())
	at := time.Date(2026, 1, 5, 1, 0, 0, 0, time.UTC)
	w.Catalogue(at)
	id := projtest.ID("dossier", 1)
	due := time.Date(2026, 1, 9, 9, 0, 0, 0, time.UTC)
	w.Append(projtest.Stream(id), at, projtest.Submission(1),
		domain.Accepted{Deadline: &domain.Deadline{Due: due}},
		domain.Routed{From: "H99.14", Agency: "H99.02", Unit: "Phòng Hộ tịch"},
		domain.PaymentRequested{Obligation: "LP", Name: "Lệ phí", Amount: 1250000, Currency: "VND"},
		domain.Progressed{Title: "Thẩm định"},
		domain.Decided{Outcome: domain.Granted, Number: "12/QĐ", Date: "2026-11-18"},
		domain.Decided{Outcome: domain.Granted, Date: "cuối năm"},
		domain.Contacted{Means: "phone"})
	w.PublishAgency(at.Add(time.Hour), "H99.02", "Sở Tư pháp và Nội vụ")
	w.Append(projtest.Stream(id), at.Add(2*time.Hour), domain.Routed{Agency: "H99.02"})
	want := [][2]string{
		{"Thủ tục: Đăng ký khai sinh (1.001193). Nơi nhận: Ủy ban nhân dân phường Đông Hà (H99.14). Nộp trực tuyến",
			"Procedure: EN Đăng ký khai sinh (1.001193). Received by: Ủy ban nhân dân phường Đông Hà (H99.14). Online"},
		{"Hẹn trả: 16:00 09/01/2026", "Due: 16:00 2026-01-09"},
		{"Từ: Ủy ban nhân dân phường Đông Hà (H99.14). Đến: Sở Tư pháp (H99.02). Đơn vị: Phòng Hộ tịch",
			"From: Ủy ban nhân dân phường Đông Hà (H99.14). To: Sở Tư pháp (H99.02). Unit: Phòng Hộ tịch"},
		{"Lệ phí (LP). 1.250.000 đồng", "Lệ phí (LP). 1,250,000 VND"},
		{"Thẩm định", "Thẩm định"},
		{"Chấp thuận. Số: 12/QĐ. Ngày: 18/11/2026", "Granted. Number: 12/QĐ. Date: 2026-11-18"},
		{"Chấp thuận. Ngày: cuối năm", "Granted. Date: cuối năm"},
		{"Gọi điện thoại", "By phone"},
		{"Đến: Sở Tư pháp và Nội vụ (H99.02)", "To: Sở Tư pháp và Nội vụ (H99.02)"},
	}
	for i, it := range items(t, w, id) {
		if e := EntryOf(it); [2]string{e.DetailVI, e.DetailEN} != want[i] {
			t.Errorf("%s:\n got %q\n     %q\nwant %q", e.Type, e.DetailVI, e.DetailEN, want[i])
		}
	}
}

func TestSearchTerms(t *testing.T) {
	for text, want := range map[string]struct {
		words []string
		code  string
	}{
		"  Đỗ Thị  Ánh ":                    {[]string{"do", "thi", "anh"}, ""},
		"H99.14-260105-0001":                {[]string{"h99", "14", "260105", "0001"}, "h99142601050001"},
		"h9914–260105–0001":                 {[]string{"h9914", "260105", "0001"}, "h99142601050001"},
		`"; DROP TABLE words`:               {[]string{"drop", "table", "words"}, ""},
		"***":                               {nil, ""},
		"lan Lan LÁN lan an":                {[]string{"lan", "an"}, ""}, // each once
		"lan an lan":                        {[]string{"lan", "an", "lan"}, ""},
		strings.Repeat("một ", 300) + "hai": {[]string{"mot", "hai"}, ""},
	} {
		terms, err := SearchTerms(text)
		if err != nil || strings.Join(terms.Words, " ") != strings.Join(want.words, " ") || terms.Code != want.code || terms.Nothing != (text == "***") {
			t.Errorf("%q: %+v, %v; want %q, %q", text, terms, err, want.words, want.code)
		}
	}
	words := make([]string, 33)
	for i := range words {
		words[i] = fmt.Sprint("a", i)
	}
	if _, err := SearchTerms(strings.Join(words[:32], " ")); err != nil {
		t.Errorf("32 words: %v", err)
	}
	if _, err := SearchTerms(strings.Join(words, " ")); domain.CodeOf(err) != "too_many_words" {
		t.Errorf("33 words: %v", err)
	}
}
