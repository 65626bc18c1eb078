package domain

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits on what people type, in characters.
const (
	MaxCode = 64   // codes, ids, references
	MaxName = 300  // names, titles, legal bases
	MaxText = 4000 // free text
	MaxList = 200  // entries of one list
)

// maxAmount keeps sums of amounts far from overflow.
const maxAmount = 1_000_000_000_000_000

// form reads the fields of one command, trims them and keeps the first thing
// that is wrong. Its personal texts are about one person.
type form struct {
	about  SubjectID
	erased bool
	err    *Error
}

func formOn(d Dossier) *form {
	return &form{about: d.Owner.Subject, erased: slices.Contains(d.Redacted, d.Owner.Subject)}
}

func (f *form) fail(e *Error) {
	if f.err == nil {
		f.err = e
	}
}

// answer gives the event unless a guard or a field refuses it. Guards speak
// first: who may not act at all needs no help with the form.
func (f *form) answer(d Dossier, e Event) ([]Event, error) {
	if broken := Violation(d, e); broken != nil {
		return nil, broken
	}
	if f.err != nil {
		return nil, f.err
	}
	return []Event{e}, nil
}

func (f *form) text(field, s string, limit int) string {
	s = strings.TrimSpace(s)
	if !utf8.ValidString(s) {
		f.invalid(field, "không phải văn bản UTF-8", "is not UTF-8 text")
	} else if n := utf8.RuneCountInString(s); n > limit {
		f.fail(&Error{"field_too_long",
			fmt.Sprintf("%s dài %d ký tự, tối đa %d: hãy rút gọn.", labelVI(field), n, limit),
			fmt.Sprintf("%s has %d characters, at most %d are allowed: shorten it.", labelEN(field), n, limit)})
	}
	return s
}

func (f *form) required(field, s string, limit int) string {
	s = f.text(field, s, limit)
	if s == "" {
		f.missing(field)
	}
	return s
}

// personal is free text about the form's person; the zero value where empty.
func (f *form) personal(field, s string) Personal {
	return f.own(field, s, MaxText)
}

// requiredPersonal asks for nothing about an erased person: money still goes
// back to them, and corrections are still decided.
func (f *form) requiredPersonal(field, s string) Personal {
	p := f.own(field, s, MaxText)
	if p.IsZero() && !f.erased {
		f.missing(field)
	}
	return p
}

func (f *form) own(field, s string, limit int) Personal {
	s = f.text(field, s, limit)
	if s == "" {
		return Personal{}
	}
	if f.erased {
		f.fail(ErrPersonErased)
	}
	return About(f.about, s)
}

func (f *form) list(field string, n int) {
	if n > MaxList {
		f.invalid(field, fmt.Sprintf("có %d mục, tối đa %d", n, MaxList), fmt.Sprintf("has %d entries, at most %d are allowed", n, MaxList))
	}
}

func (f *form) missing(field string) {
	f.fail(&Error{"field_missing",
		fmt.Sprintf("Thiếu %s: hãy điền vào.", lowerFirst(labelVI(field))),
		fmt.Sprintf("%s is missing: fill it in.", labelEN(field))})
}

// invalid says in the field's sentence what is wrong with it.
func (f *form) invalid(field, vi, en string) {
	f.fail(&Error{"field_invalid",
		fmt.Sprintf("%s %s: hãy sửa lại.", labelVI(field), vi),
		fmt.Sprintf("%s %s: put it right.", labelEN(field), en)})
}

// pick checks a value against the few that are allowed; empty counts as absent.
func pick[T ~string](f *form, field string, v T, allowed ...T) T {
	v = T(strings.TrimSpace(string(v)))
	if slices.Contains(allowed, v) {
		return v
	}
	names := make([]string, len(allowed))
	for i, a := range allowed {
		names[i] = string(a)
	}
	all := strings.Join(names, ", ")
	f.invalid(field, "phải là một trong: "+all, "must be one of: "+all)
	return v
}

func (f *form) amount(v int64) int64 {
	if v > maxAmount {
		f.invalid("amount", "quá lớn", "is too large")
	}
	return v
}
