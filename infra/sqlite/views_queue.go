package sqlite

import (
	"context"

	"zombiezen.com/go/sqlite"

	"hoso/domain/eventlog"
	"hoso/projections"
)

// Queue implements projections.Views: a range of an index, from the cursor on.
func (v *Views) Queue(ctx context.Context, q projections.QueueQuery) (page projections.Page, err error) {
	limit, after, bounds, err := q.Plan()
	if err != nil {
		return page, err
	}
	from, id := bounds.From, []byte{}
	if after.Set && after.Key >= from {
		from, id = after.Key, after.ID[:]
	}
	index, where := inQueue(bounds)
	where.add("(deadline, id) > (?, ?)", from, id)
	where.args = append(where.args, int64(limit)+1)
	query := "SELECT " + itsDocument + ", deadline, id FROM dossiers INDEXED BY " + index + " WHERE " + where.all() + " ORDER BY deadline, id LIMIT ?"
	err = v.read(ctx, projections.SearchProjection, func(conn *sqlite.Conn, at eventlog.Position) error {
		page.Position = at.String()
		return readPage(conn, &page, limit, after, query, where.bind)
	})
	return page, err
}

// QueueCounts implements projections.Views: it counts entries of indexes, as of
// one moment.
func (v *Views) QueueCounts(ctx context.Context, q projections.QueueQuery) (out projections.QueueCounts, err error) {
	out.Counts = map[projections.Queue]int{}
	err = v.read(ctx, projections.SearchProjection, func(conn *sqlite.Conn, at eventlog.Position) error {
		out.Position = at.String()
		for _, queue := range projections.Queues {
			bounds, err := q.Bounds(queue)
			if err != nil {
				return err
			}
			index, where := inQueue(bounds)
			where.add("deadline >= ?", bounds.From)
			err = each(conn, "SELECT count(*) FROM dossiers INDEXED BY "+index+" WHERE "+where.all(), where.bind, func(stmt *sqlite.Stmt) error {
				out.Counts[queue] = stmt.ColumnInt(0)
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// inQueue are the conditions of a queue but for where its deadlines begin, and
// the index that holds it in order: the planner, who does not know how long
// queues are, would walk through the whole agency.
func inQueue(b projections.QueueBounds) (index string, c *clauses) {
	index, c = "dossiers_at_agency", &clauses{}
	c.add("current = ?", b.Agency)
	switch {
	case b.Officer != "":
		index = "dossiers_of_officer"
		c.add("assignee = ? AND assignee <> ''", b.Officer)
	case b.Unit != "":
		index = "dossiers_at_unit"
		c.add("unit = ? AND unit <> ''", b.Unit)
	}
	c.add("deadline <= ?", b.To)
	return index, c
}
