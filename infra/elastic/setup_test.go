package elastic

import (
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"
	"github.com/google/uuid"

	"hoso/projections/projtest"
	"hoso/projections/viewtest"
)

// server is the address of a real Elasticsearch; the test is skipped where none
// is named. Start one with .ci/elasticsearch.
func server(t testing.TB) string {
	t.Helper()
	address := os.Getenv("HOSO_TEST_ELASTIC")
	if address == "" {
		t.Skip("needs a real Elasticsearch: HOSO_TEST_ELASTIC=$(.ci/elasticsearch start /tmp/es) go test ./infra/elastic")
	}
	return address
}

// newPrefix begins index names that no other test has; what is left of them is
// deleted at the end.
func newPrefix(t testing.TB) string {
	t.Helper()
	prefix := "hoso-test-" + strings.ToLower(rand.Text()[:10])
	t.Cleanup(func() { sweep(t, prefix) })
	return prefix
}

// sweep deletes what a prefix names; p1 is not the beginning of p11.
func sweep(t testing.TB, prefix string) {
	es, err := newClient(server(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	var found map[string]struct{}
	if err := es.read(ctx, esapi.IndicesGetRequest{Index: []string{prefix + "-*"}, FilterPath: []string{"*.aliases"}}, &found); err != nil {
		t.Error(err)
	}
	for some := range slices.Chunk(slices.Collect(maps.Keys(found)), 50) { // in one line of HTTP
		if err := es.write(ctx, esapi.IndicesDeleteRequest{Index: some}, nil); err != nil {
			t.Error(err)
		}
	}
	if err := es.write(ctx, esapi.IndicesDeleteIndexTemplateRequest{Name: prefix + "-*"}, nil); err != nil && !isKind(err, "index_template_missing_exception") {
		t.Error(err)
	}
}

// opener opens views under prefixes that begin with one.
func opener(prefix string, address string, change func(*Options)) viewtest.Open {
	return func(t testing.TB, place string, o viewtest.Options) viewtest.Views {
		t.Helper()
		opt := Options{Proofs: o.Proofs, Head: o.Head, Log: o.Log, Logger: o.Logger, ReadOnly: o.ReadOnly, Prefix: prefix + "-" + place}
		opt.tact = 100 * time.Millisecond
		if change != nil {
			change(&opt)
		}
		var cut atomic.Bool
		inner := opt.wrap
		opt.wrap = func(through http.RoundTripper) http.RoundTripper {
			if inner != nil {
				through = inner(through)
			}
			return between(func(r *http.Request) (*http.Response, error) {
				if cut.Load() {
					return nil, errors.New("cut off")
				}
				return through.RoundTrip(r)
			})
		}
		v, err := Open(t.Context(), address, opt)
		if err != nil {
			t.Fatal(err)
		}
		cuts.Store(v, &cut)
		t.Cleanup(func() {
			v.Close()
			sweep(t, opt.Prefix) // each open index costs the server
		})
		return v
	}
}

// cuts are the connections of views, to be cut.
var cuts sync.Map

// Crash makes the process that opened these views look as if it had died.
func (v *Views) Crash() {
	cut, _ := cuts.Load(v)
	cut.(*atomic.Bool).Store(true)
}

// between is an http.RoundTripper made of a function.
type between func(*http.Request) (*http.Response, error)

func (f between) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestContract runs the suite that every view store passes.
func TestContract(t *testing.T) {
	viewtest.Run(t, opener(newPrefix(t), server(t), nil))
}

// dossierID is that of a dossier of projtest's lives.
func dossierID(n int) uuid.UUID { return projtest.ID("dossier", n) }
