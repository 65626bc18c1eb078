package e2e

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"hoso/domain/eventlog"
)

// TestInstances serves one installation by three processes that begin on
// nothing at once, and kills one after the other with -9 under load: nothing
// acknowledged is lost or there twice, codes have no gap, roots verify, and the
// views, written in two shares by whoever is there, equal a fresh rebuild.
func TestInstances(t *testing.T) {
	p, _ := onEngines(t)
	if p.keys == "" {
		t.Skip("HOSO_TEST_POSTGRES names no PostgreSQL: several instances share their keys there; .ci/postgres start DIR starts one and prints its address")
	}
	three := instancesOf(t, p)
	loads := make([]*load, len(three))
	for i, one := range three {
		one.launch()
		loads[i] = newLoad(t)
	}
	for _, one := range three {
		one.server.waitReady()
	}
	t.Cleanup(func() {
		for i, one := range three {
			if t.Failed() {
				t.Logf("process %d said at the end:\n%s", i, one.server.told())
			}
		}
	})
	rng := rand.New(rand.NewPCG(1, uint64(time.Now().UnixNano())))
	for round := range count(t, "HOSO_INSTANCE_KILLS", 4) {
		ctx, cancel := context.WithCancel(t.Context())
		victim := three[rng.IntN(len(three))]
		time.AfterFunc(time.Duration(500+rng.IntN(1500))*time.Millisecond, victim.server.kill)
		time.AfterFunc(4*time.Second, cancel)
		ended := make(chan struct{})
		for i, one := range three {
			go func() { loads[i].run(ctx, one.server.base, 4, uint64(round*10+i)); ended <- struct{}{} }()
		}
		for range three {
			<-ended
		}
		<-victim.server.ended
		began := time.Now()
		for _, one := range three {
			if one != victim {
				one.server.awaitViews() // what the dead one wrote, another writes
				t.Logf("round %d: all views seen by a survivor %s after the load", round, time.Since(began).Round(time.Second/10))
			}
		}
		victim.launch()
		victim.server.waitReady()
		loadHTTP.CloseIdleConnections()
		for i, one := range three {
			loads[i].resend(one.server.base)
		}
	}
	for _, one := range three {
		one.server.awaitViews()
	}
	for _, one := range three {
		if code := one.server.stop(); code != 0 {
			t.Errorf("exit %d: %s", code, one.server.told())
		}
	}
	events := rawEventsOf(t, openPlace(t, p).log)
	acknowledged := 0
	for _, l := range loads {
		checkAcknowledged(t, events, l.done)
		acknowledged += len(l.done)
	}
	checkCodes(t, events)
	var v verified
	must(t, p.args("verify", "--json")...).into(t, &v)
	if !v.OK || v.Events != len(events) || v.Roots == 0 {
		t.Errorf("verify: %+v, of %d events", v, len(events))
	}
	fresh := p
	fresh.prefix += "-fresh"
	begin(t, fresh.args("rebuild")...).wait()
	followed, rebuilt := everyAnswer(t, openPlace(t, p).views), everyAnswer(t, openPlace(t, fresh).views)
	sameAnswers(t, "the views that three processes wrote, and a fresh rebuild", followed, rebuilt)
	t.Logf("%d events, %d acknowledged, %d roots, %d answers", len(events), acknowledged, v.Roots, len(followed))
}

// TestTakeOver kills the process that writes a view, and measures how long it
// takes until another one writes it: ten seconds at most, which HOSO_TAKE_OVER=10s
// asks of a machine that runs nothing beside.
func TestTakeOver(t *testing.T) {
	p, _ := onEngines(t)
	if p.keys == "" {
		t.Skip("HOSO_TEST_POSTGRES names no PostgreSQL: several instances share their keys there")
	}
	within := 30 * time.Second // beside other tests
	if s := os.Getenv("HOSO_TAKE_OVER"); s != "" {
		var err error
		if within, err = time.ParseDuration(s); err != nil {
			t.Fatal(err)
		}
	}
	three := instancesOf(t, p)
	for _, one := range three {
		one.launch()
		one.server.waitReady()
	}
	l := newLoad(t)
	for round := range 2 {
		victim, witness := three[round], three[2]
		var held int
		for end := time.Now().Add(time.Minute); held == 0; time.Sleep(100 * time.Millisecond) {
			if held = victim.writes(p); held == 0 && time.Now().After(end) {
				t.Fatalf("process %d writes nothing: it has no share", victim.server.cmd.Process.Pid)
			}
		}
		victim.server.kill()
		began := time.Now()
		l.base = witness.server.base
		if _, ok := l.send(l.submission(rand.New(rand.NewPCG(1, uint64(round))), loadAgencies[0])); !ok {
			t.Fatal("a survivor takes no commands")
		}
		witness.server.awaitViews()
		took := time.Since(began)
		t.Logf("%d partitions of a killed process are written by others after %s", held, took.Round(time.Second/10))
		if took > within {
			t.Errorf("it took %s; want %s at most", took, within)
		}
	}
}

// instance is one of several processes of an installation.
type instance struct {
	t      *testing.T
	place  place
	args   []string
	server *server
}

// instancesOf are three that share everything but the data folder, and with it
// the master key and the key that signs roots.
func instancesOf(t *testing.T, p place) (three []*instance) {
	t.Helper()
	signing := filepath.Join(t.TempDir(), "signing.key")
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err == nil {
		err = os.WriteFile(signing, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		one := p
		one.dir = filepath.Join(t.TempDir(), "data")
		if err := os.MkdirAll(one.dir, 0o700); err != nil {
			t.Fatal(err)
		}
		copyFile(t, filepath.Join(p.dir, "master.key"), filepath.Join(one.dir, "master.key"))
		three = append(three, &instance{t: t, place: one, args: append(one.flags(), "--partitions", "2", "--signing-key", signing)})
	}
	return three
}

func (i *instance) launch() {
	i.server = launch(i.t, program, i.place.dir, i.args...)
}

// writes is how many partitions the process writes, as Elasticsearch has it.
func (i *instance) writes(p place) (n int) {
	i.t.Helper()
	var doc struct {
		Source struct {
			Members map[string]struct {
				Where string `json:"where"`
			} `json:"members"`
			Holders map[string]string `json:"holders"`
		} `json:"_source"`
	}
	if err := askElastic(p, "GET", "/"+p.prefix+"-turns/_doc/turns", &doc); err != nil {
		i.t.Fatal(err)
	}
	for _, holder := range doc.Source.Holders {
		if strings.HasSuffix(doc.Source.Members[holder].Where, fmt.Sprint("/", i.server.cmd.Process.Pid)) {
			n++
		}
	}
	return n
}

// rawEventsOf are a log's events as readLog gives those of a file.
func rawEventsOf(t *testing.T, log eventlog.Log) (all []rawEvent) {
	t.Helper()
	head, err := log.Head(t.Context())
	for batch, fault := range log.Subscribe(t.Context(), eventlog.Position{}, eventlog.Filter{}) {
		if err = errors.Join(err, fault); err != nil {
			t.Fatal(err)
		}
		for _, r := range batch.Events {
			e := rawEvent{position: int64(r.Position.Commit), stream: r.Stream, revision: int64(r.Revision), id: r.ID.String(), typ: r.Type, data: r.Data, meta: r.Meta}
			var m struct {
				Command string `json:"command"`
			}
			if err := json.Unmarshal(r.Meta, &m); err != nil {
				t.Fatal(err)
			}
			e.command = m.Command
			all = append(all, e)
		}
		if batch.Live || !batch.End.Before(head) {
			return all
		}
	}
	return all
}
