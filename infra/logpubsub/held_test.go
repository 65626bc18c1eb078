package logpubsub_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"hoso/domain/eventlog/memory"
	"hoso/infra/logpubsub"
)

// TestTypes: only some events become messages; the others move the position.
func TestTypes(t *testing.T) {
	l, positions := memory.New(), &logpubsub.Memory{}
	publish(t, l, "s", "made", 1)
	publish(t, l, "s", "noise", 300)
	publish(t, l, "s", "sold", 1)
	publish(t, l, "s", "noise", 300)
	s := follower(t, l, logpubsub.Options{Checkpoints: positions, Types: []string{"made", "sold"}})
	if got := strings.Join(read(t, subscribe(t, s, "s"), 2), " "); got != "s@0 s@301" {
		t.Errorf("%s came", got)
	}
	until(t, "the position is at the end", func() bool {
		c, _, err := positions.Load(t.Context(), "s")
		return err == nil && c.Position.Commit == 602 && c.Last.Revision == 601
	})
}

// TestSettled: events that are settled behind them do not come, neither those
// found while catching up nor those that are settled in time at the head.
func TestSettled(t *testing.T) {
	l, positions := memory.New(), &logpubsub.Memory{}
	for i := range 200 {
		publish(t, l, fmt.Sprint("old", i), "asked", 1)
		if i != 7 && i != 199 {
			publish(t, l, fmt.Sprint("old", i), "done", 1)
		}
	}
	const wait = time.Second
	o := logpubsub.Options{Checkpoints: positions, Types: []string{"asked"}, SettledBy: "done", Patience: wait}
	s := follower(t, l, o)
	began := time.Now()
	messages := subscribe(t, s, logpubsub.All)
	got := read(t, messages, 2)
	if took := time.Since(began); took < wait {
		t.Errorf("an event at the head waited %s only", took)
	}
	began = time.Now() // before it is there: a busy machine only makes the wait longer
	publish(t, l, "quick", "asked", 1)
	publish(t, l, "slow", "asked", 1)
	publish(t, l, "quick", "done", 1)
	got = append(got, read(t, messages, 1)...)
	if took := time.Since(began); took < wait {
		t.Errorf("the slow one waited %s only", took)
	}
	publish(t, l, "late", "asked", 1)
	time.Sleep(wait / 20)
	if err := s.Close(); err != nil { // while it is held back
		t.Fatal(err)
	}
	got = append(got, read(t, subscribe(t, follower(t, l, o), logpubsub.All), 1)...)
	if want := []string{"old7@0", "old199@0", "slow@0", "late@0"}; !slices.Equal(got, want) {
		t.Errorf("%v came, want %v", got, want)
	}
}

// TestSettledWithoutTypes: where all types come, what settles others comes itself.
func TestSettledWithoutTypes(t *testing.T) {
	l := memory.New()
	publish(t, l, "a", "asked", 1)
	publish(t, l, "a", "done", 1)
	publish(t, l, "b", "asked", 1)
	s := follower(t, l, logpubsub.Options{SettledBy: "done", Patience: 50 * time.Millisecond})
	got := read(t, subscribe(t, s, logpubsub.All), 2)
	if want := []string{"a@1", "b@0"}; !slices.Equal(got, want) {
		t.Errorf("%v came, want %v", got, want)
	}
}
