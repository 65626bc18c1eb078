package postgres

import (
	"testing"
	"time"

	"hoso/infra/keys"
)

// An erasure that begins while all keys are wrapped anew waits for the end of
// that, and the two never wait for each other.
func TestRewrapAndForgetDoNotMeetInACircle(t *testing.T) {
	at, m := schemaOf(t), keys.NewMaster()
	one, s := engineAt(t, at, m)
	two, _ := engineAt(t, at, m)
	a, _ := someone(t, s), someone(t, s)
	forgotten := make(chan error, 1)
	called := 0
	err := one.Rewrap(t.Context(), func(_ string, wrapped []byte) ([]byte, error) {
		if called++; called == 2 { // the seed comes first, before the transaction
			go func() { forgotten <- two.Forget(t.Context(), a) }()
			time.Sleep(1500 * time.Millisecond) // PostgreSQL looks for circles after a second
		}
		return append([]byte(nil), append(wrapped, 0)...), nil
	})
	if err != nil {
		t.Error("the change of the master key was ended:", err)
	}
	if err := <-forgotten; err != nil {
		t.Error("the erasure:", err)
	}
}
