package domain

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// papers reads what was handed in. Its names are public for ever, so they are
// those of a list where there is one; an empty list allows any.
func (f *form) papers(papers []Paper, allowed []string) []Paper {
	f.list("papers", len(papers))
	var out []Paper
	for i, p := range papers {
		at := fmt.Sprintf("papers[%d].", i)
		p.Component = f.component(at+"component", p.Component, allowed)
		p.Hash = f.text(at+"hash", p.Hash, MaxName)
		if p.Kind != "" {
			p.Kind = pick(f, at+"kind", p.Kind, "original", "certified_copy", "photocopy")
		}
		if p.Source != "" {
			p.Source = pick(f, at+"source", p.Source, "upload", "counter", "store")
		}
		if p.Copies < 0 || p.Copies > 1000 {
			f.invalid(at+"copies", "phải từ 0 đến 1000", "must be from 0 to 1000")
		}
		out = append(out, p)
	}
	return out
}

// component reads a paper's name. A procedure's list of components is public
// and closed: an agency may ask for nothing beyond it (the one-stop decree,
// NĐ 118/2025/NĐ-CP, before it NĐ 61/2018/NĐ-CP). The name is kept as the list spells it,
// however it was typed.
func (f *form) component(field, s string, allowed []string) string {
	if i := slices.Index(allowed, strings.TrimSpace(s)); i >= 0 {
		return allowed[i]
	}
	if s = f.required(field, s, MaxName); s == "" {
		return s
	}
	folded := Fold(s)
	if i := slices.IndexFunc(allowed, func(name string) bool { return Fold(name) == folded }); i >= 0 {
		return allowed[i]
	}
	switch {
	case len(allowed) > 0:
		all := strings.Join(allowed, "; ")
		f.invalid(field, "phải là một trong: "+all, "must be one of: "+all)
	case holdsNumber(s):
		f.invalid(field, "là thông tin công khai: đừng ghi số giấy tờ hay số điện thoại vào đó", "is public: leave ID and phone numbers out of it")
	}
	return s
}

// componentNames are the names on the procedure's list.
func (p Procedure) componentNames() []string {
	names := make([]string, len(p.Components))
	for i, c := range p.Components {
		names[i] = c.Name
	}
	return names
}

// supplementNames are the names that a supplement may hand in: the list's, and
// what the guide asked for, which was not always of the list. Any at all for an imported dossier, whose papers
// had their names elsewhere.
func (d Dossier) supplementNames(p Procedure) []string {
	names := p.componentNames()
	if len(names) == 0 || d.SourceID != "" {
		return nil
	}
	if d.Supplement != nil {
		names = append(names, d.Supplement.Missing...)
	}
	return names
}

// personalDigits is the length of the shortest number that tells a person: an
// old ID card's and a short phone number's.
const personalDigits = 9

// holdsNumber reports whether a text has an ID or phone number in it, also one
// written in groups.
func holdsNumber(s string) bool {
	run := 0
	for _, r := range s {
		switch {
		case unicode.IsDigit(r):
			if run++; run >= personalDigits {
				return true
			}
		case !strings.ContainsRune(" .-", r):
			run = 0
		}
	}
	return false
}
