package keys

import (
	"errors"
	"testing"

	"github.com/google/uuid"
	sq "zombiezen.com/go/sqlite"

	"hoso/domain/eventlog"
)

// A disk that was full once: persons who are there stay readable, no new ones
// come, and the store says so until it is opened again.
func TestHealthyTellsAFullDisk(t *testing.T) {
	dir, master := t.TempDir(), NewMaster()
	s, err := Open(dir, master)
	if err != nil {
		t.Fatal(err)
	}
	known, numberless := uuid.New(), uuid.New()
	if _, err := s.Resolve(t.Context(), known, "001185000123"); err != nil || s.Healthy() != nil {
		t.Fatal(err, s.Healthy())
	}
	if _, err := s.Resolve(t.Context(), numberless); err != nil {
		t.Fatal(err)
	}
	// SQLite answers "disk is full" beyond the pages it may have; asking for one page sets the present number.
	if err := fileOf(s).writer.Do(t.Context(), func(conn *sq.Conn) error { return execute(conn, "PRAGMA max_page_count = 1") }); err != nil {
		t.Fatal(err)
	}
	for err = nil; err == nil; {
		_, err = s.Resolve(t.Context(), uuid.New())
	}
	if !errors.Is(err, eventlog.ErrAmbiguous) {
		t.Errorf("the call that filled the disk: %v", err)
	}
	if err := s.Healthy(); !errors.Is(err, eventlog.ErrStopped) {
		t.Errorf("Healthy says %v", err)
	}
	if who, found, err := s.Find(t.Context(), "001185000123"); who != known || !found || err != nil {
		t.Errorf("the person who was there: %v %v %v", who, found, err)
	}
	if who, err := s.Resolve(t.Context(), numberless); who != numberless || err != nil {
		t.Errorf("the person without numbers who was there: %v %v", who, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(dir, master); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Resolve(t.Context(), uuid.New()); err != nil || s.Healthy() != nil {
		t.Errorf("after opening again: %v, %v", err, s.Healthy())
	}
}
