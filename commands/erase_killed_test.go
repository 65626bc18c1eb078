package commands

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/codec"
	"hoso/domain/eventlog/memory"
	"hoso/infra/keys"
	"hoso/infra/postgres"
)

// diesBarring names the variable in which TestTheEraserIsKilled tells its child
// what to bar.
const diesBarring = "HOSO_TEST_DIES_BARRING"

// TestTheEraserIsKilled: a process that has barred two persons is killed; the
// erasure it had recorded is finished by the next start, the other bar lifted.
func TestTheEraserIsKilled(t *testing.T) {
	if os.Getenv(diesBarring) != "" {
		barAndWait(t)
		return
	}
	at, text := keysOf(t), strings.Repeat("5a", 32)
	m, err := keys.ParseMaster(text)
	if err != nil {
		t.Fatal(err)
	}
	log := memory.New()
	defer log.Close()
	a := openInstance(t, log, at, m)
	a.publish()
	recorded, first := a.withdrawn("1", number)
	only, _ := a.withdrawn("2", "001200054321")
	child := exec.Command(os.Args[0], "-test.run=^TestTheEraserIsKilled$", "-test.v")
	child.Env = append(os.Environ(), diesBarring+"="+strings.Join([]string{at, text, recorded.String(), only.String()}, " "))
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan() && !strings.Contains(lines.Text(), "both are barred"); {
	}
	if _, err := a.Do(t.Context(), by(citizen, "r"), first, domain.Rate{Score: 5}); !errors.Is(err, domain.ErrBeingErased) {
		t.Error("a command of another process:", err)
	}
	if err := a.recordErasure(t.Context(), admin, recorded, "Điều 1"); err != nil { // what the child did before it died
		t.Fatal(err)
	}
	child.Process.Kill()
	child.Wait()
	began := time.Now()
	b := openInstance(t, log, at, m)
	if err := b.FinishErasures(t.Context()); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("the start took %v", took)
	}
	if _, err := a.store.Key(recorded); !errors.Is(err, codec.ErrErased) || !b.fold(first).Erased {
		t.Error("the recorded erasure was not finished:", err)
	}
	a.holdsNothingOf(recorded)
	for _, i := range []*instance{a, b} {
		_, err := patiently(func() (Receipt, error) {
			return i.Submit(t.Context(), by(citizen, uuid.NewString()), application("Người Thử", "001200054321"))
		})
		if err != nil {
			t.Error("who was only barred stays so:", err)
		}
	}
	if _, err := a.store.Key(only); err != nil {
		t.Error(err)
	}
}

// barAndWait is the child.
func barAndWait(t *testing.T) {
	var at, master, one, two string
	fmt.Sscan(os.Getenv(diesBarring), &at, &master, &one, &two)
	m, err := keys.ParseMaster(master)
	if err != nil {
		t.Fatal(err)
	}
	store, err := postgres.Open(t.Context(), at, m)
	if err != nil {
		t.Fatal(err)
	}
	for _, who := range []string{one, two} {
		if err := store.Bar(t.Context(), uuid.MustParse(who)); err != nil {
			t.Fatal(err)
		}
	}
	fmt.Println("both are barred")
	time.Sleep(time.Minute) // the parent kills us
}
