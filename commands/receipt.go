package commands

import (
	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/eventlog"
)

// Receipt is what a command answers once its events are on disk.
type Receipt struct {
	Dossier  uuid.UUID         `json:"dossier"`
	Code     string            `json:"code"` // empty only on imports in progress
	Revision uint64            `json:"revision"`
	Position eventlog.Position `json:"-"`
	Replayed bool              `json:"replayed"` // the command had been done before; this is its first receipt
}

// Request is a command's envelope.
type Request struct {
	Actor domain.Actor
	// Subject is the person behind an applicant's sign-in, where the sign-in
	// tells an ID number that is known here; else zero.
	Subject domain.SubjectID
	// ID is the command's id: UUIDv5 of actor and Idempotency-Key (see
	// CommandID), or a random one where the caller sent no key.
	ID uuid.UUID
	// Fresh says that ID was made for this request: nothing can have been done
	// under it before, and so nothing is looked for.
	Fresh bool
	// Body is the request as sent; its keyed digest tells the same key with
	// another body apart. May be nil.
	Body []byte
	// IfMatch is the revision the caller has seen; with it there is no retry
	// on conflict. Nil means the latest.
	IfMatch     *uint64
	Correlation uuid.UUID
	Causation   uuid.UUID
}

// commandSpace is the name space of command ids.
var commandSpace = uuid.MustParse("6f1d7b52-8f0e-5d3c-9a4b-2c8e1f7a9d10")

// CommandID derives a command's id from who asks and the key they sent: two
// people may both send "1".
func CommandID(actor domain.Actor, key string) uuid.UUID {
	return uuid.NewSHA1(commandSpace, []byte(string(actor.Role)+"\x00"+actor.ID+"\x00"+key))
}
