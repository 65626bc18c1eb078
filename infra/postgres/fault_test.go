package postgres

import (
	"context"
	"errors"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"hoso/domain/codec"
	"hoso/infra/keys"
)

// refused opens and gives the fault's code; it checks what all faults promise.
func refused(t *testing.T, at string) string {
	t.Helper()
	began := time.Now()
	s, err := Open(t.Context(), at, keys.NewMaster())
	if err == nil {
		s.Close()
		t.Fatal("it was opened")
	}
	if took := time.Since(began); took > patience+2*time.Second {
		t.Errorf("the answer took %v", took)
	}
	var f *Fault
	if !errors.As(err, &f) {
		t.Fatalf("no sentence for people: %v", err)
	}
	if u, _ := url.Parse(at); u != nil && u.User != nil {
		if secret, _ := u.User.Password(); secret != "" && strings.Contains(err.Error()+f.VI, secret) {
			t.Error("the password is in the message:", err)
		}
	}
	if f.VI == "" || f.EN == "" || f.VI == f.EN || strings.Contains(f.VI+f.EN, "%") {
		t.Errorf("not in both languages: %q, %q", f.VI, f.EN)
	}
	return f.Code
}

func edit(t *testing.T, at string, change func(*url.URL)) string {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	change(u)
	return u.String()
}

// user makes a role with nothing but the right to log in, dropped after the
// test, and gives its URL.
func user(t *testing.T, at string) (role, its string) {
	t.Helper()
	role = "hoso_test_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	execute(t, at, "CREATE ROLE "+role+" LOGIN PASSWORD 'of-"+role+"'")
	t.Cleanup(func() { execute(t, at, "DROP OWNED BY "+role+" CASCADE"); execute(t, at, "DROP ROLE "+role) })
	return role, edit(t, at, func(u *url.URL) { u.User = url.UserPassword(role, "of-"+role) })
}

func TestWhyItDoesNotOpen(t *testing.T) {
	at := schemaOf(t)
	schema, _, _ := strings.Cut(at[strings.Index(at, "hoso_test_"):], "&")
	_, poor := user(t, at)
	reader, readsOnly := user(t, at)
	execute(t, at, "ALTER ROLE "+reader+" SET default_transaction_read_only = on")
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	silent := nobody.Addr().String() // takes connections and says nothing
	defer nobody.Close()
	for name, c := range map[string]struct{ at, code string }{
		"no URL":         {"http://example.org", "keys_bad_url"},
		"odd schema":     {with(t, at, "search_path", `"A b"`), "keys_bad_url"},
		"nobody there":   {edit(t, at, func(u *url.URL) { u.Host = "127.0.0.1:1" }), "keys_unreachable"},
		"no answer":      {edit(t, at, func(u *url.URL) { u.Host = silent }), "keys_unreachable"},
		"wrong password": {edit(t, at, func(u *url.URL) { u.User = url.UserPassword(u.User.Username(), "not-the-password") }), "keys_password"},
		"no such user":   {edit(t, at, func(u *url.URL) { u.User = url.UserPassword("nobody-of-that-name", "a-secret-word") }), "keys_password"},
		"no database":    {edit(t, at, func(u *url.URL) { u.Path = "/no_such_database" }), "keys_no_database"},
		"no rights":      {poor, "keys_no_rights"},
		"only reads":     {readsOnly, "keys_standby"},
	} {
		t.Run(name, func(t *testing.T) {
			if code := refused(t, c.at); code != c.code {
				t.Errorf("got %s, want %s", code, c.code)
			}
		})
	}
	t.Run("no keys to read", func(t *testing.T) {
		_, err := OpenReadOnly(t.Context(), at, keys.NewMaster())
		var f *Fault
		if !errors.As(err, &f) || f.Code != "keys_none" {
			t.Error(err)
		}
	})
	t.Run("tables of somebody else", func(t *testing.T) {
		execute(t, at, "CREATE SCHEMA "+schema)
		execute(t, at, "CREATE TABLE about (nothing text)")
		if code := refused(t, at); code != "keys_unknown_format" {
			t.Error(code)
		}
	})
}

