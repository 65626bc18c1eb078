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

// TestWrongPassword asks a real server that has security on.
func TestWrongPassword(t *testing.T) {
	u, err := url.Parse(server(t))
	if err != nil {
		t.Fatal(err)
	}
	if u.User == nil {
		t.Skip("the server of HOSO_TEST_ELASTIC has no password")
	}
	for _, user := range []*url.Userinfo{url.UserPassword("elastic", "wrong"), nil} {
		u.User = user
		if _, err := Open(t.Context(), u.String(), Options{Prefix: "hoso-test-denied"}); !errors.Is(err, ErrDenied) {
			t.Errorf("as %v: %v; want ErrDenied", user, err)
		}
	}
}
