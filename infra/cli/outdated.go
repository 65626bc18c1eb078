package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hoso/infra/keys"
)

// outdatedFor is how long a server goes on after the master key was changed elsewhere.
const outdatedFor = 10 * time.Second

// outdated ends a server whose master key opens the keys no more: it would keep
// the views that it writes standing still for all. Whoever watches over the
// program starts it again, with the new master key; until then others take its turns.
func outdated(ctx context.Context, healthy func() error) error {
	var since time.Time
	look := time.NewTicker(outdatedFor / 10)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-look.C:
		}
		err := healthy()
		switch {
		case !errors.Is(err, keys.ErrWrongMaster):
			since = time.Time{}
		case since.IsZero():
			since = time.Now()
		case time.Since(since) >= outdatedFor:
			return fmt.Errorf("the master key was changed elsewhere: start this server again with the new one (%w)", err)
		}
	}
}
