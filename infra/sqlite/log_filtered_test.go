package sqlite_test

import (
	"fmt"
	"slices"
	"testing"

	"hoso/domain/eventlog"
)

// TestFewAmongMany: what is looked up by the index of streams is what a scan
// of everything finds, in its order, from wherever one begins.
func TestFewAmongMany(t *testing.T) {
	l := openLog(t, t.TempDir())
	put := func(stream string, n int) {
		t.Helper()
		if _, err := l.Append(t.Context(), stream, eventlog.NoStream, proposed(n)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 30 {
		put(fmt.Sprintf("noise-%d", i), 800)
		put(fmt.Sprintf("wanted-%d", 30-i), 20) // 600 in all: more than a page
		put(fmt.Sprintf("wanted.%d", i), 1)
		put(fmt.Sprintf("wante-%d", i), 1)
		put(fmt.Sprintf("hồ sơ-%d", i), 1)
	}
	for b, err := range l.Subscribe(t.Context(), eventlog.Position{}, eventlog.Filter{StreamPrefixes: []string{"hồ"}}) {
		if err != nil || !b.Live || len(b.Events) != 30 { // a scan needs three batches
			t.Fatalf("the first batch has %d events, live %v: %v", len(b.Events), b.Live, err)
		}
		break
	}
	everything := until(t, l, eventlog.Position{}, eventlog.Filter{})
	for _, prefixes := range [][]string{{"wanted-"}, {"wanted-2", "wanted-", "wante"}, {"hồ"}, {"none-"}, {"noise-"}, {"wanted-", ""}} {
		for _, after := range []uint64{0, 1, 821, 10_000, uint64(len(everything)) - 9_000, uint64(len(everything))} {
			f := eventlog.Filter{StreamPrefixes: prefixes}
			var want []eventlog.Position
			for _, e := range everything[after:] {
				if f.Has(e.Stream) {
					want = append(want, e.Position)
				}
			}
			var got []eventlog.Position
			for _, e := range until(t, l, eventlog.Position{Commit: after, Prepare: after}, f) {
				got = append(got, e.Position)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%q after %d: %d events, want %d", prefixes, after, len(got), len(want))
			}
		}
	}
}

// until reads all there is; the last batch must end at the head.
func until(t *testing.T, l eventlog.Log, after eventlog.Position, f eventlog.Filter) (all []eventlog.Recorded) {
	t.Helper()
	head, err := l.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for b, err := range l.Subscribe(t.Context(), after, f) {
		if err != nil {
			t.Fatal(err)
		}
		if all = append(all, b.Events...); b.Live {
			if b.End != head {
				t.Errorf("live at %s, the head is %s", b.End, head)
			}
			break
		}
		if n := len(b.Events); n > 0 && b.End.Before(b.Events[n-1].Position) {
			t.Errorf("a batch ends at %s, before its last event", b.End)
		}
	}
	return all
}
