package bench

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"hoso/infra/porttest"
)

// program builds the program once for all benchmarks.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "hoso-bench")
	if err != nil {
		return "", err
	}
	binary := filepath.Join(dir, "hoso")
	out, err := exec.Command("go", "build", "-o", binary, "hoso").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return binary, nil
})

// dossiers is how many are loaded before anything is measured.
func dossiers() int {
	if n, err := strconv.Atoi(os.Getenv("HOSO_BENCH_DOSSIERS")); err == nil && n > 0 {
		return n
	}
	if testing.Short() {
		return 300
	}
	return 100_000
}

// loaded gives a folder of simulated dossiers, views built, that the caller
// may change.
func loaded(b *testing.B) string {
	b.Helper()
	kept := os.Getenv("HOSO_BENCH_DIR")
	if kept == "" {
		dir := b.TempDir()
		simulate(b, dir)
		return dir
	}
	source := filepath.Join(kept, strconv.Itoa(dossiers()))
	if _, err := os.Stat(filepath.Join(source, "complete")); err != nil {
		os.RemoveAll(source)
		simulate(b, source)
		if err := os.WriteFile(filepath.Join(source, "complete"), nil, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	return copyDir(b, source)
}

func simulate(b *testing.B, dir string) {
	b.Helper()
	run(b, "simulate", "--data", dir, "--seed", "8", "--dossiers", strconv.Itoa(dossiers()))
}

func copyDir(b *testing.B, source string) string {
	b.Helper()
	dir := b.TempDir()
	if err := os.CopyFS(dir, os.DirFS(source)); err != nil {
		b.Fatal(err)
	}
	// CopyFS does not keep the mode of a file that must be its owner's alone.
	filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			err = os.Chmod(path, 0o600)
		}
		return err
	})
	syscall.Sync() // or the copy is still on its way to the disk while something is measured
	return dir
}

func run(b *testing.B, args ...string) {
	b.Helper()
	binary, err := program()
	if err != nil {
		b.Fatal(err)
	}
	if out, err := exec.Command(binary, args...).CombinedOutput(); err != nil {
		b.Fatalf("hoso %v: %v: %s", args, err, out)
	}
}

// server is the real program, serving a folder in a process of its own.
type server struct {
	addr string
	pid  int
	key  ed25519.PrivateKey
	stop func()
}

func serve(b *testing.B, dir string) *server {
	b.Helper()
	binary, err := program()
	if err != nil {
		b.Fatal(err)
	}
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		b.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		b.Fatal(err)
	}
	keyFile := filepath.Join(b.TempDir(), "tokens.pem")
	if err := os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o600); err != nil {
		b.Fatal(err)
	}
	s := &server{addr: porttest.Free(b), key: private}
	cmd := exec.Command(binary, "serve", "--data", dir, "--addr", s.addr, "--token-key", keyFile)
	// A file, as in real life: reading a pipe would cost the bench's own time.
	said, err := os.Create(filepath.Join(b.TempDir(), "serve.log"))
	if err != nil {
		b.Fatal(err)
	}
	cmd.Stderr = said
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	ended, waited := make(chan struct{}), error(nil)
	go func() { waited = cmd.Wait(); close(ended) }()
	s.stop = sync.OnceFunc(func() {
		defer said.Close()
		cmd.Process.Signal(os.Interrupt)
		if <-ended; waited != nil {
			text, _ := os.ReadFile(said.Name())
			b.Errorf("serve: %v: %s", waited, tail(text))
		}
	})
	b.Cleanup(s.stop)
	s.pid = cmd.Process.Pid
	s.ready(b, ended)
	return s
}

func tail(text []byte) []byte { return text[max(0, len(text)-2000):] }

// ready waits until the server has caught up.
func (s *server) ready(b *testing.B, ended <-chan struct{}) {
	b.Helper()
	for deadline := time.Now().Add(10 * time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		select {
		case <-ended:
			b.Fatal("the server ended") // stop tells why
		default:
		}
		r, err := http.Get("http://" + s.addr + "/readyz")
		if err != nil {
			continue
		}
		io.Copy(io.Discard, r.Body)
		r.Body.Close()
		if r.StatusCode == http.StatusOK {
			s.settle(b)
			return
		}
	}
	b.Fatal("the server was not ready within ten minutes")
}

// settle waits until the server has done what a start brings: reactions read a
// log that was written without a server, the sealer reads all of it.
func (s *server) settle(b *testing.B) {
	b.Helper()
	for range 600 {
		before := s.ticks()
		time.Sleep(500 * time.Millisecond)
		if s.ticks()-before <= 2 { // hundredths of a second
			return
		}
	}
	b.Fatal("the server did not come to rest within five minutes")
}

// ticks is the processor time the server has used, in hundredths of a second;
// 0 where the system does not tell it this way.
func (s *server) ticks() int {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return user + system
}

// token signs a bearer token as an identity provider would.
func (s *server) token(b *testing.B, role, agency, subject string) string {
	b.Helper()
	claims := jwt.MapClaims{"sub": subject, "role": role, "aud": "hoso", "exp": time.Now().Add(time.Hour).Unix()}
	if agency != "" {
		claims["agency"] = agency
	}
	text, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims).SignedString(s.key)
	if err != nil {
		b.Fatal(err)
	}
	return text
}
