package xes

import (
	"slices"
	"strings"
)

func (m *Mapping) holds(c Condition, as Attributes) bool {
	s := m.text(as, c.Attribute)
	return slices.Contains(c.Is, s) ||
		slices.ContainsFunc(c.StartsWith, func(begin string) bool { return strings.HasPrefix(s, begin) })
}

func (m *Mapping) holdAll(cs []Condition, as Attributes) bool {
	return !slices.ContainsFunc(cs, func(c Condition) bool { return !m.holds(c, as) })
}

// story remembers which kinds of event a case had, in the order of time.
type story struct {
	last map[string]int // kind to the place of its newest event, from 1
	n    int
}

func (s *story) add(kind string) {
	if s.last == nil {
		s.last = map[string]int{}
	}
	s.n++
	s.last[kind] = s.n
}

func (s *story) has(kind string) bool { return s.last[kind] > 0 }

// allows tells whether what happened so far lets the rule apply.
func (s *story) allows(r Rule) bool {
	if r.After != "" && !s.has(r.After) {
		return false
	}
	// Anew after AgainAfter: that must be newer than the last of our own kind.
	return !r.First || !s.has(r.Becomes) || r.AgainAfter != "" && s.last[r.AgainAfter] > s.last[r.Becomes]
}

// ruleFor finds the first rule that makes something of an event.
func (c *telling) ruleFor(e Event) (Rule, bool) {
	for i, r := range c.m.Rules {
		if c.m.holdAll(r.When, e.Attributes) && c.story.allows(r) && !c.barred(i) {
			return r, true
		}
	}
	return Rule{}, false
}

// barred tells whether an event of the case meets what a rule excludes; it
// looks once for each rule.
func (c *telling) barred(rule int) bool {
	excluded := c.m.Rules[rule].UnlessCaseHas
	if len(excluded) == 0 {
		return false
	}
	found, known := c.found[rule]
	if !known {
		found = slices.ContainsFunc(c.trace.Events, func(e Event) bool { return c.m.holdAll(excluded, e.Attributes) })
		c.found[rule] = found
	}
	return found
}
