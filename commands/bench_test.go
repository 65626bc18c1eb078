package commands

import (
	"fmt"
	"testing"

	"hoso/domain"
)

// BenchmarkContact does commands on one dossier that is at hand, on the log in memory.
func BenchmarkContact(b *testing.B) {
	b.ReportAllocs()
	s := newShop(b)
	ids := make([]Receipt, 1000)
	for i := range ids {
		r, err := s.Submit(b.Context(), by(citizen, fmt.Sprint("s", i)), application("Người Thử", ""))
		if err != nil {
			b.Fatal(err)
		}
		ids[i] = r
	}
	b.ResetTimer()
	for i := range b.N {
		if _, err := s.Do(b.Context(), by(citizen, fmt.Sprint(i)), ids[i%len(ids)].Dossier, domain.Contact{Means: "phone", Text: "hỏi về hồ sơ"}); err != nil {
			b.Fatal(err)
		}
	}
}
