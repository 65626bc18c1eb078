package proof_test

import (
	"testing"

	"hoso/domain/eventlog/memory"
	"hoso/infra/proof"
)

// BenchmarkVerify checks 20,000 events with a root after each 1,000, read from memory.
func BenchmarkVerify(b *testing.B) {
	w := sealed(b)
	b.ReportAllocs()
	for b.Loop() {
		if r := verify(b, w.log, proof.VerifyOptions{}); !r.OK {
			b.Fatal(r.Why)
		}
	}
	b.ReportMetric(20_000*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkSealerStart reads the same log as a sealer does when it starts.
func BenchmarkSealerStart(b *testing.B) {
	w := sealed(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, made, err := proof.NewSealer(w.log, w.codec, w.signer, w.now).SealNow(ctx); made || err != nil {
			b.Fatal(made, err)
		}
	}
	b.ReportMetric(20_000*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

func sealed(b *testing.B) *world {
	w := newWorld(b, memory.New())
	for range 20 {
		w.write(1000, 1)
		w.seal()
	}
	return w
}
