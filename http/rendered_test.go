package http

import (
	"bytes"
	nethttp "net/http"
	"testing"

	"github.com/google/uuid"

	"hoso/domain"
)

// TestAnswersOfTheErasedLeaveMemory: with the key goes the answer that was kept,
// and one made of a view that lags is not kept.
func TestAnswersOfTheErasedLeaveMemory(t *testing.T) {
	s := open(t)
	id, _ := s.submitted()
	s.command(s.intake(), id, "refuse", `{"reason":"lý do riêng","legal_basis":"Điều 1"}`)
	s.settled()
	s.do(ask{method: "GET", path: "/api/v1/dossiers/" + id, token: s.auditor()}).expect(t, nethttp.StatusOK, "")
	kept := func() (found bool) {
		for _, one := range s.server.rendered.lru.Values() {
			found = found || bytes.Contains(one.body, []byte("Nguyễn Thị Mẫu"))
		}
		return found
	}
	if !kept() {
		t.Fatal("this test has nothing to forget")
	}
	late, _, err := s.views.ByID(t.Context(), uuid.MustParse(id))
	if err != nil {
		t.Fatal(err)
	}
	subject, _, err := s.server.FindSubject(t.Context(), ownerID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.server.Commands.Erase(t.Context(), who0(domain.Administrator), subject, "Điều 2"); err != nil {
		t.Fatal(err)
	}
	if kept() {
		t.Error("kept after the erasure")
	}
	if _, err := s.server.rendering(late); err != nil || kept() {
		t.Error("made of an old view, and kept:", err)
	}
}
