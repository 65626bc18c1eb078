package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A second process on the same folder is refused; what
// only reads runs beside the server.
func TestSecondProcess(t *testing.T) {
	t.Parallel()
	dir := smallData(t)
	s := serve(t, dir)
	log := s.settle(dir)
	code := codesOf(t, log)[0]
	holidays := filepath.Join(t.TempDir(), "2028.csv")
	write(t, holidays, "date,type,name_vi,source_confidence\n2028-01-01,off,Tết Dương lịch,official\n")
	source := filepath.Join(t.TempDir(), "log.xes")
	write(t, source, `<?xml version="1.0"?><log></log>`)
	for _, args := range [][]string{
		{"serve", "--addr", "127.0.0.1:0"}, {"demo", "--addr", "127.0.0.1:0"}, {"rebuild"}, {"simulate", "--dossiers", "1"}, {"root", "--seal"},
		{"erase", "--id", "001085000001", "--basis", "x"}, {"holidays", "add", holidays}, {"import", "--mapping", "receipt", source},
	} {
		a := expect(t, 3, append(args, "--data", dir)...)
		if !strings.Contains(a.stderr, fmt.Sprint(s.cmd.Process.Pid)) {
			t.Errorf("%v does not name the process in its way: %s", args, a.stderr)
		}
	}
	for _, args := range [][]string{{"lookup", code}, {"replay", code}, {"times"}, {"verify"}, {"root"}} {
		expect(t, 0, append(args, "--data", dir)...)
	}
	if status, r := s.readiness(); status != http.StatusOK {
		t.Errorf("the server minds those beside it: %d %+v", status, r)
	}
	if status := s.stop(); status != 0 {
		t.Errorf("exit %d", status)
	}
	expect(t, 0, "rebuild", "--data", dir)
}

func TestPortInUse(t *testing.T) {
	t.Parallel()
	s := serve(t, filepath.Join(t.TempDir(), "one"))
	other := filepath.Join(t.TempDir(), "two")
	addr := strings.TrimPrefix(s.base, "http://")
	for _, command := range []string{"serve", "demo"} {
		if a := expect(t, 3, command, "--data", other, "--addr", addr); !strings.Contains(a.stderr, addr) {
			t.Errorf("%s does not name the address: %s", command, a.stderr)
		}
	}
	if _, err := os.Stat(filepath.Join(other, "log.db")); err == nil {
		t.Error("a server that could not listen began a log all the same")
	}
}

// TestGracefulStop: SIGTERM with requests under way; all that was acknowledged
// is there, and the exit is clean.
func TestGracefulStop(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	l := newLoad(t)
	for round := range 3 {
		s := serve(t, dir)
		l.resend(s.base)
		ctx, cancel := context.WithCancel(context.Background())
		stopped := make(chan int, 1)
		time.AfterFunc(time.Duration(300+rand.IntN(400))*time.Millisecond, func() {
			stopped <- s.stop()
			cancel()
		})
		l.run(ctx, s.base, 8, uint64(round))
		if code := <-stopped; code != 0 {
			t.Fatalf("exit %d with requests under way:\n%s", code, s.told())
		}
		loadHTTP.CloseIdleConnections()
	}
	s := serve(t, dir)
	l.resend(s.base)
	log := s.settle(dir)
	s.stop()
	checkAcknowledged(t, log, l.done)
	checkCodes(t, log)
	checkVerify(t, dir, -1)
	if left, err := os.Stat(filepath.Join(dir, "log.db-wal")); err == nil && left.Size() > 0 {
		t.Errorf("a clean stop left a WAL of %d bytes", left.Size())
	}
	t.Logf("3 stops under load: %d acknowledged, all there", len(l.done))
}
