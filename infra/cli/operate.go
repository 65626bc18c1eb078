package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/projections"
)

// projectionNames are what --projection and rebuild take.
var projectionNames = []string{projections.DossierProjection, projections.SearchProjection, projections.TimelineProjection, projections.TimesProjection}

type parkCmd struct {
	Dossier    string   `arg:"" help:"Code of the dossier, or its id."`
	Reason     string   `help:"Why, for those who look at it later; no personal data." required:"" placeholder:"TEXT"`
	Projection []string `help:"Only this projection (dossier, search, timeline, times); may be given again (default: all)." placeholder:"NAME"`
}

// Help tells what parking is for.
func (parkCmd) Help() string {
	return `A dossier set aside stays in the views as it is, whatever happens to it; all others go on. Commands and hoso replay go by the log and are not touched. It stays so, over rebuilds too, until hoso unpark; only an upgrade that changes the format of a view forgets it. Views of a data folder that a server has open are changed through that server: POST /api/v1/projections/NAME/parked with {"dossier": ID, "reason": TEXT}, DELETE /api/v1/projections/NAME/parked/ID to take it back.`
}

// Run sets a dossier aside.
func (c *parkCmd) Run(a *app) error {
	if strings.TrimSpace(c.Reason) == "" {
		return badInput("--reason is empty: say why, for those who look at it later")
	}
	return a.operate(c.Projection, func(s *stack, runners []*projections.Runner) error {
		id, err := s.dossier(a, c.Dossier)
		if err != nil {
			return err
		}
		for _, r := range holding(runners, id) {
			if err := r.Park(a.ctx, id, strings.TrimSpace(c.Reason)); err != nil {
				return err
			}
			a.printf("%s: dossier %s is set aside\n", r.Name(), id)
		}
		return nil
	})
}

type unparkCmd struct {
	Dossier    string   `arg:"" optional:"" help:"Code of the dossier, or its id; without it all that are set aside."`
	Projection []string `help:"Only this projection (dossier, search, timeline, times); may be given again (default: all)." placeholder:"NAME"`
}

// Help tells what happens.
func (unparkCmd) Help() string {
	return `Folds what was set aside anew from the log and lets it go on. What still cannot be folded stays, with the reason; then the exit code is 1.`
}

// Run takes dossiers back.
func (c *unparkCmd) Run(a *app) error {
	return a.operate(c.Projection, func(s *stack, runners []*projections.Runner) error {
		var only uuid.UUID
		if c.Dossier != "" {
			var err error
			if only, err = s.dossier(a, c.Dossier); err != nil {
				return err
			}
		}
		left, found := 0, 0
		for _, r := range runners {
			parked, err := r.Parked(a.ctx)
			if err != nil {
				return err
			}
			for _, one := range parked {
				if only != uuid.Nil && one.Dossier != only {
					continue
				}
				found++
				reason, err := r.Unpark(a.ctx, one.Dossier)
				if err != nil {
					return err
				}
				if reason != "" {
					left++
					a.printf("%s: dossier %s stays set aside: %s\n", r.Name(), one.Dossier, reason)
					continue
				}
				a.printf("%s: dossier %s goes on\n", r.Name(), one.Dossier)
			}
		}
		switch {
		case left > 0:
			return answered
		case found == 0 && only != uuid.Nil:
			return notFound("dossier %s is not set aside", c.Dossier)
		case found == 0:
			a.printf("nothing is set aside\n")
		}
		return nil
	})
}

type rollbackCmd struct {
	Projection []string `arg:"" help:"Which: dossier, search, timeline, times."`
}

// Help tells what happens.
func (rollbackCmd) Help() string {
	return `Brings the generation before the serving one up to date and makes it serve again; the one that served becomes the one to go back to. There is one after a rebuild, until an erasure removes it.`
}

// Run goes back to the generation before.
func (c *rollbackCmd) Run(a *app) error {
	return a.operate(c.Projection, func(_ *stack, runners []*projections.Runner) error {
		for _, r := range runners {
			if !r.Leads() {
				continue
			}
			if err := r.RollBack(a.ctx); err != nil {
				return refusedSwap(err)
			}
			a.printf("%s: the generation before serves again\n", r.Name())
		}
		return nil
	})
}

// operate opens everything for writing, with the runners of some projections;
// no names: all.
func (a *app) operate(names []string, work func(*stack, []*projections.Runner) error) (err error) {
	if err := checkProjections(names); err != nil {
		return err
	}
	if _, err := a.mustHaveLog(); err != nil {
		return err
	}
	s, err := a.openStack(stackOptions{})
	if err != nil {
		return err
	}
	defer s.closing(&err)
	if err := s.openViews(a.ctx, nil); err != nil {
		return err
	}
	return work(s, runnersOf(s.runners, names))
}

func checkProjections(names []string) error {
	for _, name := range names {
		if !slices.Contains(projectionNames, name) {
			return badInput("there is no projection %q: they are %s", name, strings.Join(projectionNames, ", "))
		}
	}
	return nil
}

// runnersOf are the runners of some projections; no names: all.
func runnersOf(runners []*projections.Runner, names []string) (out []*projections.Runner) {
	for _, r := range runners {
		if len(names) == 0 || slices.Contains(names, r.Name()) {
			out = append(out, r)
		}
	}
	return out
}

// holding are the runners that write a dossier.
func holding(runners []*projections.Runner, id uuid.UUID) (out []*projections.Runner) {
	for _, r := range runners {
		if r.Holds(id) {
			out = append(out, r)
		}
	}
	return out
}

// dossier finds a dossier by its id or its code.
func (s *stack) dossier(a *app, text string) (uuid.UUID, error) {
	if id, err := uuid.Parse(text); err == nil {
		return id, nil
	}
	v, ok, err := s.views.ByCode(a.ctx, domain.FoldCode(text))
	if err != nil {
		return uuid.Nil, fmt.Errorf("look for %s: %w", text, err)
	}
	if !ok {
		return uuid.Nil, errNoSuchCode(text)
	}
	return v.ID, nil
}
