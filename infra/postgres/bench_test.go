package postgres

import (
	"testing"

	"github.com/google/uuid"

	"hoso/infra/keys"
)

func BenchmarkKey(b *testing.B) {
	e, s := engineAt(b, schemaOf(b), keys.NewMaster())
	who := someone(b, s)
	b.Run("at hand", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Key(who); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("from the database", func(b *testing.B) {
		for b.Loop() {
			if _, err := e.Wrapped(b.Context(), who); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkResolve makes new persons; each waits until it is on disk.
func BenchmarkResolve(b *testing.B) {
	_, s := engineAt(b, schemaOf(b), keys.NewMaster())
	b.SetParallelism(8) // times GOMAXPROCS, 2 on the machine measured
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := s.Resolve(b.Context(), uuid.New(), uuid.NewString()); err != nil {
				b.Error(err)
			}
		}
	})
}
