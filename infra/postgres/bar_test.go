package postgres

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"hoso/domain"
	"hoso/domain/codec"
	"hoso/infra/keys"
)

func nobody(domain.SubjectID) {}

// An instance that is well, and whose command for the person hangs, is waited
// for: what it has sent may still arrive. It may not write meanwhile.
func TestABarWaitsForACommandThatHangs(t *testing.T) {
	at, m := schemaOf(t), keys.NewMaster()
	one, two := openAt(t, at, m), openAt(t, at, m)
	a := someone(t, one)
	release := make(chan struct{})
	two.Watch(func(ctx context.Context, who domain.SubjectID) error {
		select {
		case <-release:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}, nobody)
	short, cancel := context.WithTimeout(t.Context(), lease+3*time.Second)
	defer cancel()
	if err := one.Bar(short, a); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal("it did not wait for a command that hangs:", err)
	}
	until(t, "given up, it bars nobody", 5*time.Second, func() bool { return !one.Barred(a) })
	barred := make(chan error, 1)
	go func() { barred <- one.Bar(t.Context(), a) }()
	until(t, "not current", lease+2*time.Second, func() bool { return !two.Current() })
	if !one.Current() || !two.Barred(a) {
		t.Error("the other is well, and both know of the bar")
	}
	var fault *Fault
	if err := two.Healthy(); !errors.As(err, &fault) || fault.Code != "keys_writing" || !errors.Is(err, keys.ErrUnavailable) {
		t.Error("it does not say so:", err)
	}
	time.Sleep(drainFor + renewEvery) // it asks again
	if two.Current() {
		t.Fatal("it became current with the command still there")
	}
	select {
	case err := <-barred:
		t.Fatal("it did not wait:", err)
	default:
	}
	close(release)
	if err := <-barred; err != nil {
		t.Fatal(err)
	}
	until(t, "well again", 5*time.Second, func() bool { return two.Current() && two.Healthy() == nil })
	if !two.Barred(a) {
		t.Error("well again, and forgot the bar")
	}
}