func TestAnotherFormatIsRefused(t *testing.T) {
	at := schemaOf(t)
	openAt(t, at, keys.NewMaster())
	execute(t, at, "UPDATE about SET value = '3' WHERE name = 'format'")
	if code := refused(t, at); code != "keys_unknown_format" {
		t.Error(code)
	}
}

func TestAWrongMasterKeyIsToldInBothLanguages(t *testing.T) {
	at := schemaOf(t)
	openAt(t, at, keys.NewMaster())
	if code := refused(t, at); code != "keys_wrong_master" {
		t.Error(code)
	}
}

func TestAWrappedKeyBelongsToItsPerson(t *testing.T) {
	at, m := schemaOf(t), keys.NewMaster()
	s := openAt(t, at, m)
	a, b := someone(t, s), someone(t, s)
	execute(t, at, `UPDATE person AS p SET wrapped = q.wrapped FROM person AS q WHERE p.subject <> q.subject AND p.subject IN ($1, $2) AND q.subject IN ($1, $2)`, a, b)
	if _, err := openAt(t, at, m).Key(a); err == nil || errors.Is(err, codec.ErrErased) || !strings.Contains(err.Error(), "does not open") {
		t.Errorf("another person's key was taken: %v", err)
	}
}

// The server's, the user's and the URL's own wishes do not make a key less durable.
func TestCommitsWaitForTheDisk(t *testing.T) {
	at := schemaOf(t)
	role, its := user(t, at)
	execute(t, at, "ALTER ROLE "+role+" SET synchronous_commit = off")
	execute(t, at, "GRANT CREATE ON DATABASE "+query[string](t, at, "SELECT quote_ident(current_database())")[0]+" TO "+role)
	its = with(t, with(t, its, "options", "-c synchronous_commit=off"), "synchronous_commit", "off")
	e, _ := engineAt(t, its, keys.NewMaster())
	var got string
	if err := e.pool.QueryRow(t.Context(), "SHOW synchronous_commit").Scan(&got); err != nil || got != "on" {
		t.Errorf("synchronous_commit is %s, %v", got, err)
	}
}

// PostgreSQL only warns when VACUUM leaves a table out.
func TestCleaningThatIsNotAllowedIsAnError(t *testing.T) {
	at, m := schemaOf(t), keys.NewMaster()
	s := openAt(t, at, m)
	a := someone(t, s)
	role, its := user(t, at)
	schema := query[string](t, at, "SELECT current_schema()::text")[0]
	execute(t, at, "GRANT USAGE ON SCHEMA "+schema+" TO "+role)
	execute(t, at, "GRANT ALL ON ALL TABLES IN SCHEMA "+schema+" TO "+role)
	other := openAt(t, its, m)
	err := other.Destroy(t.Context(), a)
	var f *Fault
	if !errors.As(err, &f) || f.Code != "keys_no_rights" {
		t.Errorf("got %v", err)
	}
	if _, err := s.Key(a); !errors.Is(err, codec.ErrErased) {
		t.Error("the key itself is destroyed all the same:", err)
	}
	if err := s.Destroy(t.Context(), a); err != nil { // the owner finishes it
		t.Error(err)
	}
	if open := query[int64](t, at, "SELECT total - cleaned FROM erasure")[0]; open != 0 {
		t.Error("not finished:", open)
	}
}

func TestACallEndsWithItsContext(t *testing.T) {
	at, m := schemaOf(t), keys.NewMaster()
	s := openAt(t, at, m)
	e, err := connect(t.Context(), at, false) // somebody holds the table
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	tx, err := e.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(t.Context())
	if _, err := tx.Exec(t.Context(), "LOCK TABLE person IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err = s.Resolve(ctx, uuid.New(), "1")
	if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took > time.Second {
		t.Errorf("after %v: %v", took, err)
	}
	began = time.Now()
	_, err = s.Key(uuid.New()) // has no context: patience bounds it
	if took := time.Since(began); !errors.Is(err, keys.ErrUnavailable) || took > patience+time.Second {
		t.Errorf("after %v: %v", took, err)
	}
}
