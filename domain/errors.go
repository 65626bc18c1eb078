package domain

import "errors"

// Error is a refusal that a person can act on. Code is stable and machine
// readable; the messages say, in each language, what is wrong and what to do.
type Error struct {
	Code string // e.g. "not_accepted"
	VI   string
	EN   string
}

func (e *Error) Error() string { return e.Code + ": " + e.EN }

// Is makes two Errors of one code equal for errors.Is, whatever their details.
func (e *Error) Is(target error) bool {
	var other *Error
	return errors.As(target, &other) && other.Code == e.Code
}

// CodeOf gives the code of the Error that err wraps, or "" if there is none.
func CodeOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
