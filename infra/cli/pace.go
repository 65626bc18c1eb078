package cli

import (
	"fmt"
	"time"
)

// paced is progress with its rate and the time left.
type paced struct {
	*progress
	label string
	total uint64
	first uint64 // done before it began
	since time.Time
}

func (a *app) paced(label string, total uint64) *paced {
	return &paced{progress: a.progress(label), label: label, total: total}
}

// at tells how many are done, those included that stood there before.
func (p *paced) at(done uint64) {
	now := time.Now()
	if p.since.IsZero() {
		p.first, p.since = done, now
	}
	p.progress.label = p.label + p.rate(done, now)
	p.progress.at(done, p.total)
}

func (p *paced) rate(done uint64, now time.Time) string {
	took := now.Sub(p.since).Seconds()
	if took < 1 || done <= p.first {
		return ""
	}
	rate := float64(done-p.first) / took
	text := fmt.Sprintf(" (%s a second", thousands(uint64(rate)))
	if p.total > done && rate >= 1 {
		left := time.Duration(float64(p.total-done) / rate * float64(time.Second))
		text += ", " + left.Round(time.Second).String() + " left"
	}
	return text + ")"
}
