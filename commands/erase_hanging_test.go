package commands

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/eventlog/memory"
	"hoso/infra/keys"
)

// TestErasureWaitsForAnAppendOfAnotherInstance: an instance that is well has sent a
// submission, and the log takes longer for it than the lease of the key store. The
// erasure in another one waits, or is given up; it never overtakes the submission.
func TestErasureWaitsForAnAppendOfAnotherInstance(t *testing.T) {
	at, m := keysOf(t), keys.NewMaster()
	shared := memory.New()
	t.Cleanup(func() { shared.Close() })
	slow := &slowLog{Log: shared}
	a := openInstance(t, shared, at, m)
	a.publish()
	b := openInstance(t, slow, at, m)
	subject, _ := a.withdrawn("1", number)
	submitted, release := b.hangs(slow)
	erased := make(chan error, 1)
	erase := func() { _, err := a.Erase(t.Context(), admin, subject, "Điều 1"); erased <- err }
	go erase()
	select {
	case err := <-erased:
		t.Fatal("the erasure did not wait:", err)
	case <-time.After(7 * time.Second): // the lease is 5 s
	}
	close(release)
	if err := <-submitted; err != nil && !errors.Is(err, errUnsure) { // its number is drawn later then
		t.Error("the submission:", err)
	}
	if err := <-erased; !errors.Is(err, domain.ErrStillOpen) {
		t.Error("the erasure:", err)
	}
	late := uuid.NewSHA1(by(citizen, "2").ID, []byte("dossier"))
	if d := a.fold(late); d.Owner.Subject != subject || d.Owner.Name.Text != "Người Thử" {
		t.Errorf("the late dossier: name %q", d.Owner.Name.Text)
	}
}

// An erasure that waits in vain says so, and bars nobody.
func TestAnErasureDoesNotWaitForEver(t *testing.T) {
	defer func(was time.Duration) { barTime = was }(barTime)
	barTime = 50 * time.Millisecond
	s, log := slowShop(t)
	subject, _ := s.withdrawn("1", number)
	submitted, release := s.hangs(log)
	if _, err := s.Erase(t.Context(), admin, subject, "Điều 1"); !errors.Is(err, errWriting) || s.keys.Barred(subject) {
		t.Error("erase:", err, "barred:", s.keys.Barred(subject))
	}
	close(release)
	if err := <-submitted; err != nil {
		t.Error("submission:", err)
	}
}
