package simulate

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"hoso/commands"
	"hoso/domain"
	"hoso/domain/calendar"
)

// desk is an agency with its hours, its people and what it offers.
type desk struct {
	domain.Agency
	reception, processing *calendar.Calendar
	offers                []domain.Procedure // in force and offered on the first day
	load                  int                // how many dossiers come here, against others
}

// openDesks finds the agencies that take dossiers in on the first day.
func openDesks(c *commands.Catalogue, first time.Time) (map[string]*desk, error) {
	day := calendar.DateOf(first)
	procedures := map[string]domain.Procedure{}
	for _, p := range c.Procedures() {
		if !day.Before(p.Procedure.EffectiveFrom) && (p.Procedure.EffectiveTo.IsZero() || !day.After(p.Procedure.EffectiveTo)) {
			procedures[p.Procedure.Code] = p.Procedure
		}
	}
	desks := map[string]*desk{}
	offering := 0
	for _, a := range c.Agencies() {
		d := &desk{Agency: a}
		var ok1, ok2 bool
		d.reception, ok1 = c.Calendar(a.ReceptionCalendar)
		d.processing, ok2 = c.Calendar(a.ProcessingCalendar)
		if !ok1 || !ok2 {
			return nil, fmt.Errorf("simulate: agency %s names a calendar that the log does not have", a.Code)
		}
		for _, o := range a.Offers {
			if p, ok := procedures[o.Procedure]; ok && a.OffersOn(o.Procedure, day) {
				d.offers = append(d.offers, p)
			}
		}
		slices.SortFunc(d.offers, func(a, b domain.Procedure) int { return cmp.Compare(a.Code, b.Code) })
		if len(d.offers) > 0 {
			offering++
			d.load = loads[a.Level]
		}
		desks[a.Code] = d
	}
	if offering == 0 {
		return nil, fmt.Errorf("simulate: no agency offers a procedure on %s; the starter set does from 2025-07-01", day)
	}
	return desks, nil
}

// loads weigh the levels: most dossiers come to the communes.
var loads = map[string]int{"commune": 6, "centre": 5, "province": 1}

// open lists the desks that offer something, by code.
func (w *world) open() []*desk {
	var out []*desk
	for _, d := range w.desks {
		if len(d.offers) > 0 && d.load > 0 {
			out = append(out, d)
		}
	}
	slices.SortFunc(out, func(a, b *desk) int { return cmp.Compare(a.Code, b.Code) })
	return out
}

// person is one of the people who work there; n counts from 1.
func (d *desk) person(role domain.Role, n int) domain.Actor {
	return domain.Actor{Role: role, Agency: d.Code, ID: OfficerID(d.Code, role, n)}
}

// OfficerID is the opaque id of the n-th officer of an agency in a role, as
// the simulation uses them: h99.31.intake_officer.1.
func OfficerID(agency string, role domain.Role, n int) string {
	return fmt.Sprintf("%s.%s.%d", strings.ToLower(agency), role, n)
}

// unit picks the unit that handles a procedure: never the desk itself nor the clerks.
func (d *desk) unit(p domain.Procedure, rng *rand.Rand) string {
	var able []string
	for _, u := range d.Units {
		switch {
		case u == "Văn thư" || u == "Bộ phận một cửa":
		case p.Field == "Hộ tịch" && strings.Contains(u, "Hộ tịch"):
			return u
		case p.Field == "Hộ tịch" && strings.Contains(u, "Tư pháp"):
			return u
		case p.Field != "Hộ tịch" && strings.Contains(u, "Tư pháp"):
		default:
			able = append(able, u)
		}
	}
	if len(able) == 0 {
		return ""
	}
	return able[rng.IntN(len(able))]
}

// competent is who decides on a procedure received here.
func (w *world) competent(at *desk, p domain.Procedure, rng *rand.Rand) *desk {
	others := map[string]string{"Hoạt động xây dựng": "H99.14", "Đất đai": "H99.15.02"}
	switch {
	case p.Field == "Đất đai", at.Level == "centre" && p.Field == "Hoạt động xây dựng":
		if d, ok := w.desks[others[p.Field]]; ok {
			return d
		}
	case at.Level == "centre":
		communes := []string{"H99.31", "H99.32", "H99.33"}
		if d, ok := w.desks[communes[rng.IntN(len(communes))]]; ok {
			return d
		}
	}
	return at
}
