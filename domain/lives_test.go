package domain

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// bench drives the real code and the model side by side.
type bench struct {
	*rapid.T
	s *story
	m *model
}

// do tries a command; the model says whether it may happen.
func (b *bench) do(c Command, allowed bool, effect func()) {
	b.Helper()
	before := b.s.d
	events, err := c.Decide(b.s.d, b.s.env)
	if (err == nil) != allowed {
		b.Fatalf("%s at %s in %s: model says allowed = %v, the rules say %v\n%+v", c.CommandName(), b.m.now, before.Status().EN(), allowed, err, *b.m)
	}
	if err != nil {
		return
	}
	for _, e := range events {
		if v := Violation(b.s.d, e); v != nil {
			b.Fatalf("%s answered %s, which breaks %s", c.CommandName(), e.EventType(), v.Code)
		}
	}
	b.s.facts(events...)
	effect()
}

func (b *bench) check() {
	m, d := b.m, b.s.d
	if got := d.Status(); got != m.status() {
		b.Fatalf("status %d, the model has %d: %+v", got, m.status(), *m)
	}
	if m.phase != "" && !d.Clock.Due.Equal(m.due) {
		b.Fatalf("due %s, the model counts %s: %+v", d.Clock.Due, m.due, *m)
	}
	if m.paused() != d.Clock.Paused || m.paused() != d.Paused() {
		b.Fatalf("paused %v, %v; the model %v", d.Clock.Paused, d.Paused(), m.paused())
	}
	if d.DecidedLate != m.late {
		b.Fatalf("late %v", d.DecidedLate)
	}
	if d.base.Ended() != !d.EndedAt.IsZero() {
		b.Fatal("an ended status and an end go together")
	}
	for code, want := range m.debts {
		o := d.Obligations[d.obligation(code)]
		if o.Settled() != (want.paid || want.cancelled) || o.Reconciled != want.matched || int(o.Refunded) != want.refunded || o.Refunded > o.Paid {
			b.Fatalf("obligation %s: %+v, the model has %+v", code, o, *want)
		}
	}
	b.waysOut()
}

// waysOut walks from here to each kind of end, on copies.
func (b *bench) waysOut() {
	if b.m.phase == "" {
		return
	}
	walk := func(want Status, cs ...Command) {
		s := *b.s
		for _, c := range cs {
			s.env.Actor = applicant
			events, err := c.Decide(s.d, s.env)
			if err != nil {
				b.Fatalf("no way to %s from %s: %s: %v", want.EN(), b.s.d.Status().EN(), c.CommandName(), err)
			}
			s.facts(events...)
		}
		if got := s.d.Status(); got != want {
			b.Fatalf("the way to %s ends at %s", want.EN(), got.EN())
		}
	}
	if b.m.open() {
		walk(StatusWithdrawn, Withdraw{})
	}
	switch b.m.phase {
	case "desk":
		walk(StatusNotAccepted, refuse)
	case "work":
		walk(StatusStopped, stop)
	}
	if b.m.phase == "closed" || b.m.phase == "delivered" || b.m.void {
		return
	}
	if b.m.expired() {
		walk(StatusNotAccepted, LapseSupplement{})
		return
	}
	walk(StatusDelivered, b.wayToDelivery()...)
}

func (b *bench) wayToDelivery() (way []Command) {
	if b.m.asked {
		way = append(way, answer)
	}
	way = append(way, matches)
	for code, debt := range b.m.debts {
		if !debt.paid && !debt.cancelled {
			way = append(way, Pay{Obligation: code, Amount: 1000, Transaction: "end-" + code})
		}
	}
	if b.m.phase == "desk" {
		way = append(way, accept)
	}
	if b.m.open() {
		way = append(way, granted)
	}
	return append(way, hand)
}

