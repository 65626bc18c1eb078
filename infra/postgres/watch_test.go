package postgres

import (
	"errors"
	"net"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"hoso/domain/codec"
	"hoso/infra/keys"
)

// wire carries connections to the server, until it is frozen: then nothing
// comes through and nothing breaks, as where a network cable is pulled.
type wire struct {
	net.Listener
	to     string
	frozen sync.RWMutex // held for writing: frozen
	conns  sync.WaitGroup
	mu     sync.Mutex
	open   []net.Conn
}

func newWire(t *testing.T, at string) (*wire, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{Listener: l}
	through := edit(t, at, func(u *url.URL) { w.to, u.Host = u.Host, l.Addr().String() })
	w.conns.Go(w.accept)
	t.Cleanup(func() {
		l.Close()
		w.mu.Lock()
		for _, c := range w.open {
			c.Close()
		}
		w.mu.Unlock()
		w.conns.Wait()
	})
	return w, through
}

func (w *wire) accept() {
	for {
		c, err := w.Accept()
		if err != nil {
			return
		}
		s, err := net.Dial("tcp", w.to)
		if err != nil {
			c.Close()
			continue
		}
		w.mu.Lock()
		w.open = append(w.open, c, s)
		w.mu.Unlock()
		w.conns.Go(func() { w.carry(c, s) })
		w.conns.Go(func() { w.carry(s, c) })
	}
}

func (w *wire) carry(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if err == nil {
			w.frozen.RLock()
			_, err = to.Write(buf[:n])
			w.frozen.RUnlock()
		}
		if err != nil {
			return
		}
	}
}

// An instance whose network is cut gives the keys it has at hand for lease at
// most, and Destroy does not return before.
func TestAnInstanceThatIsCutOffDoesNotServeAnErasedKey(t *testing.T) {
	at, m := schemaOf(t), keys.NewMaster()
	w, through := newWire(t, at)
	one, two := openAt(t, at, m), openAt(t, through, m)
	a, b := someone(t, one), someone(t, one)
	for _, who := range []uuid.UUID{a, b} {
		if _, err := two.Key(who); err != nil {
			t.Fatal(err)
		}
	}
	w.frozen.Lock()
	thawed := false
	thaw := func() {
		if !thawed {
			thawed = true
			w.frozen.Unlock()
		}
	}
	defer thaw()
	if _, err := two.Key(a); err != nil {
		t.Error("a short cut is not felt:", err)
	}
	began := time.Now()
	if err := one.Destroy(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	if took < lease-renewEvery || took > lease+2*time.Second {
		t.Errorf("Destroy returned after %v", took)
	}
	if _, err := two.Key(a); !errors.Is(err, keys.ErrUnavailable) {
		t.Errorf("the instance that is cut off: %v", err)
	}
	if err := two.Healthy(); !errors.Is(err, keys.ErrUnavailable) {
		t.Error("and does not say so:", err)
	}
	began = time.Now()
	c := someone(t, one)
	if err := one.Destroy(t.Context(), c); err != nil || time.Since(began) > 2*time.Second {
		t.Errorf("it is waited for once only: %v, %v", time.Since(began), err)
	}
	thaw()
	until(t, "well again", 10*time.Second, func() bool { return two.Healthy() == nil })
	if _, err := two.Key(a); !errors.Is(err, codec.ErrErased) {
		t.Error("back, and the key too:", err)
	}
	if _, err := two.Key(b); err != nil {
		t.Error("somebody else's key is lost:", err)
	}
	if err := one.Destroy(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	if _, err := two.Key(b); !errors.Is(err, codec.ErrErased) {
		t.Error("back, and not told any more:", err)
	}
}

// What a killed instance leaves is waited for once.
func TestAKilledInstanceIsWaitedForOnce(t *testing.T) {
	at := schemaOf(t)
	s := openAt(t, at, keys.NewMaster())
	a, b := someone(t, s), someone(t, s)
	execute(t, at, "INSERT INTO instance (id, seen) VALUES ($1, 0)", uuid.New())
	for i, who := range []uuid.UUID{a, b} {
		began := time.Now()
		if err := s.Destroy(t.Context(), who); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); (i == 0) != (took > lease) || took > lease+2*time.Second {
			t.Errorf("erasure %d took %v", i, took)
		}
	}
	if n := query[int64](t, at, "SELECT count(*) FROM instance")[0]; n != 1 {
		t.Error("instances left:", n)
	}
}

func TestAClosedInstanceIsNotWaitedFor(t *testing.T) {
	at, m := schemaOf(t), keys.NewMaster()
	one, two := openAt(t, at, m), openAt(t, at, m)
	if err := two.Close(); err != nil {
		t.Fatal(err)
	}
	if n := query[int64](t, at, "SELECT count(*) FROM instance")[0]; n != 1 {
		t.Fatal("instances left:", n)
	}
	began := time.Now()
	if err := one.Destroy(t.Context(), someone(t, one)); err != nil || time.Since(began) > 2*time.Second {
		t.Error(time.Since(began), err)
	}
}

// The connection that listens is kept while nothing happens, and renews.
func TestRenewingKeepsItsConnection(t *testing.T) {
	name := "hoso test " + uuid.NewString()
	at := with(t, schemaOf(t), "application_name", name)
	openAt(t, at, keys.NewMaster())
	watching := func() []int32 {
		return query[int32](t, at, "SELECT pid FROM pg_stat_activity WHERE application_name = $1 AND pid <> pg_backend_pid() ORDER BY pid", name)
	}
	beat := func() int64 { return query[int64](t, at, "SELECT beat FROM instance")[0] }
	before, first := watching(), beat()
	time.Sleep(2500 * time.Millisecond)
	if after := watching(); !slices.Equal(before, after) || len(after) != 2 {
		t.Errorf("connections %v, then %v", before, after)
	}
	if n := beat() - first; n < 2 || n > 4 {
		t.Errorf("%d renewals in 2.5 s", n)
	}
}

// Notifications only make it quick: where they do not arrive, each renewal reads.
func TestAnErasureIsSeenWithoutANotification(t *testing.T) {
	at, m := schemaOf(t), keys.NewMaster()
	one, two := openAt(t, at, m), openAt(t, at, m)
	a := someone(t, one)
	if _, err := two.Key(a); err != nil {
		t.Fatal(err)
	}
	execute(t, at, "WITH n AS (UPDATE erasure SET total = total + 1 RETURNING total) UPDATE person SET wrapped = NULL, created_at = NULL, destroyed_no = total FROM n WHERE subject = $1", a)
	until(t, "the other drops the key", 2*renewEvery, func() bool { _, err := two.Key(a); return errors.Is(err, codec.ErrErased) })
}
