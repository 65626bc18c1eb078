package projections

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"hoso/domain"
)

// What an operator can be refused.
var (
	ErrNoSuchDossier error = &domain.Error{Code: "not_found",
		VI: "Không có hồ sơ nào mang mã định danh này.",
		EN: "There is no dossier with this id."}
	ErrNotParked error = &domain.Error{Code: "not_parked",
		VI: "Hồ sơ này không bị tách riêng khỏi dữ liệu tra cứu.",
		EN: "This dossier is not set aside from the view."}
	ErrNoPrevious error = &domain.Error{Code: "no_previous_view",
		VI: "Không còn bản dữ liệu tra cứu trước đó để quay lại.",
		EN: "There is no earlier generation of the view to go back to."}
	ErrRebuilding error = &domain.Error{Code: "already_rebuilding",
		VI: "Dữ liệu tra cứu này đang được dựng lại hoặc đưa về bản trước: hãy đợi xong.",
		EN: "This view is being rebuilt, or rolled back, already: wait for the end."}
)

// Holds reports whether this runner writes the documents of a dossier.
func (r *Runner) Holds(dossier uuid.UUID) bool { return r.store.Partition().Holds(dossier) }

// Leads reports whether this runner is the one that builds the view and goes
// back to an earlier one, for all partitions.
func (r *Runner) Leads() bool { return r.store.Partition().Index == 0 }

// Parked lists the dossiers set aside that this runner writes, by position.
func (r *Runner) Parked(ctx context.Context) ([]Parked, error) {
	if err := r.mu.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer r.mu.Release(1)
	if err := r.refresh(ctx); err != nil {
		return nil, err
	}
	parked, err := r.serving.Parked(ctx)
	return slices.DeleteFunc(parked, func(p Parked) bool { return !r.Holds(p.Dossier) }), err
}

// Park sets a dossier aside until Unpark: its documents stay as they are,
// whatever comes. Errors: ErrNoSuchDossier, those of the log and the store.
func (r *Runner) Park(ctx context.Context, dossier uuid.UUID, reason string) error {
	return r.operate(ctx, func(docs Documents) error {
		cp, err := docs.Checkpoint()
		if err != nil {
			return err
		}
		items, err := r.feed.Replay(ctx, dossier, cp.Resume)
		if err != nil {
			return err
		}
		if len(items) == 0 {
			return ErrNoSuchDossier
		}
		last := items[len(items)-1]
		return docs.Park(Parked{Dossier: dossier, Revision: last.Revision, Position: last.Position, Reason: reason, ByHand: true})
	})
}

// Unpark writes a dossier that was set aside anew from the log, and lets it
// go on. Where it cannot be folded it stays, and the reason is told. Errors:
// ErrNotParked, those of the log and the store.
func (r *Runner) Unpark(ctx context.Context, dossier uuid.UUID) (reason string, err error) {
	if err := r.mu.Acquire(ctx, 1); err != nil {
		return "", err
	}
	defer r.mu.Release(1)
	return r.unpark(ctx, dossier)
}

// unpark is Unpark for who holds r.mu.
func (r *Runner) unpark(ctx context.Context, dossier uuid.UUID) (reason string, err error) {
	err = r.update(ctx, func(docs Documents) (err error) {
		reason, err = r.takeBack(ctx, docs, dossier)
		return err
	})
	if err != nil || reason != "" {
		return reason, err
	}
	parked, err := r.serving.Parked(ctx) // the engine may have refused the document
	for _, one := range parked {
		if one.Dossier == dossier {
			reason = one.Reason
		}
	}
	return reason, err
}

func (r *Runner) takeBack(ctx context.Context, docs Documents, dossier uuid.UUID) (reason string, err error) {
	if !isParked(docs, dossier) {
		return "", ErrNotParked
	}
	cp, err := docs.Checkpoint()
	if err != nil {
		return "", err
	}
	items, err := r.feed.Replay(ctx, dossier, cp.Resume)
	switch {
	case err != nil:
		return "", err
	case len(items) > 0 && items[len(items)-1].Broken != nil:
		return items[len(items)-1].Broken.Error(), nil
	}
	if err := docs.Unpark(dossier); err != nil || len(items) == 0 {
		return "", err
	}
	p, err := newPass(ctx, r.feed, docs)
	if err != nil {
		return "", err
	}
	if err := p.anew(items[len(items)-1]); err != nil {
		return "", err
	}
	if len(p.newlyParked) > 0 {
		reason = p.newlyParked[0].Reason
	}
	return reason, p.finish()
}

func isParked(docs Documents, dossier uuid.UUID) bool {
	parked, err := docs.Parked()
	for _, one := range parked {
		if err == nil && one.Dossier == dossier {
			return true
		}
	}
	return false
}

func (r *Runner) operate(ctx context.Context, change func(Documents) error) error {
	if err := r.mu.Acquire(ctx, 1); err != nil {
		return err
	}
	defer r.mu.Release(1)
	return r.update(ctx, change)
}

// maxFenced bounds how often an operator's change is tried beside a process
// that moves the checkpoint all the time.
const maxFenced = 50

// update changes the serving documents, also beside another process that
// writes them; r.mu is held.
func (r *Runner) update(ctx context.Context, change func(Documents) error) (err error) {
	for range maxFenced {
		if err := r.refresh(ctx); err != nil {
			return err
		}
		if err = r.serving.Update(ctx, change); !errors.Is(err, ErrFenced) && !errors.Is(err, ErrRetired) {
			return err
		}
		r.turn = nil // look anew, also as the one that writes
	}
	return fmt.Errorf("projection %s: %w", r.Name(), err)
}

// refresh takes the generation that serves now, where another process may have
// changed it; r.mu is held.
func (r *Runner) refresh(ctx context.Context) error {
	if r.turn != nil && r.serving != nil {
		return nil
	}
	g, why, err := r.store.Serving(ctx)
	if err != nil {
		return fmt.Errorf("projection %s: %w", r.Name(), err)
	}
	if g == nil {
		return fmt.Errorf("%w (%s: %s)", ErrNotBuilt, r.Name(), why)
	}
	r.serving = g
	return nil
}

// RollBack makes the generation before the serving one again, once it has seen
// what that one has; the serving one becomes the one to go back to. Errors:
// ErrNoPrevious, ErrRebuilding, *SwapRefusedError, those of the log and the store.
func (r *Runner) RollBack(ctx context.Context) error {
	if !r.building.TryAcquire(1) {
		return ErrRebuilding
	}
	defer r.building.Release(1)
	g, why, err := r.store.Previous(ctx)
	if err != nil {
		return fmt.Errorf("projection %s: %w", r.Name(), err)
	}
	if g == nil {
		return fmt.Errorf("projection %s: %w (%s)", r.Name(), ErrNoPrevious, why)
	}
	why, err = r.foreign(ctx, g)
	if err == nil && why != "" {
		err = fmt.Errorf("projection %s: %w (%s)", r.Name(), ErrNoPrevious, why)
	}
	if err != nil {
		return err
	}
	b := &builder{runner: r, done: g}
	return b.exchange(ctx)
}
