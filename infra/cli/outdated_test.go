package cli

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hoso/infra/keys"
)

// A server whose master key is out of use ends, a while after; one whose key store
// is away, or that is told otherwise in time, does not.
func TestAnOutdatedServerEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var says atomic.Pointer[error]
		healthy := func() error { return *says.Load() }
		set := func(err error) { says.Store(&err) }
		set(keys.ErrUnavailable)
		ended := make(chan error, 1)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() { ended <- outdated(ctx, healthy) }()
		for _, err := range []error{keys.ErrUnavailable, keys.ErrWrongMaster, nil, keys.ErrWrongMaster, nil} {
			set(err)
			time.Sleep(outdatedFor * 2 / 3)
		}
		select {
		case err := <-ended:
			t.Fatal("ended for a moment's fault:", err)
		default:
		}
		set(keys.ErrWrongMaster)
		if err := <-ended; !errors.Is(err, keys.ErrWrongMaster) || !strings.Contains(err.Error(), "start this server again") {
			t.Error(err)
		}
		go func() { ended <- outdated(ctx, healthy) }()
		cancel()
		if err := <-ended; err != nil {
			t.Error("stopped in good order:", err)
		}
	})
}
