package commands

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"hoso/domain"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
	"hoso/domain/eventlog/memory"
	"hoso/infra/esdb"
	"hoso/infra/esdb/esdbtest"
	"hoso/infra/keys"
	"hoso/infra/postgres"
)

// keysOf gives the URL of a key store of the test's own, or skips.
func keysOf(t *testing.T) string {
	t.Helper()
	at := os.Getenv("HOSO_TEST_POSTGRES")
	if at == "" {
		t.Skip("HOSO_TEST_POSTGRES holds no URL of a PostgreSQL to test with: .ci/postgres start DIR starts one and prints it")
	}
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	name := "hoso_test_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	t.Cleanup(func() {
		conn, err := pgx.Connect(context.Background(), at)
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close(context.Background())
		if _, err := conn.Exec(context.Background(), "DROP SCHEMA IF EXISTS "+name+" CASCADE"); err != nil {
			t.Error(err)
		}
	})
	return u.String()
}

// instance is one of several programs on one log and one key store.
type instance struct {
	*shop
	store *keys.Store
}

// openInstance opens one, with connections of its own.
func openInstance(t *testing.T, log eventlog.Log, at string, m keys.Master) *instance {
	t.Helper()
	store, err := postgres.Open(t.Context(), at, m)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	c := &codec.Codec{Keys: store.Key}
	cat, err := OpenCatalogue(t.Context(), log, c)
	if err != nil {
		t.Fatal(err)
	}
	i := &instance{&shop{t: t, log: log, at: monday}, store}
	i.Handler = New(Config{Log: log, Codec: c, Keys: store, Catalogue: cat, Now: i.now})
	return i
}

// logs are what the instances share: the log in memory is the same for all, to
// the server each has connections of its own.
var logs = map[string]func(t *testing.T) func() eventlog.Log{
	"memory": func(t *testing.T) func() eventlog.Log {
		log := memory.New()
		t.Cleanup(func() { log.Close() })
		return func() eventlog.Log { return log }
	},
	"EventStoreDB": func(t *testing.T) func() eventlog.Log {
		server, err := esdbtest.Start(esdbtest.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(server.Stop)
		return func() eventlog.Log {
			log, err := esdb.Open(t.Context(), server.ConnectionString(), esdb.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { log.Close() })
			return log
		}
	},
}

// TestErasureBesideAnotherInstance: two instances take submissions of the same
// few persons and withdraw some, while both erase these persons. Nobody's key
// goes while something of theirs is open, every dossier of who is gone is
// marked and closed, all others can be read, and memory holds nothing of the gone.
func TestErasureBesideAnotherInstance(t *testing.T) {
	for name, open := range logs {
		t.Run(name, func(t *testing.T) {
			at, m, log := keysOf(t), keys.NewMaster(), open(t)
			first := openInstance(t, log(), at, m)
			first.publish()
			instances := []*instance{openInstance(t, hesitant{log()}, at, m), openInstance(t, hesitant{log()}, at, m)}
			r := &race{instances: instances, acked: map[uuid.UUID]bool{}, gone: map[domain.SubjectID]bool{}}
			const rounds, most = 3, 30 // on a slow machine they meet more rarely
			met := func() bool { return len(r.gone) > 0 && r.open > 0 && r.barred > 0 }
			for round := 0; round < rounds || round < most && !met(); round++ {
				r.run(t, round)
				r.check(t, openInstance(t, log(), at, m))
			}
			t.Logf("%d submissions acknowledged, %d persons erased, %d times refused as open, %d as being erased", len(r.acked), len(r.gone), r.open, r.barred)
			if !met() {
				t.Error("the two never met")
			}
		})
	}
}

// hesitant takes its time before some appends, after their values are sealed.
type hesitant struct{ eventlog.Log }

func (l hesitant) Append(ctx context.Context, stream string, at eventlog.Expected, events []eventlog.Proposed) (eventlog.Appended, error) {
	if rand.IntN(2) == 0 {
		time.Sleep(time.Duration(rand.IntN(40)) * time.Millisecond)
	}
	return l.Log.Append(ctx, stream, at, events)
}

// race is what two instances do at once.
type race struct {
	instances []*instance

	mu           sync.Mutex
	acked        map[uuid.UUID]bool
	gone         map[domain.SubjectID]bool
	open, barred int
}

// run lets commands and erasures of three persons meet.
func (r *race) run(t *testing.T, round int) {
	var writing, erasing sync.WaitGroup
	stop := make(chan struct{})
	for who := range 3 {
		id := fmt.Sprintf("00120%03d%04d", who, round)
		for n, i := range r.instances {
			writing.Go(func() { r.write(t, i, id, fmt.Sprint(round, "-", who, "-", n)) })
			erasing.Go(func() { r.erase(t, i, id, stop) })
		}
	}
	writing.Wait()
	close(stop)
	erasing.Wait()
}

// write submits five times, one after the other withdrawn but for the last.
func (r *race) write(t *testing.T, i *instance, id, key string) {
	for n := range 5 {
		var got Receipt
		err := r.again(t, func() (err error) {
			got, err = i.Submit(t.Context(), by(citizen, fmt.Sprint(key, "-", n)), application("Người Thử", id))
			return err
		})
		if err != nil {
			t.Error("submission:", err)
			return
		}
		r.mu.Lock()
		r.acked[got.Dossier] = true
		r.mu.Unlock()
		time.Sleep(time.Duration(rand.IntN(3)) * time.Millisecond)
		if n == 4 && key[len(key)-1] == '0' {
			return // stays open
		}
		if err := r.again(t, func() error {
			_, err := i.Do(t.Context(), by(citizen, fmt.Sprint(key, "-w-", n)), got.Dossier, domain.Withdraw{Reason: "thôi"})
			return err
		}); err != nil {
			t.Error("withdrawal:", err)
		}
		time.Sleep(time.Duration(rand.IntN(60)) * time.Millisecond)
	}
}

// again does what is refused during an erasure until it is not.
func (r *race) again(t *testing.T, command func() error) (err error) {
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if err = command(); !errors.Is(err, domain.ErrBeingErased) {
			return err
		}
		r.mu.Lock()
		r.barred++
		r.mu.Unlock()
	}
	return err
}

