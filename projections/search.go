package projections

import (
	"math"
	"strings"
	"unicode"

	"hoso/domain"
)

// NoDue stands in a search document for a dossier without due date, so that
// such dossiers sort last.
const NoDue = math.MaxInt64

// SearchDoc is what a dossier is found by. Times are microseconds since 1970.
type SearchDoc struct {
	View      DossierView
	JSON      []byte // of View
	Text      string // folded: Code, then source id, names, procedure
	Code      string // folded: code and its key, empty until drawn
	Submitted int64
	Due       int64 // NoDue without a due date
}

// SearchOf is the dossier's search document after an event.
func SearchOf(it *Item, proofs Proofs) (SearchDoc, error) {
	v, raw, err := it.Document(proofs)
	doc := SearchDoc{View: v, JSON: raw, Submitted: v.SubmittedAt.UnixMicro(), Due: NoDue}
	if !v.DueAt.IsZero() {
		doc.Due = v.DueAt.UnixMicro()
	}
	if v.Code != "" {
		doc.Code = domain.Fold(v.Code + " " + solid(v.Code))
	}
	words := []string{v.SourceID, v.OwnerName, v.Procedure, v.ProcedureName, v.ProcedureEN}
	if v.SubmitterName != v.OwnerName {
		words = append(words, v.SubmitterName)
	}
	doc.Text = doc.Code + " " + domain.Fold(strings.Join(words, " "))
	return doc, err
}

// solid is a code's key as one word, by which it is found however it is typed.
func solid(code string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsNumber(r) {
			return -1
		}
		return r
	}, domain.FoldCode(code))
}

// SearchTerms prepares what people type: the folded words, of which the last
// may be unfinished, and the text read as a code, empty if it is none.
func SearchTerms(text string) (words []string, code string) {
	words = strings.FieldsFunc(domain.Fold(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
	if strings.ContainsFunc(text, unicode.IsDigit) {
		code = domain.Fold(solid(text))
	}
	return words, code
}
