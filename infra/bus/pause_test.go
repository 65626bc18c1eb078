package bus

import (
	"testing"
	"time"
)

// The retries' pauses would cost each test of poison 12 seconds, the wait for
// what settles an event 3 to 6.
func init() { firstPause, settlePatience = time.Millisecond, 20*time.Millisecond }

// SetPatience makes the reactions of one test wait longer at the head.
func SetPatience(t *testing.T, d time.Duration) {
	before := settlePatience
	settlePatience = d
	t.Cleanup(func() { settlePatience = before })
}
