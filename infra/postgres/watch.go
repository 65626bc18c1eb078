package postgres

import (
	"bytes"
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"hoso/domain"
	"hoso/infra/keys"
)

// How an erasure reaches every instance's keys at hand, and a bar every
// instance's commands: each instance keeps a row in table instance and renews
// it; what it has at hand is good for lease after the beginning of the last
// renewal, by its own clock. A renewal writes the row first, and then reads the
// erasures and bars, drops the keys, and waits for the commands that write for
// who is barred; where that takes too long, what is at hand becomes good for no
// longer. Who erases or bars commits, then looks at the rows: each instance has
// done its part when its row says so, or cannot use what it has at hand any
// more when lease has passed. No two clocks are compared, and no message has to
// arrive: notifications only make it quick. (A clock that stands still while
// its machine sleeps is outside this: such an instance wakes with what was left
// of its lease.)
const (
	// lease bounds how long Destroy waits for an instance that is cut off or
	// dead, and how long such an instance still gives keys it has at hand.
	lease = 5 * time.Second
	// renewEvery leaves room for renewals that take long or fail.
	renewEvery = time.Second
)

// watch is one instance's part in it.
type watch struct {
	e     *engine
	id    uuid.UUID
	drop  func(domain.SubjectID)
	bar   func(ctx context.Context, all, fresh []domain.SubjectID) error
	seen  int64 // the last erasure whose key was dropped here, or bar that holds here; the goroutine's only
	start time.Time

	migrated bool // the tables have bars, which they had not at the start; the goroutine's only

	until atomic.Int64          // what is at hand is good until then: nanoseconds after start
	fault atomic.Pointer[error] // why the last renewal failed
	stop  context.CancelFunc
	ended chan struct{}
}

// Follow implements keys.Shared.
func (e *engine) Follow(ctx context.Context, drop func(domain.SubjectID), barred func(ctx context.Context, all, fresh []domain.SubjectID) error) error {
	w := &watch{e: e, id: uuid.New(), drop: drop, bar: barred, start: time.Now(), ended: make(chan struct{})}
	var conn *pgx.Conn
	err := e.try(ctx, func(ctx context.Context) (err error) {
		// The cache is empty: what was destroyed so far is not in it. Bars are read whatever their number.
		if err = e.pool.QueryRow(ctx, `SELECT total FROM erasure`).Scan(&w.seen); err == nil {
			conn, err = w.connect(ctx)
		}
		return err
	})
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(context.Background())
	w.stop, e.watch = stop, w
	go w.run(running, conn)
	return nil
}

// connect opens the connection that listens, and renews on it.
func (w *watch) connect(ctx context.Context) (*pgx.Conn, error) {
	opening, cancel := context.WithTimeout(ctx, lease)
	defer cancel()
	conn, err := pgx.ConnectConfig(opening, w.e.config.ConnConfig.Copy())
	if err != nil {
		return nil, err
	}
	if _, err = conn.Exec(opening, "LISTEN "+pgx.Identifier{w.e.channel()}.Sanitize()); err == nil {
		err = w.renew(ctx, conn)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close(opening))
	}
	return conn, nil
}

// run renews until it is stopped, and comes back after every fault.
func (w *watch) run(ctx context.Context, conn *pgx.Conn) {
	defer close(w.ended)
	var err error
	for ctx.Err() == nil {
		if conn == nil {
			if conn, err = w.connect(ctx); err != nil {
				w.failed(err)
				select {
				case <-ctx.Done():
				case <-time.After(renewEvery / 4):
				}
				continue
			}
		}
		err = w.follow(ctx, conn)
		w.failed(err)
		closing, cancel := context.WithTimeout(context.Background(), renewEvery)
		conn.Close(closing)
		cancel()
		conn = nil
	}
}

func (w *watch) failed(err error) {
	err = w.e.explain(err)
	w.fault.Store(&err)
}

// follow renews every second, and at once when somebody was erased. It ends with an error only.
func (w *watch) follow(ctx context.Context, conn *pgx.Conn) error {
	for {
		waiting, cancel := context.WithTimeout(ctx, renewEvery)
		_, err := conn.WaitForNotification(waiting)
		cancel()
		if err != nil && (ctx.Err() != nil || conn.IsClosed()) {
			return err
		}
		if err = w.renew(ctx, conn); err != nil {
			return err
		}
	}
}

// renew writes the row, does what was asked of instances since, and again until
// nothing was. Without an error what is at hand is good for longer, unless
// commands go on that should have ended.
func (w *watch) renew(ctx context.Context, conn *pgx.Conn) error {
	for {
		begun := time.Now()
		notices, err := w.read(ctx, conn)
		if err != nil {
			return err
		}
		upTo, err := w.heed(ctx, notices)
		if err != nil {
			w.failed(newFault("keys_writing", w.e.where, nil))
			return ctx.Err()
		}
		w.until.Store(int64(begun.Add(lease).Sub(w.start)))
		if upTo == w.seen {
			return w.settled(ctx, conn, notices)
		}
		w.seen = upTo
	}
}

func (w *watch) checkSeed(ctx context.Context, conn *pgx.Conn) error {
	var seed []byte
	if err := conn.QueryRow(ctx, `SELECT wrapped FROM secret WHERE name = 'hash seed'`).Scan(&seed); err != nil {
		return err
	}
	if bytes.Equal(seed, *w.e.seed.Load()) {
		w.fault.Store(nil)
	} else {
		var err error = newFault("keys_wrong_master", w.e.where, errors.New("another instance has changed it: start this one again with the new one"))
		w.fault.Store(&err)
	}
	return nil
}

// Current implements keys.Shared.
func (e *engine) Current() bool {
	return int64(time.Since(e.watch.start)) < e.watch.until.Load()
}

func (w *watch) healthy() error {
	fault := w.fault.Load()
	if w.e.Current() && (fault == nil || !errors.Is(*fault, keys.ErrWrongMaster)) {
		return nil
	}
	if fault == nil {
		return newFault("keys_unreachable", w.e.where, nil)
	}
	return *fault
}

// end takes the row away, so that nobody waits for this instance.
func (w *watch) end() {
	w.stop()
	<-w.ended
	ctx, cancel := context.WithTimeout(context.Background(), renewEvery)
	defer cancel()
	w.e.pool.Exec(ctx, `DELETE FROM instance WHERE id = $1`, w.id) // if it fails, the next erasure waits for lease
}
