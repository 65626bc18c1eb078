package postgres

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"hoso/domain"
	"hoso/domain/eventlog"
)

// rewriteBelow is the size in bytes, indexes included, up to which the tables
// are written anew after an erasure: 150,000 persons, which took a second.
var rewriteBelow int64 = 64 << 20 // tests set it

// Forget implements keys.Engine. The row of table erasure is taken first:
// erasures commit one after another, so that whoever sees number n sees all
// before it. Where this instance has barred the person, it must still have.
func (e *engine) Forget(ctx context.Context, subject domain.SubjectID) error {
	if e.readOnly {
		return eventlog.ErrReadOnly
	}
	done, taken := false, false
	err := e.try(ctx, func(ctx context.Context) (err error) {
		done, err = e.inTx(ctx, func(tx pgx.Tx) (bool, error) {
			var number int64
			if err := tx.QueryRow(ctx, `UPDATE erasure SET total = total + 1 RETURNING total`).Scan(&number); err != nil {
				return false, err
			}
			const destroy = `INSERT INTO person (subject, created_at, destroyed_no) VALUES ($1, NULL, $2) ON CONFLICT (subject)
				DO UPDATE SET created_at = NULL, wrapped = NULL, destroyed_no = $2 WHERE person.wrapped IS NOT NULL`
			tag, err := tx.Exec(ctx, destroy, subject, number)
			if err != nil || tag.RowsAffected() == 0 { // destroyed before
				return false, err
			}
			standing, err := e.endBar(ctx, tx, subject)
			if err != nil || !standing {
				taken = err == nil
				return false, err
			}
			// A statement of its own: it sees the numbers of a Settle that the one before waited for.
			_, err1 := tx.Exec(ctx, `DELETE FROM id_number WHERE subject = $1`, subject)
			_, err2 := tx.Exec(ctx, `SELECT pg_notify($1, '')`, e.channel())
			return err1 == nil && err2 == nil, errors.Join(err1, err2)
		})
		return err
	})
	switch {
	case err != nil:
		return err
	case taken:
		return newFault("keys_bar_lost", e.where, nil)
	case done:
		e.ours.drop(subject)
		return nil
	}
	return e.Unbar(ctx, subject) // who was destroyed before may have been barred again
}

// channel is what instances listen to.
func (e *engine) channel() string { return "hoso keys " + e.schema }

// Clean implements keys.Engine. Rows that an older transaction may still read
// stay; then the next erasure, or the next who opens, tries again.
func (e *engine) Clean(ctx context.Context) error {
	if e.readOnly {
		return nil
	}
	var total, cleaned, size int64
	err := e.try(ctx, func(ctx context.Context) error {
		const query = `SELECT total, cleaned, pg_total_relation_size('person') + pg_total_relation_size('id_number') FROM erasure`
		return e.pool.QueryRow(ctx, query).Scan(&total, &cleaned, &size)
	})
	if err != nil || total == cleaned {
		return err
	}
	full := ""
	if size <= rewriteBelow {
		full = "(FULL, VERBOSE) "
	}
	left, err := e.vacuum(ctx, "VACUUM "+full+"person, id_number, secret")
	if err != nil || left {
		return e.explain(err)
	}
	return e.try(ctx, func(ctx context.Context) error {
		_, err := e.pool.Exec(ctx, `UPDATE erasure SET cleaned = greatest(cleaned, $1)`, total)
		return err
	})
}

// vacuum runs on a connection of its own, where nobody's statement_timeout
// ends it, and where it is heard what PostgreSQL only mentions: that it left a
// table out, and, of VACUUM (FULL, VERBOSE), that rows had to be left.
func (e *engine) vacuum(ctx context.Context, statement string) (left bool, err error) {
	config := e.config.ConnConfig.Copy()
	config.RuntimeParams["statement_timeout"] = "0"
	config.RuntimeParams["lock_timeout"] = fmt.Sprint(patience.Milliseconds())
	var warned error
	config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		if n.SeverityUnlocalized == "WARNING" {
			warned = errors.Join(warned, errors.New(n.Message))
		}
		// The detail is "0 dead row versions cannot be removed yet.", in the server's language.
		if rows := firstNumber.FindString(n.Detail); n.Routine == "copy_table_data" && rows != "" && rows != "0" {
			left = true
		}
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return false, err
	}
	_, err = conn.Exec(ctx, statement)
	err = errors.Join(err, conn.Close(context.WithoutCancel(ctx)))
	if err == nil && warned != nil {
		err = newFault("keys_no_rights", e.where, warned)
	}
	return left, err
}

var firstNumber = regexp.MustCompile(`[0-9]+`)
