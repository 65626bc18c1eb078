package projections

import (
	"fmt"
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
	JSON      []byte // of View, without what stands Behind
	Text      string // folded: Code, then source id, names, procedure
	Code      string // folded: code and its key, empty until drawn
	Submitted int64
	Due       int64 // NoDue without a due date
	Field     string
	// Deadline is the running due date by which work queues are sorted:
	// pausedDeadline while a supplement or a payment is waited for, NoDue where
	// nothing limits the time. It means nothing once Ended.
	Deadline int64
	Ended    bool
}

// SearchOf is the dossier's search document after an event.
func SearchOf(it *Item, proofs Proofs) (SearchDoc, error) {
	v, _, err := it.Document(proofs)
	doc := SearchDoc{View: v, JSON: it.document.listed, Submitted: v.SubmittedAt.UnixMicro(), Due: NoDue, Field: it.procedure().Field, Ended: v.Status.Ended()}
	if !v.DueAt.IsZero() {
		doc.Due = v.DueAt.UnixMicro()
	}
	if doc.Deadline = doc.Due; v.Paused {
		doc.Deadline = pausedDeadline
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

// Terms are what people typed, ready to be searched for.
type Terms struct {
	Words   []string // folded; all must occur, the last may be unfinished
	Code    string   // the text read as a code, empty if it is none
	Nothing bool     // something was typed and nothing in it can be found
}

// maxWords is how many words a search looks for. The name of a procedure, which
// people paste, has some twenty different ones.
const maxWords = 32

var errTooManyWords error = &domain.Error{Code: "too_many_words",
	VI: fmt.Sprintf("Chỉ tìm được tối đa %d từ khác nhau: hãy bỏ bớt.", maxWords),
	EN: fmt.Sprintf("A search takes at most %d different words: leave some out.", maxWords)}

// SearchTerms prepares what people type. A word that stands twice is looked for
// once; the last one stays, for it asks for less. Error: too_many_words.
func SearchTerms(text string) (t Terms, err error) {
	words := strings.FieldsFunc(domain.Fold(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
	seen := make(map[string]bool, len(words))
	for i, word := range words {
		if i == len(words)-1 || !seen[word] {
			t.Words = append(t.Words, word)
		}
		seen[word] = true
	}
	if len(t.Words) > maxWords {
		return t, errTooManyWords
	}
	if strings.ContainsFunc(text, unicode.IsDigit) {
		t.Code = domain.Fold(solid(text))
	}
	t.Nothing = len(words) == 0 && strings.TrimSpace(text) != ""
	return t, nil
}
