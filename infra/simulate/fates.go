package simulate

import (
	"math/rand/v2"

	"hoso/domain"
	"hoso/domain/calendar"
)

// fate is what makes a dossier's life a story.
type fate int

const (
	plainSailing fate = iota
	lateDecision
	supplementAtIntake
	supplementAtAppraisal
	supplementLapses
	refusedAtIntake
	withdrawnEarly
	withdrawnLate
	stoppedInProcess
	extendedOnce
	neverPaid
	extraCharge
	originalsDiffer
	elsewhereForAdvice
	negativeResult
	slowIntake
)

// fateCards says how many of a hundred dossiers meet which fate.
var fateCards = map[fate]int{
	plainSailing: 41, lateDecision: 11, supplementAtIntake: 8, supplementAtAppraisal: 8, supplementLapses: 2,
	refusedAtIntake: 3, withdrawnEarly: 1, withdrawnLate: 2, stoppedInProcess: 2, extendedOnce: 4, neverPaid: 1,
	extraCharge: 3, originalsDiffer: 3, elsewhereForAdvice: 4, negativeResult: 3, slowIntake: 4,
}

// aftermath is what follows a decision.
type aftermath int

const (
	nothingMore aftermath = iota
	rated
	correctionApproved
	correctionDeclined
	refunded
)

// aftermathCards says how many of fifty.
var aftermathCards = map[aftermath]int{nothingMore: 30, rated: 14, correctionApproved: 3, correctionDeclined: 1, refunded: 2}

// deck deals cards without putting them back until all were dealt: every fate
// turns up as often as it should, also in a short run.
type deck[T ~int] struct {
	cards []T
	next  int
	rng   *rand.Rand
}

func newDeck[T ~int](counts map[T]int, rng *rand.Rand) *deck[T] {
	d := &deck[T]{rng: rng}
	for card := T(0); int(card) < len(counts); card++ {
		for range counts[card] {
			d.cards = append(d.cards, card)
		}
	}
	return d
}

func (d *deck[T]) draw() T {
	if d.next == 0 {
		d.rng.Shuffle(len(d.cards), func(i, j int) { d.cards[i], d.cards[j] = d.cards[j], d.cards[i] })
	}
	card := d.cards[d.next]
	d.next = (d.next + 1) % len(d.cards)
	return card
}

// needs reports whether the fate can befall a dossier of the procedure that
// comes in this way.
func (f fate) needs(p domain.Procedure, by domain.Channel) bool {
	if by == domain.Online && p.Level == domain.Information {
		return false
	}
	days := 0
	switch p.Duration.Unit {
	case calendar.WorkingDay, calendar.CalendarDay:
		days = p.Duration.Quantity
	}
	switch f {
	case supplementLapses:
		return p.SupplementDays > 0 && p.SupplementDays <= 20
	case supplementAtAppraisal, withdrawnLate, stoppedInProcess, extraCharge, elsewhereForAdvice:
		return days >= 3
	case extendedOnce:
		return days >= 5
	case neverPaid:
		return len(p.Fees) > 0
	case originalsDiffer:
		return p.CompareOriginals
	}
	return true
}
