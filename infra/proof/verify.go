package proof

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"hoso/domain"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
)

// VerifyOptions bring from outside what a log cannot prove by itself.
type VerifyOptions struct {
	// Key must have signed every root. Without it Against's key is taken, and
	// without that the key that the first root names.
	Key ed25519.PublicKey
	// Against is a root that was kept elsewhere (ParseRoot): the log must have
	// grown from exactly the events it covers.
	Against *domain.RootSigned
	// Progress, where set, hears how many events were checked so far.
	Progress func(events uint64)
}

// Report is what Verify found. Position, Stream, Revision and Why tell the
// first event that is wrong. Where it is the end of the log that is wrong, or
// the log as a whole, Stream and Revision are missing and Position is that of
// the last sound event.
type Report struct {
	OK            bool   `json:"ok"`
	Events        uint64 `json:"events"`          // checked, roots among them
	Streams       uint64 `json:"streams"`         // they stand in
	Roots         uint64 `json:"roots"`           // among them
	AfterLastRoot uint64 `json:"after_last_root"` // events that no root covers yet, without the last root itself
	Position      string `json:"position,omitempty"`
	Stream        string `json:"stream,omitempty"`
	Revision      *int64 `json:"revision,omitempty"` // as it stands in the log: a changed one may be negative
	Why           string `json:"why,omitempty"`
	Torn          bool   `json:"torn,omitempty"` // all is sound but a last transaction that a crash, or a change, tore
	Key           string `json:"key,omitempty"`  // public key of the roots, hex
	KeyFromLog    bool   `json:"key_from_log"`   // nobody outside vouches for that key
	Tree          string `json:"tree,omitempty"` // hash of the tree over all events, hex; of a sound log that has any
}

// Verify checks a whole log in one pass, in its order: each event's bytes
// against its hash, each hash against its predecessor's, revisions without
// gaps, times that do not run backwards, each root against the tree and the
// key. It reads up to the head and stops at the first fault, which the report
// tells; the error is for what kept it from reading on, or for an Against that
// Key did not sign.
func Verify(ctx context.Context, log eventlog.Log, o VerifyOptions) (Report, error) {
	key := o.Key
	if o.Against != nil {
		against := Root(*o.Against)
		if key == nil {
			var err error
			if key, err = against.PublicKey(); err != nil {
				return Report{}, err
			}
		}
		if err := against.check(key); err != nil {
			return Report{}, fmt.Errorf("the root to verify against does not fit the key: %w", err)
		}
	}
	v := verifier{ledger: newLedger(log, key), streams: map[string]end{}, keyFromLog: key == nil}
	if o.Against != nil {
		v.against = Root(*o.Against)
		if v.against.LogID != v.log {
			return v.report(nil, fmt.Sprintf("the root to verify against is of log %s, this is log %s", v.against.LogID, v.log)), nil
		}
	}
	return v.run(ctx, log, o.Progress)
}

type verifier struct {
	*ledger
	keyFromLog bool
	streams    map[string]end
	against    Root              // size 0: none
	at         eventlog.Position // of the last sound event
}

// end is the end of a stream.
type end struct {
	next     uint64
	hash     codec.Hash
	recorded time.Time
}

func (v *verifier) run(ctx context.Context, log eventlog.Log, progress func(uint64)) (Report, error) {
	for batch, err := range log.Subscribe(ctx, eventlog.Position{}, eventlog.Filter{}) {
		if err != nil {
			return v.report(nil, err.Error()), err
		}
		for _, r := range batch.Events {
			if !isLeaf(r) {
				continue
			}
			if err := v.event(r); err != nil {
				return v.report(&r, err.Error()), nil
			}
			v.at = r.Position
		}
		if progress != nil {
			progress(v.size())
		}
		if batch.Live {
			return v.finish(), nil
		}
	}
	return v.report(nil, "the log could not be read to its end"), ctx.Err()
}

// event checks the next event. Its error says what is wrong with it.
func (v *verifier) event(r eventlog.Recorded) error {
	before := v.streams[r.Stream]
	if r.Revision != before.next {
		return fmt.Errorf("revision %d of this stream should stand here", before.next)
	}
	if !v.at.Before(r.Position) {
		return fmt.Errorf("its position does not come after %s", v.at)
	}
	hash, err := codec.Check(before.hash, r)
	var broken *codec.BrokenError
	if errors.As(err, &broken) {
		return errors.New(broken.Why)
	}
	meta, err := codec.ParseMeta(r.Meta)
	if err != nil {
		return err
	}
	if meta.RecordedAt.Before(before.recorded) {
		return errors.New("it was recorded before its predecessor in the stream")
	}
	if err := v.take(r); err != nil {
		return err
	}
	v.streams[r.Stream] = end{r.Revision + 1, hash, meta.RecordedAt}
	if v.against.Size > 0 && v.against.Size == v.size() {
		if err := matches(v.against, func(uint64) ([]byte, leaf, error) { return v.peek() }); err != nil {
			return fmt.Errorf("held against the root brought from outside: %w", err)
		}
	}
	return nil
}

func (v *verifier) finish() Report {
	if v.size() < v.against.Size {
		return v.report(nil, fmt.Sprintf("the log ends after %d events, and the root brought from outside covers %d: the end was cut off", v.size(), v.against.Size))
	}
	r := v.report(nil, "")
	r.OK, r.Position = true, ""
	if hash, _, err := v.peek(); err == nil {
		r.Tree = hex.EncodeToString(hash)
	}
	return r
}

func (v *verifier) report(bad *eventlog.Recorded, why string) Report {
	r := Report{
		Events: v.size(), Streams: uint64(len(v.streams)), Roots: v.roots, AfterLastRoot: v.uncovered(),
		Position: v.at.String(), Why: why, Key: hex.EncodeToString(v.key), KeyFromLog: v.keyFromLog && v.roots > 0,
	}
	if bad != nil {
		revision := int64(bad.Revision) // SQLite's column is signed
		r.Position, r.Stream, r.Revision = bad.Position.String(), bad.Stream, &revision
	}
	return r
}
