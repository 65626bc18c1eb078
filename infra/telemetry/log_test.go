package telemetry

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/uuid"

	"hoso/domain/eventlog"
	"hoso/domain/eventlog/logtest"
	"hoso/domain/eventlog/memory"
)

// TestContract: a log that is watched is a log like any other.
func TestContract(t *testing.T) {
	logtest.Run(t, func(t *testing.T) eventlog.Log { return Log(memory.New(), NewMetrics(), receive(t).traces) })
}

// TestOffIsNotThere: without metrics and traces nothing stands between.
func TestOffIsNotThere(t *testing.T) {
	inner := memory.New()
	defer inner.Close()
	if Log(inner, nil, nil) != eventlog.Log(inner) {
		t.Error("a log that nobody watches is wrapped")
	}
	var m *Metrics
	if m.Transport(nil) != nil || Keys(nil, nil) != nil || KeyOf(nil, nil) != nil || Reaction("x", nil, nil, nil) != nil || Store(nil, nil, nil) != nil {
		t.Error("something that nobody watches is wrapped")
	}
	m.Build("", "", "", "")
	m.Sealer(nil)
	m.Poisoned(nil)
	if err := (*Traces)(nil).Close(); err != nil {
		t.Error(err)
	}
}

// failing answers appends with an error.
type failing struct {
	eventlog.Log
	err error
}

func (f failing) Append(context.Context, string, eventlog.Expected, []eventlog.Proposed) (eventlog.Appended, error) {
	return eventlog.Appended{}, f.err
}

func TestAppendsByOutcome(t *testing.T) {
	m := NewMetrics()
	inner := memory.New()
	defer inner.Close()
	for err, want := range map[error]string{
		nil: "ok", &eventlog.ConflictError{}: "conflict", eventlog.ErrAmbiguous: "ambiguous",
		fmt.Errorf("it: %w", eventlog.ErrUnavailable): "unavailable", eventlog.ErrStopped: "stopped",
		eventlog.ErrTooLarge: "refused", context.DeadlineExceeded: "cancelled", errors.New("else"): "error",
		errors.Join(eventlog.ErrAmbiguous, context.Canceled): "ambiguous",
	} {
		before := value(t, m, "hoso_log_append_seconds", "streams", "codes", "outcome", want)
		_, _ = Log(failing{inner, err}, m, nil).Append(t.Context(), "codes-H99.14-260101", 0, make([]eventlog.Proposed, 3))
		if got := value(t, m, "hoso_log_append_seconds", "streams", "codes", "outcome", want) - before; got != 1 {
			t.Errorf("%v: %v appends counted as %s", err, got, want)
		}
	}
	if got := value(t, m, "hoso_log_appended_events_total", "streams", "codes"); got != 3 {
		t.Errorf("%v events counted, 3 were acknowledged", got)
	}
	for name, want := range map[string]string{"dossier-12": "dossier", "roots": "roots", "Nguyễn Văn A": "other", "": "other", "dossierx": "other"} {
		if got := streamKind(name); got != want {
			t.Errorf("stream %q is of %q, want %q", name, got, want)
		}
	}
}

func TestReadsAndSubscriptions(t *testing.T) {
	m := NewMetrics()
	log := Log(memory.New(), m, nil)
	defer log.Close()
	var events []eventlog.Proposed
	for range 5 {
		events = append(events, eventlog.Proposed{ID: uuid.New(), Type: "a", Data: []byte("{}"), Meta: []byte("{}")})
	}
	if _, err := log.Append(t.Context(), "dossier-1", eventlog.NoStream, events); err != nil {
		t.Fatal(err)
	}
	for range log.ReadStream(t.Context(), "dossier-1", 2) {
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for b, err := range log.Subscribe(ctx, eventlog.Position{}, eventlog.Filter{}) {
		if err != nil || !b.Live {
			continue
		}
		if got := value(t, m, "hoso_log_subscriptions", "state", "live"); got != 1 {
			t.Errorf("%v live subscriptions, want 1", got)
		}
		cancel()
	}
	for _, err := range log.Subscribe(t.Context(), eventlog.Position{Commit: 99, Prepare: 99}, eventlog.Filter{}) {
		if !errors.Is(err, eventlog.ErrForeignPosition) {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		want float64
		name string
		by   []string
	}{
		{3, "hoso_log_read_events_total", []string{"by", "stream"}}, {5, "hoso_log_read_events_total", []string{"by", "subscription"}},
		{0, "hoso_log_subscriptions", []string{"state", "live"}}, {0, "hoso_log_subscriptions", []string{"state", "catching_up"}},
		{1, "hoso_log_read_faults_total", []string{"by", "subscription"}}, {0, "hoso_log_read_faults_total", []string{"by", "stream"}},
	} {
		if got := value(t, m, c.name, c.by...); got != c.want {
			t.Errorf("%s%v is %v, want %v", c.name, c.by, got, c.want)
		}
	}
}
