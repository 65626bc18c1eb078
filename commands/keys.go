package commands

import (
	"context"

	"hoso/domain"
)

// Keys is what commands need of the key store: persons and keyed digests. It is
// also what instances share, and so what keeps an erasure in one of them apart
// from the commands in all others.
type Keys interface {
	// Resolve gives the person who has one of the ID numbers (normalised), or
	// makes candidate a person with a key and these numbers, durably.
	Resolve(ctx context.Context, candidate domain.SubjectID, ids ...string) (domain.SubjectID, error)
	// Make makes candidate, an id never used before, a person without numbers, durably.
	Make(ctx context.Context, candidate domain.SubjectID) error
	// Digest is a digest of a request keyed with a person's key; codec.ErrErased
	// where there is none.
	Digest(subject domain.SubjectID, body []byte) (string, error)

	// Bar makes way for erasing a person: when it returns nil, no instance begins
	// to write for them, and what any of them was writing is written or given up.
	// Error: domain.ErrBeingErased, while somebody who is well is at it already.
	Bar(ctx context.Context, subject domain.SubjectID) error
	// Unbar ends one's own bar. After an error it ends as soon as the store answers again.
	Unbar(ctx context.Context, subject domain.SubjectID) error
	// Destroy destroys a person's key and what leads to it, and with them the bar
	// for others; here nobody bars the person anew before Unbar. Where somebody else has taken the bar over, it is refused.
	Destroy(ctx context.Context, subject domain.SubjectID) error
	// Barred reports whether a person is being erased by anybody, as far as is known here.
	Barred(subject domain.SubjectID) bool
	// Current reports whether Barred knows of every Bar, and Watch's destroyed has
	// been called for every Destroy, that has returned anywhere. As Barred, it is
	// asked by every command, and cheap.
	Current() bool
	// Bars are the persons whom others are erasing, or were when they died.
	Bars() []domain.SubjectID
	// Watch has barred called when a person is barred by anybody; it returns nil
	// once nobody here writes for them. destroyed is called when anybody has
	// destroyed a key. A person is Barred before the first and until after the second.
	Watch(barred func(context.Context, domain.SubjectID) error, destroyed func(domain.SubjectID))
}
