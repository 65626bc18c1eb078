package http

import (
	"crypto/sha256"
	"fmt"
	"sync"

	"github.com/google/uuid"
	lru "github.com/hashicorp/golang-lru/v2"

	"hoso/domain"
	"hoso/projections"
)

// maxRendered is how many dossiers' answers are kept at hand, about 2 KB each.
const maxRendered = 10_000

// rendered keeps the answers of late look-ups as bytes. An answer is good for
// one revision of its dossier and one state of the catalogue, from which it has
// names; whoever may read the dossier gets the same.
type rendered struct {
	lru *lru.Cache[uuid.UUID, rendering]

	keeping sync.Mutex // makes looking at gone and adding to lru one step
	gone    map[domain.SubjectID]bool
}

type rendering struct {
	revision  uint64
	catalogue uint64
	body      []byte
	tag       string // ETag: of the revision and of these very bytes

	dossier          uuid.UUID
	owner, submitter domain.SubjectID
}

func newRendered() *rendered {
	cache, err := lru.New[uuid.UUID, rendering](maxRendered)
	if err != nil {
		panic(err) // the size is a constant
	}
	return &rendered{lru: cache, gone: map[domain.SubjectID]bool{}}
}

// forget leaves no answer in memory that concerns a person whose key is
// destroyed, nor lets one in again, made of a view that lags.
func (r *rendered) forget(subject domain.SubjectID) {
	r.keeping.Lock()
	defer r.keeping.Unlock()
	r.gone[subject] = true
	for _, one := range r.lru.Values() {
		if one.owner == subject || one.submitter == subject {
			r.lru.Remove(one.dossier)
		}
	}
}

func (r *rendered) keep(one rendering) {
	r.keeping.Lock()
	defer r.keeping.Unlock()
	if !r.gone[one.owner] && !r.gone[one.submitter] {
		r.lru.Add(one.dossier, one)
	}
}

// rendering gives a dossier's answer; nobody may write to it.
func (s *Server) rendering(v projections.DossierView) (rendering, error) {
	// Taken first: what changes while the answer is made makes it old at once.
	catalogue := s.Commands.Catalogue.Version()
	r, ok := s.rendered.lru.Get(v.ID)
	if ok && r.revision == v.Revision && r.catalogue == catalogue {
		return r, nil
	}
	body, err := render(s.dossierOf(v))
	if err != nil {
		return r, err
	}
	sum := sha256.Sum256(body)
	r = rendering{v.Revision, catalogue, body, fmt.Sprintf(`"%d-%x"`, v.Revision, sum[:8]), v.ID, v.OwnerSubject, v.SubmitterSubject}
	s.rendered.keep(r)
	return r, nil
}
