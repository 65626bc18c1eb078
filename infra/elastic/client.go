package elastic

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/elastic/elastic-transport-go/v8/elastictransport"
	"github.com/elastic/go-elasticsearch/v8/esapi"
	"github.com/go-json-experiment/json"
)

// How long one answer is waited for.
const (
	readTimeout  = 30 * time.Second
	writeTimeout = 90 * time.Second
)

// client speaks to the cluster. Reading repeats what failed for a moment;
// writing never does so by itself, because who writes must look at each answer.
type client struct {
	reads, writes esapi.Transport
	where         string // the addresses, without passwords
}

// newClient reads an address: one URL, or several of one cluster with commas
// between them, each with its user and password.
func newClient(address string, wrap func(http.RoundTripper) http.RoundTripper) (*client, error) {
	var urls []*url.URL
	var hosts []string
	for part := range strings.SplitSeq(address, ",") {
		u, err := url.Parse(strings.TrimSpace(part))
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return nil, errBadAddress // without the text: it may hold a password
		}
		urls = append(urls, u)
		hosts = append(hosts, u.Scheme+"://"+u.Host)
	}
	dial := http.DefaultTransport.(*http.Transport).Clone()
	dial.MaxIdleConnsPerHost, dial.MaxIdleConns = 64, 256
	var through http.RoundTripper = dial
	if wrap != nil {
		through = wrap(dial)
	}
	reads, err := elastictransport.NewClient(elastictransport.WithURLs(urls...), elastictransport.WithTransport(through),
		elastictransport.WithRetry(3, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout),
		elastictransport.WithRetryBackoff(func(attempt int) time.Duration { return 50 * time.Millisecond << attempt }))
	if err != nil {
		return nil, err
	}
	writes, err := elastictransport.NewClient(elastictransport.WithURLs(urls...), elastictransport.WithTransport(through), elastictransport.WithDisableRetry())
	return &client{reads: reads, writes: writes, where: strings.Join(hosts, ", ")}, err
}

// fault is an answer that says no.
type fault struct {
	status int
	kind   string // Elasticsearch's name for it
	reason string // may quote a document: not for logs where status is 400
}

func (f *fault) Error() string {
	if f.reason == "" || f.status == http.StatusBadRequest {
		return fmt.Sprintf("elasticsearch answers %d %s", f.status, f.kind)
	}
	return fmt.Sprintf("elasticsearch answers %d %s: %s", f.status, f.kind, f.reason)
}

// isKind reports whether an error is an answer of one of these kinds.
func isKind(err error, kinds ...string) bool {
	var f *fault
	return errors.As(err, &f) && slices.Contains(kinds, f.kind)
}

func (c *client) read(ctx context.Context, req esapi.Request, into any) error {
	ctx, cancel := context.WithTimeoutCause(ctx, readTimeout, errSilent)
	defer cancel()
	_, err := c.do(ctx, c.reads, req, into)
	return err
}

func (c *client) write(ctx context.Context, req esapi.Request, into any) error {
	ctx, cancel := context.WithTimeoutCause(ctx, writeTimeout, errSilent)
	defer cancel()
	_, err := c.do(ctx, c.writes, req, into)
	return err
}

// errSilent ends the wait for an answer; the caller's own end is another one.
var errSilent = errors.New("no answer in time")

// do sends a request and reads its answer into a value, unless that is nil.
// Errors: *fault or why there was no answer, as passing where waiting may cure
// it; the context's.
func (c *client) do(ctx context.Context, by esapi.Transport, req esapi.Request, into any) (http.Header, error) {
	res, err := req.Do(ctx, by)
	if err != nil {
		return nil, c.unanswered(ctx, err)
	}
	defer res.Body.Close()
	raw, err := readAll(res)
	if err != nil {
		return nil, c.unanswered(ctx, err)
	}
	if res.StatusCode >= 300 {
		return res.Header, faultOf(res.StatusCode, raw)
	}
	if into != nil {
		if err := json.Unmarshal(raw, into); err != nil {
			return res.Header, fmt.Errorf("elasticsearch: its answer cannot be read: %w", err)
		}
	}
	return res.Header, nil
}

func (c *client) unanswered(ctx context.Context, err error) error {
	switch {
	case context.Cause(ctx) == errSilent:
		err = errSilent
	case ctx.Err() != nil:
		return fmt.Errorf("elasticsearch at %s: %w", c.where, ctx.Err())
	}
	return passing{fmt.Errorf("elasticsearch at %s: %w", c.where, err)}
}

func readAll(res *esapi.Response) ([]byte, error) {
	var b bytes.Buffer
	_, err := b.ReadFrom(io.Reader(res.Body))
	return b.Bytes(), err
}

func faultOf(status int, raw []byte) error {
	var said struct {
		Error struct {
			Type   string `json:"type"`
			Reason string `json:"reason"`
		} `json:"error"`
	}
	f := &fault{status: status, kind: http.StatusText(status)}
	if json.Unmarshal(raw, &said) == nil && said.Error.Type != "" {
		f.kind, f.reason = said.Error.Type, said.Error.Reason
	}
	return f.sorted()
}

// sorted marks a fault that waiting cures as passing.
func (f *fault) sorted() error {
	switch f.status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return passing{f}
	}
	return f
}

// obj is a JSON object of a request.
type obj = map[string]any

// body is the body of a request.
func body(v any) io.Reader {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // objects of text and numbers always marshal
	}
	return bytes.NewReader(raw)
}

func ptr[T any](v T) *T { return &v }
