package projections

import (
	"sync"
	"time"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
)

// Batch is a run of the log as projections handle it: decoded and folded. It
// is shared by reference between them and must not be changed.
type Batch struct {
	Items []*Item           // the dossiers' events, in log order; other streams' are left out
	After eventlog.Position // what stands before it was seen; nothing in between is left out
	End   eventlog.Position // how far the log has been seen with this batch
	Last  Mark              // the newest event of any stream; zero when the batch holds none
	Live  bool              // the head of the log was reached
}

// Mark names an event in such a way that another log, or an older state of
// this one, shows when the mark is looked for there.
type Mark struct {
	Stream   string
	Revision uint64
	Position eventlog.Position
	Hash     codec.Hash
}

// Item is one event of a dossier with the fold after it. Where Broken is set the
// dossier cannot be folded over this event, and only the stored event (Recorded)
// and Dossier are to be trusted. In a rebuild Append gets an item without its
// stored bytes and After; Put gets one that tells of the dossier as a whole: of
// its last event it has revision, position, type and time of recording alone.
type Item struct {
	codec.Decoded
	Dossier uuid.UUID
	After   *domain.Dossier // shared, never to be written to
	Open    Step            // the step that was running when this event came
	// Calendar is the version by which the open step's time is measured; '' without one.
	Calendar string
	// Obligations are the dossier's with this event, for who is not given After.
	Obligations []domain.Obligation
	// Redacted are the people erased from the dossier as far as is known: with
	// this event, or in a replay with the last one.
	Redacted  []domain.SubjectID
	Catalogue *domain.Catalogue // as it stood at this position
	Broken    error
	// Fresh says to Put that the documents hold nothing of the dossier yet. It is
	// known in a rebuild alone; false says nothing.
	Fresh bool

	once     sync.Once
	document *document // rendered once for all that keep it
}

// document is a dossier's view as it is kept. Few items come to have one, so
// it has no room of its own in them.
type document struct {
	view   DossierView
	json   []byte
	listed []byte // json without what stands Behind
	err    error
}

// Document is the dossier's view after the event, also as JSON. It is made
// once, with the proofs of who asks first; neither may be changed.
func (it *Item) Document(proofs Proofs) (DossierView, []byte, error) {
	it.once.Do(func() {
		it.document = documentOf(ViewOf(it, proofs))
	})
	return it.document.view, it.document.json, it.document.err
}

func documentOf(v DossierView) *document {
	d := &document{view: v}
	if d.listed, d.err = v.listedJSON(); d.err == nil {
		d.json, d.err = v.wholeJSON(d.listed)
	}
	return d
}

// Step is the event that began the time now running. The zero Step runs
// before the first event.
type Step struct {
	Type     string
	Revision uint64
	At       time.Time
}

// begins reports whether an event begins a step of its own. Bookkeeping does
// not: it neither moves the dossier nor changes who is waited for, so the time
// goes on counting for the step before it.
func begins(eventType string) bool {
	switch eventType {
	case "dossier.numbered", "dossier.redacted", "dossier.rated", "dossier.contacted",
		"dossier.payment_reconciled", "dossier.correction_requested", "dossier.corrected", "dossier.correction_declined":
		return false
	}
	return true
}
