package domain

import "time"

// CodeDrawn draws the next number of an agency's day. Its place in the counter
// stream is the number (revision + 1); appending it is the draw.
type CodeDrawn struct {
	Dossier string `json:"dossier" doc:"public: id of the dossier the number is for"`
	Number  int    `json:"number" doc:"public: revision + 1, told for readers"`
}

// RootSigned is a signed root of the Merkle tree over the log (RFC 6962). It
// names no engine position, which a move to another engine would change.
type RootSigned struct {
	LogID        string    `json:"log_id" doc:"public: the log"`
	Size         uint64    `json:"size" doc:"public: number of leaves covered"`
	Root         string    `json:"root" doc:"public: root hash, hex"`
	LastStream   string    `json:"last_stream" doc:"public: stream of the last leaf"`
	LastRevision uint64    `json:"last_revision" doc:"public: revision of the last leaf"`
	At           time.Time `json:"at" doc:"public: when it was signed"`
	Key          string    `json:"key" doc:"public: ed25519 public key, hex"`
	Signature    string    `json:"signature" doc:"public: ed25519 signature, hex"`
}

func (CodeDrawn) EventType() string  { return "code.drawn" }
func (RootSigned) EventType() string { return "log.root_signed" }
