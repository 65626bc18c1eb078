package xes

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"hoso/commands"
	"hoso/domain"
)

// Finding is a rule that a fact of a case breaks, or something odd in what the
// log says of it. The fact was imported all the same.
type Finding struct {
	Case   string // the case's id in the log
	Event  string // name of the event in our log, as dossier.decided
	Rule   string // code of the rule
	At     time.Time
	Source string // the activity or attribute it comes from
}

// The oddities of a log itself; broken rules of the lifecycle bear the codes
// of package domain.
const (
	oddStart  = "start_missing"  // the submission is dated by the earliest event
	oddTime   = "time_missing"   // dated like the event before it
	oddDue    = "due_unreadable" // imported without a due date
	oddTitle  = "name_missing"   // the activity has no name
	oddLength = "field_too_long" // cut to what a field holds
	noTitle   = "(không tên / no name)"
)

// telling turns one case into facts.
type telling struct {
	m       *Mapping
	trace   Trace
	zone    *time.Location
	story   story
	found   map[int]bool // of rules: whether the case has what they exclude
	current string       // agency where the dossier is

	facts   []commands.ImportedFact
	sources []string // of each fact
	odd     []oddity
}

// oddity is a rule's code and the place of the fact it speaks of.
type oddity struct {
	fact int
	rule string
}

// step is an event of the case, or an attribute that is one, with its time.
type step struct {
	at    time.Time
	rank  int // among equal times: events, then attributes, then the delivery
	event *Event
	from  FromCase
	odd   string
}

// tell makes a case's facts: submitted first, payments behind it, then all
// else by time, each in the log's order. calendar is the version that the
// agency's desk goes by.
func (m *Mapping) tell(t Trace, calendar string) (*telling, error) {
	zone, err := m.zone()
	if err != nil {
		return nil, err
	}
	c := &telling{m: m, trace: t, zone: zone, found: map[int]bool{}, current: m.Agency.Code}
	if id := m.text(t.Attributes, m.Case.ID); id == "" || utf8.RuneCountInString(id) > domain.MaxName {
		return nil, fmt.Errorf("the case needs an id of 1 to %d characters in its attribute %q", domain.MaxName, m.Case.ID)
	}
	steps := c.steps()
	start, ok := parseTime(m.text(t.Attributes, m.Case.Start), zone)
	if !ok {
		first := slices.IndexFunc(steps, func(s step) bool { return !s.at.IsZero() })
		if first < 0 {
			return nil, fmt.Errorf("the case has no time: neither its attribute %q nor an event of it tells one", m.Case.Start)
		}
		start = steps[first].at
		c.note(oddStart)
	}
	c.submit(start, calendar)
	for _, f := range m.FromCase {
		if text := m.text(t.Attributes, f.Attribute); f.Payment != nil && text != "" {
			c.pay(f, text, start)
		}
	}
	for _, s := range steps {
		if s.at.IsZero() {
			s.at = start
		}
		c.step(s)
	}
	return c, nil
}

// steps are the case's events and dated attributes in the order of time. Those
// without a time stand behind their predecessors.
func (c *telling) steps() []step {
	var out []step
	var before time.Time
	for i := range c.trace.Events {
		s := step{event: &c.trace.Events[i]}
		at, ok := parseTime(c.m.text(s.event.Attributes, c.m.Event.Time), c.zone)
		if ok {
			before = at
		} else {
			s.odd = oddTime
		}
		s.at = before
		out = append(out, s)
	}
	for _, f := range c.m.FromCase {
		text := c.m.text(c.trace.Attributes, f.Attribute)
		if f.Payment != nil || text == "" {
			continue
		}
		s := step{from: f, rank: 1}
		at, ok := parseTime(text, c.zone)
		if s.at = at; !ok {
			s.at, s.odd = before, oddTime
			s.from.Becomes = domain.Progressed{}.EventType()
		} else if f.Becomes == (domain.Delivered{}).EventType() {
			s.rank = 2
		}
		out = append(out, s)
	}
	slices.SortStableFunc(out, func(a, b step) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.rank, b.rank)) })
	return out
}