// TestRandomLives drives random commands; rules and model must agree at every
// step, and from every state there is a way to an end.
func TestRandomLives(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := given(t).under(func(r *Rules) { r.Procedure.SupplementCap, r.Procedure.SupplementDays = 2, 30 })
		online := rapid.Bool().Draw(rt, "online")
		b := &bench{rt, s, &model{now: s.env.Now, guides: map[string]int{}, debts: map[string]*debt{}}}
		m := b.m
		code := func() string { return rapid.SampledFrom([]string{"A", "B", "C"}).Draw(rt, "obligation") }
		settle := func(o *debt, settled *bool) func() { return func() { m.pausing(func() { *settled = true }) } }
		// Online to the counter: nothing at return is collected or delivered before a match.
		cleared := func() bool { return m.compared == "match" || m.compared == "" && !online }

		actions := map[string]func(*rapid.T){
			"time": func(rt *rapid.T) {
				m.now = m.now.Add(time.Duration(rapid.OneOf(rapid.IntRange(1, 300), rapid.IntRange(1, 9000), rapid.IntRange(40_000, 60_000)).Draw(rt, "minutes")) * time.Minute)
				s.env.Now = m.now
			},
			"submit": func(*rapid.T) {
				c := submission()
				if online {
					c.Channel = Online
				}
				b.do(c, m.phase == "", func() { m.phase, m.due = "desk", minutesFrom(m.now, 480) })
			},
			"accept": func(*rapid.T) {
				b.do(accept, m.phase == "desk" && !m.paused(), func() { m.phase, m.due = "work", minutesFrom(m.now, 2400) })
			},
			"return": func(*rapid.T) {
				b.do(giveBack, m.open() && !m.asked && m.guides[m.phase] < 2, func() {
					m.guides[m.phase]++
					m.until = m.limit()
					m.pausing(func() { m.asked = true })
				})
			},
			"supplement": func(*rapid.T) {
				b.do(answer, m.open() && m.asked && !m.expired(), func() {
					if m.phase == "desk" {
						m.left, m.overdue = 480, false
					} else {
						m.moved = true
					}
					m.pausing(func() { m.asked = false })
				})
			},
			"lapse": func(*rapid.T) { b.do(LapseSupplement{}, m.open() && m.expired(), func() { m.close(3) }) },
			"end early": func(rt *rapid.T) { // seldom, or few lives grow old
				switch rapid.IntRange(0, 20).Draw(rt, "end") {
				case 1:
					b.do(refuse, m.phase == "desk", func() { m.close(3) })
				case 2:
					b.do(stop, m.phase == "work", func() { m.close(8) })
				case 3:
					b.do(Withdraw{}, m.open(), func() { m.close(7) })
				}
			},
			"route":    func(*rapid.T) { b.do(route, m.phase == "work", func() { m.moved = true }) },
			"progress": func(*rapid.T) { b.do(Progress{Title: "Bước"}, m.phase == "work", func() { m.moved = true }) },
			"extend": func(rt *rapid.T) {
				to := m.due.Add(time.Duration(rapid.IntRange(-1000, 9000).Draw(rt, "later")) * time.Minute)
				ok := m.phase == "work" && !m.paused() && !m.extended && to.After(m.due) && m.extendable()
				b.do(ExtendDueDate{DueAt: to, Reason: "x"}, ok, func() { m.extended, m.due = true, to })
			},
			"decide": func(*rapid.T) {
				b.do(granted, m.phase == "work" && !m.paused(), func() { m.phase, m.late = "decided", day(m.now) > day(m.due) })
			},
			"request": func(rt *rapid.T) {
				c := code()
				terms := debt{waits: rapid.Bool().Draw(rt, "waits"), atReturn: rapid.Bool().Draw(rt, "at return")}
				cmd := RequestPayment{Obligation: c, Kind: "fee", Amount: 1000, DuePoint: DueAtReceipt, Waits: terms.waits}
				if terms.atReturn {
					cmd.DuePoint = DueAtReturn
				}
				old := m.debts[c]
				if old != nil {
					b.do(cmd, old.waits == terms.waits && old.atReturn == terms.atReturn, func() {})
					return
				}
				b.do(cmd, m.phase != "" && (!terms.waits || m.open()), func() { m.pausing(func() { m.debts[c] = &terms }) })
			},
			"pay": func(*rapid.T) {
				c := code()
				o := m.debts[c]
				ok := o != nil && (o.paid || !o.cancelled && (!o.atReturn || cleared()))
				if o == nil {
					o = &debt{}
				}
				b.do(Pay{Obligation: c, Amount: 1000, Transaction: "tx-" + c}, ok, settle(o, &o.paid))
			},
			"cancel payment": func(*rapid.T) {
				c := code()
				o := m.debts[c]
				if o == nil {
					o = &debt{paid: true}
				}
				b.do(CancelPayment{c, "miễn"}, !o.paid, settle(o, &o.cancelled))
			},
			"reconcile": func(*rapid.T) {
				c := code()
				o := m.debts[c]
				b.do(ReconcilePayment{c, "SK"}, o != nil && o.paid, func() { o.matched = true })
			},
			"refund": func(rt *rapid.T) {
				c, n := code(), rapid.IntRange(1, 700).Draw(rt, "amount")
				o := m.debts[c]
				b.do(RefundPayment{c, int64(n), fmt.Sprintf("r-%s-%d", c, len(s.d.Obligations)*10000+int(s.rev)), "x"},
					o != nil && o.paid && o.refunded+n <= 1000, func() { o.refunded += n })
			},
			"compare": func(rt *rapid.T) {
				match := rapid.Bool().Draw(rt, "match")
				b.do(CompareOriginals{Match: match}, (m.open() || m.phase == "decided") && !m.void, func() {
					m.compared = map[bool]string{true: "match", false: "differ"}[match]
					m.proposed = m.proposed && !match
				})
			},
			"propose": func(*rapid.T) {
				b.do(propose, m.phase == "decided" && !m.void && m.compared == "differ" && !m.proposed, func() { m.proposed = true })
			},
			"void": func(*rapid.T) {
				b.do(void, m.phase == "decided" && !m.void && m.proposed, func() { m.void = true })
			},
			"deliver": func(*rapid.T) {
				ok := m.phase == "decided" && !m.void && cleared()
				for _, o := range m.debts {
					ok = ok && (!o.atReturn || o.paid || o.cancelled)
				}
				b.do(hand, ok, func() { m.phase = "delivered" })
			},
			"rate": func(*rapid.T) {
				b.do(Rate{Score: 3}, m.phase != "" && !m.open() && !m.rated, func() { m.rated = true })
			},
		}
		names := slices.Sorted(maps.Keys(actions))
		if rapid.IntRange(0, 9).Draw(rt, "before submission") > 0 {
			actions["submit"](rt)
		}
		for range rapid.IntRange(1, 150).Draw(rt, "steps") {
			actions[rapid.SampledFrom(names).Draw(rt, "action")](rt)
			b.check()
		}
	})
}
