package telemetry

import (
	"context"
	"crypto/cipher"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"hoso/commands"
	"hoso/domain"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
)

// keyring is a key store that fails as it is told.
type keyring struct {
	commands.Keys
	err error
}

func (k keyring) Resolve(_ context.Context, candidate domain.SubjectID, _ ...string) (domain.SubjectID, error) {
	return candidate, k.err
}
func (k keyring) Make(context.Context, domain.SubjectID) error    { return k.err }
func (k keyring) Destroy(context.Context, domain.SubjectID) error { return k.err }

// roundTrips answers every request in the same way.
type roundTrips struct {
	status int
	err    error
}

func (r roundTrips) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: r.status}, r.err
}

func TestKeysReactionsElasticsearchSealer(t *testing.T) {
	m := NewMetrics()
	person := uuid.New()
	for _, err := range []error{nil, codec.ErrErased, eventlog.ErrUnavailable, errors.New("else")} {
		k := Keys(keyring{err: err}, m)
		_, _ = k.Resolve(t.Context(), person, "001099000001")
		_ = k.Make(t.Context(), person)
		_ = k.Destroy(t.Context(), person)
		_, _ = KeyOf(func(domain.SubjectID) (cipher.AEAD, error) { return nil, err }, m)(person)
		_ = Reaction("notify", func(context.Context, codec.Decoded) error { return err }, m, nil)(t.Context(), codec.Decoded{})
	}
	for path, trip := range map[string]roundTrips{"/hoso-search-v1-000001/_bulk": {status: 200}, "/x/_doc/001099000001": {status: 404}, "/_weird": {err: errors.New("refused")}} {
		r, _ := http.NewRequestWithContext(t.Context(), "POST", "http://es:9200"+path, nil)
		_, _ = m.Transport(trip).RoundTrip(r)
	}
	m.Resent(7)
	m.Build("v1", "sqlite", "elasticsearch", "sqlite")
	given := []string{"notify", "pay", "notify"}
	m.Poisoned(func(context.Context) ([]string, error) { return given, nil })
	standing := Sealed{Roots: 3, Unsealed: 12, Newest: time.Unix(1_700_000_000, 0)}
	known := true
	m.Sealer(func() (Sealed, bool) { return standing, known })
	want := func(n float64, name string, labels ...string) {
		t.Helper()
		if got := value(t, m, name, labels...); got != n {
			t.Errorf("%s%v is %v, want %v", name, labels, got, n)
		}
	}
	for _, outcome := range []string{"ok", "erased", "unavailable", "error"} {
		want(1, "hoso_keys_seconds", "call", "resolve", "outcome", outcome)
		want(1, "hoso_keys_seconds", "call", "make", "outcome", outcome)
		want(1, "hoso_keys_seconds", "call", "destroy", "outcome", outcome)
		want(1, "hoso_keys_asked_total", "outcome", outcome)
	}
	want(1, "hoso_reaction_seconds", "reaction", "notify", "outcome", "ok")
	want(3, "hoso_reaction_seconds", "reaction", "notify", "outcome", "error")
	want(2, "hoso_reaction_poisoned_events", "reaction", "notify")
	given = nil // taken up again
	want(0, "hoso_reaction_poisoned_events", "reaction", "notify")
	want(1, "hoso_elasticsearch_request_seconds", "call", "bulk", "status", "200")
	want(1, "hoso_elasticsearch_request_seconds", "call", "doc", "status", "404")
	want(1, "hoso_elasticsearch_request_seconds", "call", "other", "status", "unreachable")
	want(7, "hoso_elasticsearch_resent_documents_total")
	want(1, "hoso_build_info", "version", "v1", "log", "sqlite", "views", "elasticsearch")
	want(12, "hoso_sealer_unsealed_events")
	standing, known = Sealed{}, false // busy: the last answer stays
	want(12, "hoso_sealer_unsealed_events")
	want(3, "hoso_sealer_roots")
	want(1_700_000_000, "hoso_sealer_newest_root_timestamp_seconds")
	tellsNobody(t, m, person.String(), "001099000001")
}

// tellsNobody: neither names nor labels hold what would tell of a person.
func tellsNobody(t *testing.T, m *Metrics, secrets ...string) {
	t.Helper()
	for _, family := range gathered(t, m) {
		for _, secret := range secrets {
			if strings.Contains(family.String(), secret) {
				t.Errorf("%s tells %s", family.GetName(), secret)
			}
		}
	}
}

// TestNames: base units, help, and what else Prometheus asks of names.
func TestNames(t *testing.T) {
	m := NewMetrics()
	m.Sealer(func() (Sealed, bool) { return Sealed{}, true })
	all := gathered(t, m)
	problems, err := promlint.NewWithMetricFamilies(all).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	for _, family := range all {
		if !strings.HasPrefix(family.GetName(), "hoso_") || len(family.GetHelp()) < 10 {
			t.Errorf("%s: %q", family.GetName(), family.GetHelp())
		}
	}
	if len(all) < 10 {
		t.Errorf("only %d metrics are told before anything happens: those that dashboards use must begin at 0", len(all))
	}
}
