package elastic

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"hoso/projections"
)

// canned is a cluster that answers bulks by a script: for each request the
// documents' statuses, or the request's own where there is one only.
type canned struct {
	script [][]int
	asked  [][]string // ids of each request
}

func (c *canned) RoundTrip(r *http.Request) (*http.Response, error) {
	raw, _ := io.ReadAll(r.Body)
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	var ids []string
	for i := 0; i < len(lines); i += 2 {
		ids = append(ids, strings.Split(lines[i], `"`)[5])
	}
	statuses := c.script[len(c.asked)]
	c.asked = append(c.asked, ids)
	if len(statuses) == 1 && len(ids) > 1 {
		return response(r, statuses[0], `{"error":{"type":"whole"}}`), nil
	}
	var items []string
	for _, s := range statuses {
		items = append(items, fmt.Sprintf(`{"index":{"status":%d,"error":{"type":"kind_%d","reason":"quotes Đỗ Thị Mẫu"}}}`, s, s))
	}
	return response(r, 200, `{"errors":true,"items":[`+strings.Join(items, ",")+`]}`), nil
}

func response(r *http.Request, status int, text string) *http.Response {
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(text)), Request: r,
		Header: http.Header{"Content-Type": {"application/json"}, "X-Elastic-Product": {"Elasticsearch"}}}
}

// TestEveryItemIsLookedAt sends three documents to clusters that take some of them.
func TestEveryItemIsLookedAt(t *testing.T) {
	for _, c := range []struct {
		about   string
		script  [][]int
		asked   string // ids of each request
		refused string
		err     string
	}{
		{"all taken", [][]int{{201, 200, 201}}, "[[a b c]]", "[]", ""},
		{"a newer one is there", [][]int{{201, 409, 201}}, "[[a b c]]", "[]", ""},
		{"no room for some", [][]int{{429, 201, 503}, {201, 429}, {200}}, "[[a b c] [a c] [c]]", "[]", ""},
		{"no room at all", [][]int{{429}, {503}, {201, 201, 201}}, "[[a b c] [a b c] [a b c]]", "[]", ""},
		{"one is refused", [][]int{{201, 400, 201}}, "[[a b c]]", "[1]", ""},
		{"refused and no room", [][]int{{413, 201, 429}, {400}}, "[[a b c] [c]]", "[0 2]", ""},
		{"the index is gone", [][]int{{404, 404, 404}}, "[[a b c]]", "[]", "404 kind_404"},
		{"the account may not write", [][]int{{403, 403, 403}}, "[[a b c]]", "[]", "403 kind_403"},
		{"the whole request is refused", [][]int{{401}}, "[[a b c]]", "[]", "401 whole"},
		{"answers for others", [][]int{{201, 201}}, "[[a b c]]", "[]", "2 of 3"},
	} {
		t.Run(c.about, func(t *testing.T) {
			fake := &canned{script: c.script}
			es, err := newClient("http://nowhere", func(http.RoundTripper) http.RoundTripper { return fake })
			if err != nil {
				t.Fatal(err)
			}
			v := &Views{es: es, logger: slog.New(slog.DiscardHandler)}
			var b bulk
			for i, id := range []string{"a", "b", "c"} {
				it := &projections.Item{Dossier: uuid.New()}
				it.Revision = uint64(i)
				b.begin(it, id, int64(i)+1, false)
				b.body = append(b.body, "{}\n"...)
			}
			refused, err := v.send(t.Context(), "x", &b)
			revisions := []uint64{}
			for _, r := range refused {
				revisions = append(revisions, r.it.Revision)
				if strings.Contains(r.reason, "Mẫu") {
					t.Errorf("the reason quotes a document: %s", r.reason)
				}
			}
			if got := fmt.Sprint(fake.asked); got != c.asked {
				t.Errorf("requests %s; want %s", got, c.asked)
			}
			if got := fmt.Sprint(revisions); got != c.refused {
				t.Errorf("refused %s; want %s", got, c.refused)
			}
			if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
				t.Errorf("error %v; want %q", err, c.err)
			}
		})
	}
}

// TestHugeBulksAreParted: one request a batch unless the server would refuse its size.
func TestHugeBulksAreParted(t *testing.T) {
	fake := &canned{script: [][]int{{201, 201}, {400, 201}, {201}}}
	es, _ := newClient("http://nowhere", func(http.RoundTripper) http.RoundTripper { return fake })
	v := &Views{es: es}
	var b bulk
	for i, id := range []string{"a", "b", "c", "d", "e"} {
		it := &projections.Item{}
		it.Revision = uint64(i)
		b.begin(it, id, 1, false)
		b.body = append(append(b.body, strings.Repeat("x", maxBody/2)...), '\n')
	}
	refused, err := v.send(t.Context(), "x", &b)
	if got := fmt.Sprint(fake.asked); err != nil || got != "[[a b] [c d] [e]]" {
		t.Errorf("requests %s, %v", got, err)
	}
	if len(refused) != 1 || refused[0].it.Revision != 2 {
		t.Errorf("refused %v; want the third", refused)
	}
}

// TestPaceAdapts: pushed back it waits longer and longer, up to a limit; taken
// it is soon as quick as before.
func TestPaceAdapts(t *testing.T) {
	var p pace
	for range 20 {
		p.pushedBack()
	}
	if p.wait != longest {
		t.Errorf("after 20 refusals it waits %s", p.wait)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := p.before(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waiting past its context: %v", err)
	}
	for range 10 {
		p.taken()
	}
	if p.wait != 0 {
		t.Errorf("after 10 bulks it still waits %s", p.wait)
	}
}
