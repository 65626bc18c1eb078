package simulate

import (
	"sync/atomic"
	"time"
)

// Clock is the writer's clock of a simulation: it stands still until it is
// set. Safe for concurrent use.
type Clock struct{ now atomic.Pointer[time.Time] }

// NewClock makes a clock that shows t.
func NewClock(t time.Time) *Clock {
	c := &Clock{}
	c.Set(t)
	return c
}

// Now is what a commands.Handler takes for the time.
func (c *Clock) Now() time.Time { return *c.now.Load() }

// Set moves the clock.
func (c *Clock) Set(t time.Time) {
	t = t.UTC()
	c.now.Store(&t)
}
