package postgres

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"hoso/domain"
	"hoso/infra/keys"
	"hoso/infra/keys/keystest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// database gives the server's URL, or skips.
func database(t testing.TB) string {
	t.Helper()
	at := os.Getenv("HOSO_TEST_POSTGRES")
	if at == "" {
		t.Skip("HOSO_TEST_POSTGRES holds no URL of a PostgreSQL to test with: .ci/postgres start DIR starts one and prints it")
	}
	return at
}

// with gives the URL with a parameter set.
func with(t testing.TB, at, name, value string) string {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set(name, value)
	u.RawQuery = q.Encode()
	return u.String()
}

// schemaOf gives a URL with a schema of its own, dropped after the test.
func schemaOf(t testing.TB) string {
	t.Helper()
	at := database(t)
	name := "hoso_test_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	t.Cleanup(func() { execute(t, at, "DROP SCHEMA IF EXISTS "+name+" CASCADE") })
	return with(t, at, "search_path", name)
}

// execute runs a statement on a connection of its own.
func execute(t testing.TB, at, statement string, args ...any) {
	t.Helper()
	query[any](t, at, statement, args...)
}

// query gives the first column of each row.
func query[T any](t testing.TB, at, statement string, args ...any) []T {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, at)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, statement, args...)
	if err != nil {
		t.Fatal(err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowTo[T])
	if err != nil {
		t.Fatal(statement, err)
	}
	return out
}

func openAt(t testing.TB, at string, m keys.Master) *keys.Store {
	t.Helper()
	s, err := Open(t.Context(), at, m)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// engineAt opens an engine and the store on it.
func engineAt(t testing.TB, at string, m keys.Master) (*engine, *keys.Store) {
	t.Helper()
	e, err := connect(t.Context(), at, false)
	if err != nil {
		t.Fatal(err)
	}
	s, err := keys.New(t.Context(), e, m)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return e, s
}

func someone(t testing.TB, s *keys.Store, ids ...string) domain.SubjectID {
	t.Helper()
	who, err := s.Resolve(t.Context(), uuid.New(), ids...)
	if err != nil {
		t.Fatal(err)
	}
	return who
}

// server runs the command that an environment variable names, or skips.
func server(t testing.TB, variable string) func() {
	t.Helper()
	command := os.Getenv(variable)
	if command == "" {
		t.Skip(variable + " names no command that stops or starts the server of HOSO_TEST_POSTGRES (.ci/postgres kill DIR, .ci/postgres start DIR)")
	}
	return func() {
		t.Helper()
		c := exec.Command("sh", "-c", command)
		c.Dir = "../.." // so that .ci/… can be written as from the repository's root
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", command, err, out)
		}
	}
}

// until waits for something to come true.
func until(t testing.TB, what string, within time.Duration, true_ func() bool) {
	t.Helper()
	for end := time.Now().Add(within); !true_(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(fmt.Sprint("not within ", within, ": ", what))
		}
	}
}

func TestContract(t *testing.T) {
	database(t)
	keystest.Run(t, true, func(t *testing.T) keystest.Place {
		at := schemaOf(t)
		return keystest.Place{
			Open:         func(m keys.Master) (*keys.Store, error) { return Open(t.Context(), at, m) },
			OpenReadOnly: func(m keys.Master) (*keys.Store, error) { return OpenReadOnly(t.Context(), at, m) },
		}
	})
}