func (r *race) erase(t *testing.T, i *instance, id string, stop chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case <-time.After(time.Duration(rand.IntN(10)) * time.Millisecond):
		}
		subject, known, err := i.store.Find(t.Context(), id)
		if err != nil {
			t.Error(err)
		}
		if !known {
			continue
		}
		_, err = i.Erase(t.Context(), admin, subject, "Điều 1")
		r.mu.Lock()
		switch {
		case err == nil:
			r.gone[subject] = true
		case errors.Is(err, domain.ErrStillOpen):
			r.open++
		case !errors.Is(err, domain.ErrBeingErased):
			t.Error("erase:", err)
		}
		r.mu.Unlock()
	}
}

// check folds every dossier of the log as a program does that starts now.
func (r *race) check(t *testing.T, fresh *instance) {
	t.Helper()
	found := map[uuid.UUID]bool{}
	for batch, err := range fresh.log.Subscribe(t.Context(), eventlog.Position{}, eventlog.Filter{StreamPrefixes: []string{domain.DossierPrefix}}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range batch.Events {
			if id, ok := domain.DossierIDOf(e.Stream); ok {
				found[id] = true
			}
		}
		if batch.Live {
			break
		}
	}
	for id := range r.acked {
		if !found[id] {
			t.Fatal("an acknowledged submission is not in the log")
		}
	}
	for id := range found {
		l, err := fresh.load(t.Context(), id, true)
		if err != nil {
			t.Fatal(err)
		}
		d := l.dossier
		_, err = fresh.store.Key(d.Owner.Subject)
		erased := errors.Is(err, codec.ErrErased)
		if err != nil && !erased {
			t.Fatal(err)
		}
		switch {
		case erased && (d.Open() || !d.Erased || d.Owner.Name.Text != ""):
			t.Fatalf("dossier %s of somebody erased: open %v, marked %v, readable %v", id, d.Open(), d.Erased, d.Owner.Name.Text != "")
		case !erased && (d.Erased || d.Owner.Name.Text == ""):
			t.Fatalf("dossier %s of somebody who is there: marked %v, readable %v", id, d.Erased, d.Owner.Name.Text != "")
		case !erased && r.gone[d.Owner.Subject]:
			t.Fatalf("the key of dossier %s was destroyed, and is there", id)
		}
	}
	for subject := range r.gone {
		for _, i := range r.instances {
			i.holdsNothingOf(subject)
		}
	}
}
