package move_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"hoso/domain/eventlog"
	"hoso/infra/move"
	"hoso/infra/sqlite"
)

// bulky tells how many events each transaction takes.
type bulky struct {
	*sqlite.Log
	sizes []int
}

func (b *bulky) AppendRecorded(ctx context.Context, events []eventlog.Recorded) error {
	b.sizes = append(b.sizes, len(events))
	return b.Log.AppendRecorded(ctx, events)
}

// TestRate: a slow copy goes in small pieces, and does not rest after the last.
func TestRate(t *testing.T) {
	from, err := sqlite.OpenLog(t.TempDir(), sqlite.LogOptions{})
	source := closing(t, from, err)
	proposed := make([]eventlog.Proposed, 110)
	for i := range proposed {
		proposed[i] = eventlog.Proposed{ID: uuid.New(), Type: "test.happened", Meta: []byte(`{}`), Data: []byte(`{}`)}
	}
	if _, err := source.Append(t.Context(), "a", eventlog.NoStream, proposed); err != nil {
		t.Fatal(err)
	}
	into, err := sqlite.OpenLog(t.TempDir(), sqlite.LogOptions{ID: source.ID()})
	closing(t, into, err)
	target, begun := &bulky{Log: into}, time.Now()
	done, err := move.Copy(t.Context(), source, target, move.Options{Until: head(t, source), Rate: 200})
	took := time.Since(begun)
	if err != nil || done.Events != 110 || !slices.Equal(target.sizes, []int{50, 50, 10}) {
		t.Fatalf("%+v, %v, in pieces of %v", done, err, target.sizes)
	}
	if took < 480*time.Millisecond || took > 5*time.Second { // 100 of 200 a second; the last ten are not waited for
		t.Errorf("it took %s", took)
	}
}
