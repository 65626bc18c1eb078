package eventlog

import "context"

// Count tells how many events stand behind one position, up to and with
// another, by reading them: positions of most engines are no numbers of events.
// It stops at max, which then means that many or more.
func Count(ctx context.Context, log Log, after, until Position, max uint64) (n uint64, err error) {
	if !after.Before(until) {
		return 0, nil
	}
	for batch, err := range log.Subscribe(ctx, after, Filter{}) {
		if err != nil {
			return n, err
		}
		for _, e := range batch.Events {
			if until.Before(e.Position) {
				return n, nil
			}
			if n++; n >= max {
				return n, nil
			}
		}
		if batch.Live || !batch.End.Before(until) {
			return n, nil
		}
	}
	return n, ctx.Err()
}
