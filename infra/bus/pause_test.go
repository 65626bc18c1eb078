package bus

import "time"

// The retries' pauses would cost each test of poison 12 seconds.
func init() { firstPause = time.Millisecond }
