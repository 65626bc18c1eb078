package postgres

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"hoso/domain"
	"hoso/domain/codec"
	"hoso/infra/keys"
)

// rawTables are the bytes of the files of the tables and their indexes, as they lie on disk.
func rawTables(t *testing.T, at string) []byte {
	t.Helper()
	execute(t, at, "CHECKPOINT")
	parts := query[[]byte](t, at, `SELECT pg_read_binary_file(pg_relation_filepath(oid)) FROM pg_class
		WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'i', 't') AND pg_relation_size(oid) > 0`)
	return bytes.Join(parts, nil)
}

type trace struct {
	who           domain.SubjectID
	wrapped, hash []byte
}

func crowd(t *testing.T, at string, s *keys.Store, n int) (out []trace) {
	t.Helper()
	for i := range n {
		number := fmt.Sprintf("%012d", i)
		who := someone(t, s, number)
		wrapped := query[[]byte](t, at, "SELECT wrapped FROM person WHERE subject = $1", who)[0]
		out = append(out, trace{who, wrapped, []byte(s.IDHash(number))})
	}
	return out
}

func TestDestroyedKeysAreNotInTheTablesFiles(t *testing.T) {
	at := schemaOf(t)
	s := openAt(t, at, keys.NewMaster())
	all := crowd(t, at, s, 40)
	before := rawTables(t, at)
	for i, c := range all {
		if !bytes.Contains(before, c.wrapped) || !bytes.Contains(before, c.hash) {
			t.Fatal("this test looks for bytes that never were there")
		}
		if i%8 == 0 {
			if err := s.Destroy(t.Context(), c.who); err != nil {
				t.Fatal(err)
			}
		}
	}
	after := rawTables(t, at)
	for i, c := range all {
		if key, number := bytes.Contains(after, c.wrapped), bytes.Contains(after, c.hash); key != (i%8 != 0) || number != key {
			t.Errorf("person %d: in the files: key %v, number %v", i, key, number)
		}
	}
}

// A large table is only vacuumed; the erasure counts as finished, and the rest stays well.
func TestALargeTableIsNotWrittenAnew(t *testing.T) {
	at := schemaOf(t)
	s := openAt(t, at, keys.NewMaster())
	all := crowd(t, at, s, 20)
	defer func(before int64) { rewriteBelow = before }(rewriteBelow)
	rewriteBelow = 0
	const file = "SELECT pg_relation_filepath('person')"
	before := query[string](t, at, file)[0]
	if err := s.Destroy(t.Context(), all[7].who); err != nil {
		t.Fatal(err)
	}
	if query[string](t, at, file)[0] != before {
		t.Error("it was written anew")
	}
	if open := query[int64](t, at, "SELECT total - cleaned FROM erasure")[0]; open != 0 {
		t.Error("not finished:", open)
	}
	t.Log("the wrapped key's bytes are still in the file:", bytes.Contains(rawTables(t, at), all[7].wrapped))
}

func TestOldWrappingsAreNotInTheTablesFiles(t *testing.T) {
	at := schemaOf(t)
	s := openAt(t, at, keys.NewMaster())
	all := crowd(t, at, s, 20)
	if err := s.Rewrap(t.Context(), keys.NewMaster()); err != nil {
		t.Fatal(err)
	}
	raw := rawTables(t, at)
	for _, c := range all {
		if bytes.Contains(raw, c.wrapped) || !bytes.Contains(raw, c.hash) {
			t.Fatal("a key wrapped by the old master key is still there, or a number is not")
		}
	}
}

// The process dies between the deletion and the cleaning: who opens next cleans.
func TestOpeningFinishesAnErasure(t *testing.T) {
	at, m := schemaOf(t), keys.NewMaster()
	e, s := engineAt(t, at, m)
	a := crowd(t, at, s, 5)[2]
	if err := e.Forget(t.Context(), a.who); err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(rawTables(t, at), a.wrapped) {
		t.Fatal("this test has nothing to finish")
	}
	other := openAt(t, at, m)
	if bytes.Contains(rawTables(t, at), a.wrapped) {
		t.Error("what was destroyed before the crash is still there")
	}
	if _, err := other.Key(a.who); !errors.Is(err, codec.ErrErased) {
		t.Error(err)
	}
	if open := query[int64](t, at, "SELECT total - cleaned FROM erasure")[0]; open != 0 {
		t.Error("not finished:", open)
	}
}

// A backup that runs may still read the row: it goes when somebody cleans after that.
func TestARowThatIsStillReadIsCleanedLater(t *testing.T) {
	at, m := schemaOf(t), keys.NewMaster()
	e, s := engineAt(t, at, m)
	a := crowd(t, at, s, 5)[2]
	backup, err := e.pool.BeginTx(t.Context(), pgx.TxOptions{IsoLevel: pgx.RepeatableRead})
	if err != nil {
		t.Fatal(err)
	}
	defer backup.Rollback(t.Context())
	if _, err := backup.Exec(t.Context(), "SELECT 1 FROM about"); err != nil {
		t.Fatal(err)
	}
	if err := s.Destroy(t.Context(), a.who); err != nil {
		t.Fatal(err)
	}
	open := func() int64 { return query[int64](t, at, "SELECT total - cleaned FROM erasure")[0] }
	if !bytes.Contains(rawTables(t, at), a.wrapped) || open() != 1 {
		t.Error("the row cannot be gone, yet it counts as cleaned:", open())
	}
	if err := backup.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	openAt(t, at, m)
	if bytes.Contains(rawTables(t, at), a.wrapped) || open() != 0 {
		t.Error("the row is still there:", open())
	}
}
