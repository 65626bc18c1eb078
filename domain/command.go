package domain

import "time"

// Command is a wish to change a dossier. Decide is pure: it sees the folded
// dossier and the circumstances, and answers the events that come of it, none
// when there is nothing to do, or an *Error that says which guard refuses.
type Command interface {
	CommandName() string // e.g. "accept"
	Decide(d Dossier, env Env) ([]Event, error)
}

// Env is what surrounds a decision.
type Env struct {
	Now   time.Time // becomes recorded-at
	Actor Actor
	Rules Rules
}
