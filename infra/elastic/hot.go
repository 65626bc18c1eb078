package elastic

import (
	"github.com/google/uuid"
	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// hot is what a writer keeps at hand of the dossiers it wrote last. It may be
// behind what is stored, where another process writes too: versions tell. Not
// safe for concurrent use.
type hot = simplelru.LRU[uuid.UUID, held]

func newHot(size int) *hot {
	h, err := simplelru.NewLRU[uuid.UUID, held](size, nil)
	if err != nil {
		panic(err) // the sizes are constants
	}
	return h
}