// An instance that is cut off may not write when Bar returns, and knows of the
// bar before it may again.
func TestAnInstanceThatIsCutOffHeedsABar(t *testing.T) {
	at, m := schemaOf(t), keys.NewMaster()
	w, through := newWire(t, at)
	one, two := openAt(t, at, m), openAt(t, through, m)
	a := someone(t, one)
	w.frozen.Lock()
	thaw := sync.OnceFunc(w.frozen.Unlock)
	defer thaw()
	if err := one.Bar(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if two.Current() {
		t.Fatal("the bar stands, and who does not know of it may write")
	}
	thaw()
	until(t, "current", 10*time.Second, two.Current)
	if !two.Barred(a) {
		t.Error("current, and does not know of the bar")
	}
}

// Who bars a person and is then cut off has lost the bar when another takes it
// over, and cannot destroy any more: the person may have submitted again.
func TestABarThatWasTakenOverDestroysNothing(t *testing.T) {
	at, m := schemaOf(t), keys.NewMaster()
	w, through := newWire(t, at)
	one, two := openAt(t, at, m), openAt(t, through, m)
	a := someone(t, one)
	if err := two.Bar(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	w.frozen.Lock()
	thaw := sync.OnceFunc(w.frozen.Unlock)
	defer thaw()
	began := time.Now()
	if err := one.Bar(t.Context(), a); err != nil {
		t.Fatal("who is silent keeps the bar:", err)
	}
	if took := time.Since(began); took > 2*lease+2*time.Second {
		t.Errorf("taken over after %v", took)
	}
	thaw()
	until(t, "back", 10*time.Second, two.Current)
	var fault *Fault
	if err := two.Destroy(t.Context(), a); !errors.As(err, &fault) || fault.Code != "keys_bar_lost" {
		t.Error("destroyed with a bar that was lost:", err)
	}
	if err := one.Unbar(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if err := two.Destroy(t.Context(), a); !errors.As(err, &fault) || fault.Code != "keys_bar_lost" {
		t.Error("destroyed while nobody is barred:", err)
	}
	if _, err := one.Key(a); err != nil {
		t.Error("the key is gone:", err)
	}
	if err := two.Unbar(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if err := two.Bar(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if err := two.Destroy(t.Context(), a); err != nil {
		t.Error("barred anew:", err)
	}
	if _, err := one.Key(a); !errors.Is(err, codec.ErrErased) {
		t.Error(err)
	}
}

// What a dead instance had barred is taken over at once where its row is gone,
// and after lease where it is not; all others see whom it had barred.
func TestTheBarsOfTheDeadAreTakenOver(t *testing.T) {
	at, m := schemaOf(t), keys.NewMaster()
	e, dead := engineAt(t, at, m)
	s := openAt(t, at, m)
	a, b := someone(t, s), someone(t, s)
	for _, who := range []domain.SubjectID{a, b} {
		if err := dead.Bar(t.Context(), who); err != nil {
			t.Fatal(err)
		}
	}
	e.watch.stop() // no renewal, no farewell: as one that was killed
	<-e.watch.ended
	late := openAt(t, at, m)
	if n := len(late.Bars()); n != 2 || !late.Barred(a) {
		t.Error("opened now, it knows of bars:", n)
	}
	for i, who := range []domain.SubjectID{a, b} {
		began := time.Now()
		if err := s.Bar(t.Context(), who); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); (i == 0) != (took > lease) || took > lease+2*time.Second {
			t.Errorf("bar %d was taken over after %v", i, took)
		}
		if err := s.Unbar(t.Context(), who); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "nobody is barred", 2*time.Second, func() bool { return !late.Barred(a) && !late.Barred(b) && !s.Barred(a) })
}

// A bar that could not be lifted is, when the database answers again.
func TestABarIsLiftedLater(t *testing.T) {
	at, m := schemaOf(t), keys.NewMaster()
	w, through := newWire(t, at)
	one, two := openAt(t, at, m), openAt(t, through, m)
	a := someone(t, one)
	if err := two.Bar(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	w.frozen.Lock()
	thaw := sync.OnceFunc(w.frozen.Unlock)
	defer thaw()
	short, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := two.Unbar(short, a); err == nil {
		t.Fatal("lifted through a cut wire")
	}
	if !one.Barred(a) {
		t.Fatal("this test has nothing to lift")
	}
	thaw()
	until(t, "lifted", 10*time.Second, func() bool { return !one.Barred(a) && !two.Barred(a) })
}

// A bar is no erasure: nothing is to be cleaned after it.
func TestABarLeavesNothingToClean(t *testing.T) {
	at := schemaOf(t)
	s := openAt(t, at, keys.NewMaster())
	a := someone(t, s)
	count := func() string {
		return strings.Join(query[string](t, at, "SELECT total || ' ' || cleaned FROM erasure"), "")
	}
	for range 2 {
		if err := s.Bar(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		if err := s.Unbar(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	if n := count(); n != "2 2" {
		t.Error("after two bars:", n)
	}
	if err := s.Bar(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if err := s.Destroy(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if n := count(); n != "4 4" {
		t.Error("after an erasure:", n)
	}
}

// Tables of format 1 have no bars: whoever opens them for writing adds that,
// once; who reads needs not wait for it.
func TestFormat1IsBroughtToThisOne(t *testing.T) {
	at, m := schemaOf(t), keys.NewMaster()
	s := openAt(t, at, m)
	a := someone(t, s, "001085000001")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	execute(t, at, "DROP TABLE bar")
	execute(t, at, "UPDATE about SET value = '1' WHERE name = 'format'")
	reader, err := OpenReadOnly(t.Context(), at, m)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if _, err := reader.Key(a); err != nil {
		t.Error(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			s, err := Open(t.Context(), at, m)
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			if got, known, err := s.Find(t.Context(), "001085000001"); got != a || !known || err != nil {
				t.Error("lost on the way:", got, known, err)
			}
		})
	}
	wg.Wait()
	if f := query[string](t, at, "SELECT value FROM about WHERE name = 'format'"); len(f) != 1 || f[0] != format {
		t.Error("format:", f)
	}
	s = openAt(t, at, m)
	if err := s.Bar(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if err := s.Destroy(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if _, err := reader.Key(a); !errors.Is(err, codec.ErrErased) {
		t.Error("a reader from before did not hear of the erasure:", err)
	}
}

// After the key is destroyed there is nothing left to lift: who erases hears
// nothing of an outage that begins then.
func TestUnbarAfterDestroyAsksNobody(t *testing.T) {
	at, m := schemaOf(t), keys.NewMaster()
	w, through := newWire(t, at)
	s := openAt(t, through, m)
	a := someone(t, s)
	if err := s.Bar(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if err := s.Destroy(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	w.frozen.Lock()
	defer w.frozen.Unlock()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := s.Unbar(ctx, a); err != nil {
		t.Error(err)
	}
}
