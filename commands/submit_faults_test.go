package commands

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"hoso/domain"
)

// TestOneKeyTwiceNeverLinksTwoNumbers: a submission broken off before it is
// written, sent again under its key with another's number, makes two persons.
func TestOneKeyTwiceNeverLinksTwoNumbers(t *testing.T) {
	const mine, theirs = "001200012345", "001200054321"
	s := newShop(t)
	config := s.Config
	config.Log = &failingLog{Log: s.log, fails: func(string) bool { return true }}
	if _, err := New(config).Submit(t.Context(), by(citizen, "k"), application("Người Thử", mine)); err == nil {
		t.Fatal("the break went unnoticed")
	}
	for i, number := range []string{theirs, mine} {
		req := by(citizen, []string{"k", "other"}[i])
		if _, err := s.Submit(t.Context(), req, application("Người Thử", number)); err != nil {
			t.Fatal(err)
		}
	}
	if s.keys.ids[mine] == s.keys.ids[theirs] {
		t.Fatal("two numbers sent under one key are one person")
	}
}

// TestApplicantsSubmitOnline: saying that one's papers came over the counter
// would spare one the comparison with the originals.
func TestApplicantsSubmitOnline(t *testing.T) {
	s := newShop(t)
	for i, channel := range []domain.Channel{domain.Direct, " direct ", domain.Post} {
		c := application("Người Thử", "")
		c.Channel = channel
		if _, err := s.Submit(t.Context(), by(citizen, fmt.Sprint(i)), c); domain.CodeOf(err) != "field_invalid" {
			t.Errorf("%q by an applicant: %v", channel, err)
		}
		if _, err := s.Submit(t.Context(), by(officer, fmt.Sprint(i)), c); err != nil {
			t.Errorf("%q by an officer: %v", channel, err)
		}
	}
}

// TestCallersWhoLeaveMakeNoGap: callers go away while numbers are drawn by two
// instances on a log that loses half its answers. What they left unfinished is
// finished by the reaction, and the day's numbers have no gap and no double.
func TestCallersWhoLeaveMakeNoGap(t *testing.T) {
	base := newShop(t)
	a, b := openShop(t, &ambiguousLog{Log: base.log}, base.keys), openShop(t, base.log, base.keys)
	var left atomic.Int32
	atOnce(t, 120, func(i int) (Receipt, error) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%12)*time.Millisecond)
		defer cancel()
		r, err := []*shop{a, b}[i%2].Submit(ctx, by(citizen, fmt.Sprint(i)), application("Người Thử", ""))
		if err != nil {
			left.Add(1)
		}
		return r, nil
	})
	if left.Load() == 0 {
		t.Fatal("nobody left, though some had no time at all")
	}
	c := openShop(t, base.log, base.keys)
	numbers := map[int]bool{}
	dossiers := 0
	for i := range 120 {
		id := uuid.NewSHA1(CommandID(citizen, fmt.Sprint(i)), []byte("dossier"))
		r, err := c.Number(t.Context(), id)
		if errors.Is(err, ErrNotFound) {
			continue // left before the submission was written
		}
		if err != nil {
			t.Fatal(err)
		}
		code, _ := domain.ParseCode(r.Code)
		numbers[code.Number] = true
		dossiers++
	}
	drawn := len(c.types(domain.CounterStream(deskA, "260302")))
	if drawn != dossiers || len(numbers) != dossiers || numbers[0] || dossiers > 0 && !numbers[dossiers] {
		t.Fatalf("%d dossiers, %d numbers drawn, %d different", dossiers, drawn, len(numbers))
	}
}
