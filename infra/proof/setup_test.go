package proof_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
	"hoso/domain/eventlog/memory"
	"hoso/infra/proof"
)

var ctx = context.Background()

// world is a log, somebody who writes it, and a sealer.
type world struct {
	t      testing.TB
	log    eventlog.Log
	codec  *codec.Codec
	signer *proof.Signer
	sealer *proof.Sealer
	tips   map[string]codec.Tip
	clock  atomic.Int64
}

func newWorld(t testing.TB, log eventlog.Log) *world {
	signer, err := proof.CreateSigner(filepath.Join(t.TempDir(), "signing.key"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := aes.NewCipher(make([]byte, 32))
	key, _ := cipher.NewGCM(block)
	w := &world{t: t, log: log, signer: signer, tips: map[string]codec.Tip{}}
	w.codec = &codec.Codec{Keys: func(domain.SubjectID) (cipher.AEAD, error) { return key, nil }}
	w.sealer = proof.NewSealer(log, w.codec, signer, w.now)
	return w
}

// now is a clock that goes on by a second at each look.
func (w *world) now() time.Time {
	return time.Date(2026, 11, 24, 8, 0, 0, 987654321, time.UTC).Add(time.Duration(w.clock.Add(1)) * time.Second)
}

// write appends n events to each of the streams dossier-0 … dossier-<streams-1>, in turn.
func (w *world) write(streams, n int) {
	w.t.Helper()
	for range n {
		for i := range streams {
			stream := fmt.Sprintf("dossier-%d", i)
			tip, ok := w.tips[stream]
			if !ok {
				tip = codec.EmptyTip
			}
			e := domain.Progressed{Title: fmt.Sprintf("step %d", tip.Revision+1), Text: domain.About(uuid.NameSpaceOID, "said in private")}
			p, next, err := w.codec.Encode(stream, tip, []codec.Draft{{Event: e, Meta: codec.Meta{Command: uuid.New(), RecordedAt: w.now()}}})
			if err != nil {
				w.t.Fatal(err)
			}
			if _, err := w.log.Append(ctx, stream, tip.Revision, p); err != nil {
				w.t.Fatal(err)
			}
			w.tips[stream] = next
		}
	}
}

func (w *world) seal() domain.RootSigned {
	w.t.Helper()
	root, made, err := w.sealer.SealNow(ctx)
	if err != nil || !made {
		w.t.Fatal("no root was made:", err)
	}
	return root
}

func verify(t testing.TB, log eventlog.Log, o proof.VerifyOptions) proof.Report {
	t.Helper()
	r, err := proof.Verify(ctx, log, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// everything is the log's content in its order.
func everything(t testing.TB, log eventlog.Log) (all []eventlog.Recorded) {
	t.Helper()
	for b, err := range log.Subscribe(ctx, eventlog.Position{}, eventlog.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		if all = append(all, b.Events...); b.Live {
			break
		}
	}
	return all
}

// forged is a log that passes itself off as another.
type forged struct {
	eventlog.Log
	id uuid.UUID
}

func (f forged) ID() uuid.UUID { return f.id }

// forge writes events into a fresh log that has the old one's id, renumbered
// within their streams, with every hash recomputed: what somebody can do who
// owns the machine and knows the format. resign, where given, signs each root
// anew for what stands before it.
func forge(t testing.TB, id uuid.UUID, events []eventlog.Recorded, resign *proof.Signer) eventlog.Log {
	t.Helper()
	log := forged{memory.New(), id}
	next, last := map[string]uint64{}, map[string][32]byte{}
	var hashes [][]byte
	for i, r := range events {
		if r.Stream == domain.RootStream && resign != nil {
			r.Data = signAnew(t, r.Data, events[:i], next, hashes, resign)
		}
		r.Revision = next[r.Stream]
		open := r.Meta[:strings.LastIndex(string(r.Meta), `,"hash":"`)]
		h := hashOf(last[r.Stream], r, open)
		meta := fmt.Sprintf(`%s,"hash":"%x"}`, open, h)
		at := eventlog.Expected(r.Revision) - 1
		if _, err := log.Append(ctx, r.Stream, at, []eventlog.Proposed{{ID: r.ID, Type: r.Type, Data: r.Data, Meta: []byte(meta)}}); err != nil {
			t.Fatal(err)
		}
		next[r.Stream], last[r.Stream] = r.Revision+1, h
		hashes = append(hashes, h[:])
	}
	return log
}

// hashOf is an event's hash as the format defines it, written down a second time.
func hashOf(prev [32]byte, r eventlog.Recorded, openMeta []byte) [32]byte {
	b := append([]byte("hoso event 1\n"), prev[:]...)
	b = binary.BigEndian.AppendUint64(b, r.Revision)
	b = append(b, r.ID[:]...)
	for _, part := range []string{r.Stream, r.Type, string(r.Data), string(openMeta) + "}"} {
		b = binary.BigEndian.AppendUint64(b, uint64(len(part)))
		b = append(b, part...)
	}
	return sha256.Sum256(b)
}

// treeHash is the Merkle tree hash of RFC 6962, section 2.1, written down a second time.
func treeHash(leaves [][]byte) []byte {
	switch n := len(leaves); n {
	case 0:
		h := sha256.Sum256(nil)
		return h[:]
	case 1:
		h := sha256.Sum256(append([]byte{0}, leaves[0]...))
		return h[:]
	default:
		k := 1
		for k*2 < n {
			k *= 2
		}
		h := sha256.Sum256(append(append([]byte{1}, treeHash(leaves[:k])...), treeHash(leaves[k:])...))
		return h[:]
	}
}

func toHex(b []byte) string { return hex.EncodeToString(b) }

// copyInto appends an event's bytes as they are.
func copyInto(t testing.TB, log eventlog.Log, r eventlog.Recorded) {
	t.Helper()
	p := []eventlog.Proposed{{ID: r.ID, Type: r.Type, Data: r.Data, Meta: r.Meta}}
	if _, err := log.Append(ctx, r.Stream, eventlog.Expected(r.Revision)-1, p); err != nil {
		t.Fatal(err)
	}
}
