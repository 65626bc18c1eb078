package sqlite

import (
	"sync"
	"sync/atomic"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"hoso/projections"
)

// hotSize is how many looked-up documents are kept at hand, about 2 KB each.
const hotSize = 10_000

// hotViews keeps the documents of late look-ups by code. It is right only in
// the process that writes the view: each commit takes out what it changed,
// before anybody is told of it. A nil *hotViews keeps nothing.
type hotViews struct {
	changed atomic.Uint64 // commits so far

	mu  sync.Mutex
	lru *simplelru.LRU[string, projections.DossierView]
}

func newHotViews() *hotViews {
	lru, err := simplelru.NewLRU[string, projections.DossierView](hotSize, nil)
	if err != nil {
		panic(err) // the size is a constant
	}
	return &hotViews{lru: lru}
}

// get gives a document that nobody may write to.
func (h *hotViews) get(key string) (projections.DossierView, bool) {
	if h == nil {
		return projections.DossierView{}, false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.lru.Get(key)
}

// changes must be taken before a document is read that keep shall take.
func (h *hotViews) changes() uint64 {
	if h == nil {
		return 0
	}
	return h.changed.Load()
}

// keep takes a document, unless a commit came since it was read.
func (h *hotViews) keep(key string, v projections.DossierView, since uint64) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.changed.Load() == since {
		h.lru.Add(key, v)
	}
}

// forget takes out what a commit changed.
func (h *hotViews) forget(keys []string) {
	if h == nil || len(keys) == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.changed.Add(1)
	for _, key := range keys {
		h.lru.Remove(key)
	}
}

// forgetAll is forget for another generation.
func (h *hotViews) forgetAll() {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.changed.Add(1)
	h.lru.Purge()
}
