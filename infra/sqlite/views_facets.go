package sqlite

import (
	"zombiezen.com/go/sqlite"

	"hoso/projections"
)

// countFacets counts a query's dossiers by its facets, in one scan: of those
// that all filters but the facets' own let through, each row tells which of
// these it passes. A facet counts the rows that pass all others.
func countFacets(conn *sqlite.Conn, q projections.SearchQuery, terms projections.Terms) ([]projections.FacetCounts, error) {
	base, counted := q, make([]map[string]int, len(q.Facets))
	for i, f := range q.Facets {
		base, counted[i] = base.Without(f), map[string]int{}
	}
	clock, args := stateColumn(q)
	query := "SELECT status, received, competent, current, place, procedure, field, channel, " + clock
	for _, f := range q.Facets {
		var own clauses
		own.filter(f, q)
		query, args = query+", "+own.all(), append(args, own.args...)
	}
	where := conditions(base, terms)
	where.args = append(args, where.args...)
	err := each(conn, query+" FROM dossiers WHERE "+where.all(), where.bind, func(stmt *sqlite.Stmt) error {
		failed, at := 0, 0
		for i := range q.Facets {
			if !stmt.ColumnBool(9 + i) {
				failed, at = failed+1, i
			}
		}
		for i, f := range q.Facets {
			if failed == 0 || failed == 1 && at == i {
				for _, value := range facetValues(f, stmt) {
					counted[i][value]++
				}
			}
		}
		return nil
	})
	out := make([]projections.FacetCounts, len(q.Facets))
	for i, f := range q.Facets {
		out[i] = projections.CountsOf(f, counted[i])
	}
	return out, err
}

// facetValues are those of a row of countFacets.
func facetValues(f projections.Facet, stmt *sqlite.Stmt) []string {
	text := stmt.ColumnText
	switch f {
	case projections.FacetStatus:
		return []string{text(0)}
	case projections.FacetAgency:
		return projections.Concerned(text(1), text(2), text(3), text(4))
	case projections.FacetProcedure:
		return []string{text(5)}
	case projections.FacetField:
		return []string{text(6)}
	case projections.FacetChannel:
		return []string{text(7)}
	}
	return []string{text(8)} // the clock's state
}

// stateColumn tells the state of a dossier's clock, with the values of its
// question marks. The states come in the order of their deadlines.
func stateColumn(q projections.SearchQuery) (sql string, bounds []any) {
	sql = "CASE"
	for _, state := range projections.ClockStates {
		_, to, ended := state.Deadlines(q.Now, q.Soon)
		if ended {
			sql += " WHEN deadline IS NULL"
		} else {
			sql += " WHEN deadline <= ?"
			bounds = append(bounds, to)
		}
		sql += " THEN '" + string(state) + "'"
	}
	return sql + " END", bounds
}
