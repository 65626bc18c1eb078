package elastic

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"hoso/domain"
)

// TestOpenSaysWhatIsWrong: each of the things that keep a program from its
// views at start has an error of its own, without the password.
func TestOpenSaysWhatIsWrong(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("{}")) }))
	defer other.Close()
	strict := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer strict.Close()
	for address, want := range map[string]string{
		"http://user:geheim@127.0.0.1:1":                                 "views_unreachable",
		"http://127.0.0.1:1,http://user:geheim@127.0.0.1:2":              "views_unreachable",
		strings.Replace(other.URL, "http://", "http://user:geheim@", 1):  "views_not_elasticsearch",
		strings.Replace(strict.URL, "http://", "http://user:geheim@", 1): "views_denied",
		"ftp://user:geheim@127.0.0.1":                                    "views_bad_address",
		"http://user:geheim@127.0.0.1:port":                              "views_bad_address",
		"127.0.0.1:9200":                                                 "views_bad_address",
		"http://user:geheim@127.0.0.1:1, 127.0.0.1:2":                    "views_bad_address",
	} {
		_, err := Open(t.Context(), address, Options{})
		if domain.CodeOf(err) != want {
			t.Errorf("%s: %v; want %s", address, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "geheim") {
			t.Errorf("the error tells the password: %v", err)
		}
	}
}

// guarded is the address of a real server that has security on.
func guarded(t *testing.T) *url.URL {
	t.Helper()
	u, err := url.Parse(server(t))
	if err != nil {
		t.Fatal(err)
	}
	if u.User == nil {
		t.Skip("the server of HOSO_TEST_ELASTIC has no password")
	}
	return u
}

func TestWrongPassword(t *testing.T) {
	u := guarded(t)
	for _, user := range []*url.Userinfo{url.UserPassword("elastic", "wrong"), nil} {
		u.User = user
		if _, err := Open(t.Context(), u.String(), Options{Prefix: "hoso-test-denied"}); !errors.Is(err, ErrDenied) {
			t.Errorf("as %v: %v; want ErrDenied", user, err)
		}
	}
}

// TestNoRight comes as a user that may only read: reading is all it may open
// the views for.
func TestNoRight(t *testing.T) {
	u := guarded(t)
	password, _ := u.User.Password()
	u.User = url.UserPassword("reader", password) // as .ci/elasticsearch makes it
	_, err := Open(t.Context(), u.String(), Options{Prefix: "hoso-test-reader", ReadOnly: true})
	if errors.Is(err, ErrDenied) {
		t.Skip("this server has no user reader with elastic's password")
	}
	if err != nil {
		t.Errorf("for reading: %v", err)
	}
	if _, err := Open(t.Context(), u.String(), Options{Prefix: "hoso-test-reader"}); !errors.Is(err, ErrNoRight) || strings.Contains(err.Error(), password) {
		t.Errorf("for writing: %v; want ErrNoRight", err)
	}
}
