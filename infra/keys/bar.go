package keys

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/google/uuid"

	"hoso/domain"
)

// bars tells who is being erased: nobody writes for them meanwhile.
type bars struct {
	mu       sync.RWMutex
	all      map[domain.SubjectID]bool
	own      map[domain.SubjectID]bool // those of this store, from the beginning of Bar to the end of Unbar; false: gone with the key
	watchers []watcher
}

// watcher is who writes and reads with the keys of this store.
type watcher struct {
	barred    func(context.Context, domain.SubjectID) error
	destroyed func(domain.SubjectID)
}

// Watch has barred called when somebody, anywhere, is about to erase a person:
// it returns nil once nobody here writes for them, and until all have, the bar
// does not stand. destroyed is called when anybody has destroyed a key, before
// Destroy returns; it must wait for nobody. Neither ends before the store does.
func (s *Store) Watch(barred func(context.Context, domain.SubjectID) error, destroyed func(domain.SubjectID)) {
	s.bars.mu.Lock()
	defer s.bars.mu.Unlock()
	s.bars.watchers = append(s.bars.watchers, watcher{barred, destroyed})
}

// Bar makes way for erasing a person: when it returns nil, the person is Barred
// in every store, and whoever watches one has left off writing for them. A
// store that does not answer, or whose watchers do not come to an end, is
// waited for until it is not Current any more. Where the context ends first,
// or anything fails, there is no bar.
//
// Bars in a SQLite file last as long as the process. In an engine that is
// shared the one of a process that has died is taken over by whoever bars the
// person next. Error: domain.ErrBeingErased, while somebody has barred the
// person who is well; ErrUnavailable.
func (s *Store) Bar(ctx context.Context, subject domain.SubjectID) error {
	if subject == uuid.Nil {
		return errors.New("keys: a person needs an id")
	}
	if !s.begin(subject) {
		return domain.ErrBeingErased
	}
	var err error
	if s.shared != nil {
		err = s.shared.Bar(ctx, subject)
	} else if err = ctx.Err(); err == nil {
		err = s.drain(ctx, subject)
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, domain.ErrBeingErased):
		s.end(subject)
		return domain.ErrBeingErased
	}
	s.end(subject)
	return fmt.Errorf("keys: %w", err)
}

// Unbar ends the bar that this store has set. What a shared engine does not
// carry out because it does not answer, it does as soon as it does again; there
// the person is no longer Barred within a second, in all stores.
func (s *Store) Unbar(ctx context.Context, subject domain.SubjectID) error {
	s.bars.mu.RLock()
	stands, own := s.bars.own[subject]
	s.bars.mu.RUnlock()
	if !own {
		return nil
	}
	var err error
	if s.shared != nil && stands {
		err = s.shared.Unbar(ctx, subject)
	}
	s.end(subject)
	if err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	return nil
}

// Barred reports whether somebody is erasing a person, as far as this store
// knows: for certain, while it is Current. It asks nobody.
func (s *Store) Barred(subject domain.SubjectID) bool {
	s.bars.mu.RLock()
	defer s.bars.mu.RUnlock()
	return s.bars.all[subject]
}

// Current reports whether this store knows of every Bar and every Destroy that
// has returned, in any process. It asks nobody, and a SQLite file's always is.
func (s *Store) Current() bool { return s.shared == nil || s.shared.Current() }

// Bars are the persons whom others are erasing, or were when they died.
func (s *Store) Bars() (out []domain.SubjectID) {
	s.bars.mu.RLock()
	defer s.bars.mu.RUnlock()
	for subject := range s.bars.all {
		if _, own := s.bars.own[subject]; !own {
			out = append(out, subject)
		}
	}
	return out
}

// begin notes that this store bars a person; false where it is at it already.
// In an engine that is shared they are Barred as soon as that says so.
func (s *Store) begin(subject domain.SubjectID) bool {
	s.bars.mu.Lock()
	defer s.bars.mu.Unlock()
	if _, own := s.bars.own[subject]; own {
		return false
	}
	if s.bars.own == nil {
		s.bars.own = map[domain.SubjectID]bool{}
	}
	s.bars.own[subject] = true
	if s.shared == nil {
		if s.bars.all == nil {
			s.bars.all = map[domain.SubjectID]bool{}
		}
		s.bars.all[subject] = true
	}
	return true
}

// end notes that this store's bar is over. In an engine that is shared another
// may have taken it over: there the person is Barred until that says otherwise.
func (s *Store) end(subject domain.SubjectID) {
	s.bars.mu.Lock()
	defer s.bars.mu.Unlock()
	delete(s.bars.own, subject)
	if s.shared == nil {
		delete(s.bars.all, subject)
	}
}

// barred takes over what a shared engine says about everybody who is barred,
// and waits until nobody here writes for those who are so since a moment ago.
func (s *Store) barred(ctx context.Context, all, fresh []domain.SubjectID) error {
	now := make(map[domain.SubjectID]bool, len(all))
	for _, subject := range all {
		now[subject] = true
	}
	s.bars.mu.Lock()
	s.bars.all = now
	s.bars.mu.Unlock()
	for _, subject := range fresh {
		if err := s.drain(ctx, subject); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) drain(ctx context.Context, subject domain.SubjectID) error {
	for _, w := range s.watching() {
		if err := w.barred(ctx, subject); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) watching() []watcher {
	s.bars.mu.RLock()
	defer s.bars.mu.RUnlock()
	return slices.Clone(s.bars.watchers)
}

// opened notes that a bar went with the key. It stays this store's own until
// Unbar, which else would end the bar of whoever bars the person here meanwhile.
func (s *Store) opened(subject domain.SubjectID) {
	s.bars.mu.Lock()
	defer s.bars.mu.Unlock()
	if _, own := s.bars.own[subject]; own {
		s.bars.own[subject] = false
	}
	if s.shared == nil { // else that one tells
		delete(s.bars.all, subject)
	}
}

// destroyed lets nothing of a person be at hand any more.
func (s *Store) destroyed(subject domain.SubjectID) {
	s.drop(subject)
	for _, w := range s.watching() {
		w.destroyed(subject)
	}
}
