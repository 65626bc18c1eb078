package http

import (
	"github.com/google/uuid"
	lru "github.com/hashicorp/golang-lru/v2"

	"hoso/projections"
)

// maxRendered is how many dossiers' answers are kept at hand, about 2 KB each.
const maxRendered = 10_000

// rendered keeps the answers of late look-ups as bytes. An answer is good for
// one revision of its dossier and one state of the catalogue, from which it has
// names; whoever may read the dossier gets the same.
type rendered struct {
	lru *lru.Cache[uuid.UUID, rendering]
}

type rendering struct {
	revision  uint64
	catalogue uint64
	body      []byte
}

func newRendered() rendered {
	cache, err := lru.New[uuid.UUID, rendering](maxRendered)
	if err != nil {
		panic(err) // the size is a constant
	}
	return rendered{cache}
}

// body gives a dossier's answer; nobody may write to it.
func (s *Server) body(v projections.DossierView) ([]byte, error) {
	// Taken first: what changes while the answer is made makes it old at once.
	catalogue := s.Commands.Catalogue.Version()
	r, ok := s.rendered.lru.Get(v.ID)
	if ok && r.revision == v.Revision && r.catalogue == catalogue {
		return r.body, nil
	}
	body, err := render(s.dossierOf(v))
	if err == nil {
		s.rendered.lru.Add(v.ID, rendering{v.Revision, catalogue, body})
	}
	return body, err
}
