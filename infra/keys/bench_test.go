package keys

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/uuid"
)

func BenchmarkKey(b *testing.B) {
	s := open(b, b.TempDir())
	subject := resolve(b, s, uuid.New(), "1")
	b.Run("at hand", func(b *testing.B) {
		for b.Loop() {
			s.Key(subject)
		}
	})
	b.Run("from the file", func(b *testing.B) {
		for b.Loop() {
			s.cache.Remove(subject)
			s.Key(subject)
		}
	})
}

// BenchmarkResolve makes new persons; each waits until it is on disk.
func BenchmarkResolve(b *testing.B) {
	for _, callers := range []int{1, 16, 256} {
		b.Run(fmt.Sprint(callers, " callers"), func(b *testing.B) {
			s := open(b, b.TempDir())
			b.SetParallelism((callers + 1) / 2) // times GOMAXPROCS, 2 on the machine measured
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := s.Resolve(context.Background(), uuid.New(), uuid.NewString()); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
	b.Run("known", func(b *testing.B) {
		s := open(b, b.TempDir())
		resolve(b, s, uuid.New(), "1")
		for b.Loop() {
			resolve(b, s, uuid.New(), "1")
		}
	})
}
