package domain

import "slices"

func (d Dossier) evolveCorrection(e Event, f Fact) Dossier {
	switch e := e.(type) {
	case CorrectionRequested:
		d.CorrectionsAsked++
		d.Corrections = append(slices.Clip(d.Corrections), OpenCorrection{Request: e.Request, Correction: e.Correction, LegalBasis: e.LegalBasis, By: f.By})
	case CorrectionDeclined:
		d = d.settledCorrection(e.Request)
	case Corrected:
		d = d.settledCorrection(e.Request)
		d.CorrectedTimes++
		d = d.corrected(e, f)
	}
	return d
}

func (d Dossier) settledCorrection(request string) Dossier {
	d.Corrections = slices.DeleteFunc(slices.Clone(d.Corrections), func(o OpenCorrection) bool { return o.Request == request })
	return d
}

// corrected lets what was approved hold from now on. Moving the decision or
// the due date measures again whether it was late.
func (d Dossier) corrected(e Corrected, f Fact) Dossier {
	c := e.Correction
	switch {
	case c.Field == CorrectDecidedAt && c.Time != nil:
		if d.EndedAt.Equal(d.DecidedAt) && d.base.Ended() {
			d.EndedAt = *c.Time
		}
		d.DecidedAt = *c.Time
		d.DecidedLate = Late(d.DecidedAt, d.Clock.Due)
	case c.Field == CorrectDueAt && c.Time != nil:
		dl := Deadline{Due: *c.Time}
		if e.Deadline != nil {
			dl = *e.Deadline
		}
		d.Clock = d.Clock.set(MarkCorrect, f.At, dl)
		if !d.DecidedAt.IsZero() {
			d.DecidedLate = Late(d.DecidedAt, d.Clock.Due)
		}
	case c.Field == CorrectOutcome:
		d.Outcome = c.Outcome
	case c.Field == CorrectOwnerName:
		d = d.reapplied(func(a *Application) {
			if a.Submitter.Subject == a.Owner.Subject {
				a.Submitter.Name = c.Text
			}
			a.Owner.Name = c.Text
		})
	}
	return d
}
