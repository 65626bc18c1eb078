package xes

import (
	"context"
	"fmt"
	"slices"

	"hoso/commands"
	"hoso/domain"
)

// publish appends the calendar, procedure and agency that a mapping needs and
// the log does not know by their codes yet, and gives the version of the
// calendar that the agency's desk goes by. What the log knows stays as it is.
func publish(ctx context.Context, h *commands.Handler, m *Mapping, req commands.Request) (calendar string, err error) {
	if err := h.Catalogue.CatchUp(ctx); err != nil {
		return "", err
	}
	var missing []domain.Event
	if m.Calendar != nil {
		if _, known := h.Catalogue.Calendar(m.Calendar.ID); !known {
			missing = append(missing, domain.CalendarPublished{Calendar: *m.Calendar})
		}
	}
	if !slices.ContainsFunc(h.Catalogue.Procedures(), func(p domain.ProcedurePublished) bool { return p.Procedure.Code == m.Procedure.Code }) {
		missing = append(missing, domain.ProcedurePublished{Procedure: m.Procedure})
	}
	if _, known := h.Catalogue.Agency(m.Agency.Code); !known {
		missing = append(missing, domain.AgencyEstablished{Agency: m.Agency})
	}
	for _, e := range missing {
		if _, err := h.Publish(ctx, req, e); err != nil {
			return "", fmt.Errorf("publish what the mapping needs: %w", err)
		}
	}
	rules, err := h.Catalogue.Rules(m.Procedure.Code, "", m.Agency.Code, m.Agency.Code, h.Now())
	if err != nil {
		return "", err
	}
	return rules.Reception.Version(), nil
}
