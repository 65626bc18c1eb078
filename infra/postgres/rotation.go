package postgres

import (
	"context"
	"errors"
	"hash/fnv"
)

// ErrRotating says that somebody is changing the master key.
var ErrRotating = errors.New("somebody is changing the master key of this key database")

// HoldRotation keeps everybody else who asks for it from changing the master
// key of the keys in a database, from any folder or machine, until release is
// called or the connection is lost. Rewrap does not rely on it: of two at once it
// refuses the second. Errors: ErrRotating, a *Fault.
func HoldRotation(ctx context.Context, url string) (release func() error, err error) {
	e, err := connect(ctx, url, true)
	if err != nil {
		return nil, err
	}
	conn, err := e.pool.Acquire(ctx)
	if err != nil {
		return nil, errors.Join(e.explain(err), e.Close())
	}
	name := fnv.New64a()
	name.Write([]byte("hoso master key " + e.schema))
	var got bool
	err = e.explain(conn.QueryRow(ctx, `SELECT pg_try_advisory_lock($1)`, int64(name.Sum64())).Scan(&got))
	if err == nil && !got {
		err = ErrRotating
	}
	release = func() error {
		conn.Release() // closing the pool ends the session, and with it the lock
		return e.Close()
	}
	if err != nil {
		return nil, errors.Join(err, release())
	}
	return release, nil
}