func (c *telling) submit(start time.Time, calendar string) {
	person := domain.Person{Kind: c.m.Case.Applicant}
	e := domain.Submitted{
		Procedure: c.m.Procedure.Code, Agency: c.m.Agency.Code, Competent: c.m.Agency.Code,
		Channel:   domain.Channel(c.m.value(c.trace.Attributes, c.m.Case.Channel)),
		Unit:      c.m.value(c.trace.Attributes, c.m.Case.Unit),
		Submitter: person, Owner: person, SourceID: c.id(), CalendarVersion: calendar,
	}
	if text := c.m.text(c.trace.Attributes, c.m.Case.Due); text != "" {
		if due, ok := parseTime(text, c.zone); ok {
			e.ImportedDue = &due
		} else {
			c.note(oddDue)
		}
	}
	c.add(e, start, domain.Actor{Role: domain.Applicant}, c.m.Case.Start)
}

func (c *telling) pay(f FromCase, text string, start time.Time) {
	e, odd := c.payment(f, text)
	if e == nil {
		return
	}
	if odd != "" {
		c.note(odd)
	}
	c.add(e, start, domain.Actor{Role: domain.System}, f.Attribute)
}

// step makes the one fact of a step.
func (c *telling) step(s step) {
	if s.odd != "" {
		c.note(s.odd)
	}
	if s.event == nil {
		e, role := c.make(s.from.Becomes, s.from.Fields, c.trace.Attributes, s.at)
		if e == nil {
			e, role = domain.Progressed{Title: c.short(s.from.Attribute + " " + c.m.text(c.trace.Attributes, s.from.Attribute))}, domain.Specialist
		}
		c.add(e, s.at, domain.Actor{Role: role, Agency: c.m.Agency.Code}, s.from.Attribute)
		return
	}
	as := s.event.Attributes
	by := domain.Actor{Agency: c.current, ID: c.short(c.m.text(as, c.m.Event.Officer))}
	title := c.title(as)
	var e domain.Event
	if r, ok := c.ruleFor(*s.event); ok {
		e, by.Role = c.make(r.Becomes, r.Fields, as, s.at)
	}
	if e == nil {
		e, by.Role = domain.Progressed{Title: title, Unit: c.short(c.m.text(as, c.m.Event.Unit))}, domain.Specialist
	}
	c.add(e, s.at, by, title)
}

func (c *telling) add(e domain.Event, at time.Time, by domain.Actor, source string) {
	c.facts = append(c.facts, commands.ImportedFact{Event: e, At: at, By: by})
	c.sources = append(c.sources, source)
	c.story.add(e.EventType())
}

// note remarks on the fact that is being made.
func (c *telling) note(rule string) { c.odd = append(c.odd, oddity{len(c.facts), rule}) }

// findings are the log's oddities and the rules broken, in the order of the facts.
func (c *telling) findings(broken []commands.Violated) []Finding {
	all := slices.Clone(c.odd)
	for _, v := range broken {
		all = append(all, oddity{v.Fact, v.Rule.Code})
	}
	slices.SortStableFunc(all, func(a, b oddity) int { return cmp.Compare(a.fact, b.fact) })
	out := make([]Finding, len(all))
	for i, o := range all {
		f := c.facts[o.fact]
		out[i] = Finding{Case: c.id(), Event: f.Event.EventType(), Rule: o.rule, At: f.At, Source: c.sources[o.fact]}
	}
	return out
}

func (c *telling) id() string { return c.m.text(c.trace.Attributes, c.m.Case.ID) }

// title is the activity's name.
func (c *telling) title(as Attributes) string {
	var parts []string
	for _, key := range c.m.Event.Title {
		if s := c.m.text(as, key); s != "" {
			parts = append(parts, s)
		}
	}
	if len(parts) == 0 {
		c.note(oddTitle)
		return noTitle
	}
	return c.short(strings.Join(parts, " "))
}

// short cuts a text to what a field holds.
func (c *telling) short(s string) string {
	if utf8.RuneCountInString(s) <= domain.MaxName {
		return s
	}
	c.note(oddLength)
	return string([]rune(s)[:domain.MaxName-1]) + "…"
}
