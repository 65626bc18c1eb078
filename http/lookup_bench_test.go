package http

import (
	"testing"
)

// BenchmarkLookup shows that a wrong proof takes as long as none: compare the
// three; the right one does more, and may.
func BenchmarkLookup(b *testing.B) {
	s := open(b, func(c *Config) {
		c.Limits = Limits{Rate{1, 1 << 30}, Rate{1, 1 << 30}, Rate{1, 1 << 30}, Rate{1, 1 << 30}}
	})
	_, code := s.submitted()
	s.settled()
	for _, one := range []struct{ name, proof string }{
		{"code alone", ``}, {"wrong number", `,"id_number":"001185000124"`}, {"another's number", `,"id_number":"` + otherID + `"`}, {"wrong phone", `,"phone_last4":"0000"`},
		{"right number", `,"id_number":"` + ownerID + `"`},
	} {
		b.Run(one.name, func(b *testing.B) {
			for b.Loop() {
				if g := s.lookup(`{"code":"` + code + `"` + one.proof + `}`); g.Code != 200 {
					b.Fatal(g.Code)
				}
			}
		})
	}
}
