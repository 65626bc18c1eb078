package domain

import "time"

// Event is something that happened. Its name is explicit and stays for ever,
// whatever the Go type is called. Fields are public unless their type is
// Personal, which is sealed; each says so in its doc tag, from which the
// events reference is generated.
type Event interface{ EventType() string }

// Fact is an event with its circumstances, as Evolve folds it.
type Fact struct {
	Event    Event
	At       time.Time // occurred-at where an import or an approved correction brings it, else recorded-at
	Recorded time.Time // the writer's clock
	By       Actor
	Revision uint64
}

// Deadline is a due date as the event that set or moved it fixed it, together
// with what it was computed from, so that later catalogues and calendars never
// change an earlier answer.
type Deadline struct {
	Due       time.Time `json:"due" doc:"public: the due instant"`
	Remaining int       `json:"remaining_minutes" doc:"public: working minutes from the event to the due instant"`
	Procedure string    `json:"procedure_version,omitempty" doc:"public: content hash of the procedure version used"`
	Calendar  string    `json:"calendar_version,omitempty" doc:"public: content hash of the calendar version used"`
	Basis     string    `json:"basis,omitempty" doc:"public: the duration counted, e.g. 15 working_day, or resumed"`
}
