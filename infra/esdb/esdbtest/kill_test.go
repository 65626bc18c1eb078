package esdbtest

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

const childFile = "ESDBTEST_CHILD_FILE"

// runChild makes the test program a server, where the environment says so.
func runChild() {
	file := os.Getenv(childFile)
	if file == "" {
		return
	}
	s, err := Start(Options{File: file})
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
	fmt.Println(s.ConnectionString())
	select {}
}

// TestKill kills a server process under load: what was answered is there, in
// order and once.
func TestKill(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "log")
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childFile+"="+file)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	said, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(said, "esdb://") {
		t.Fatalf("the server said %q, %v", said, err)
	}
	if _, err := Start(Options{File: file}); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a second server on the file: %v", err)
	}
	const writers = 8
	var acknowledged [writers]int
	var wg sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	var begun sync.WaitGroup
	begun.Add(writers)
	for i := range writers {
		wg.Go(func() {
			first := sync.OnceFunc(begun.Done)
			defer first()
			c := connect(t, strings.TrimSpace(said))
			for n := 0; ; n++ {
				var at esdb.ExpectedRevision = esdb.NoStream{}
				if n > 0 {
					at = esdb.Revision(uint64(2*n - 1))
				}
				if _, err := appendAt(ctx, c, fmt.Sprintf("d-%d", i), at, fmt.Sprint(2*n), fmt.Sprint(2*n+1)); err != nil {
					return
				}
				acknowledged[i] = 2*n + 2
				first()
			}
		})
	}
	begun.Wait()
	time.Sleep(400 * time.Millisecond)
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // it was killed
	cancel()
	wg.Wait()

	c := connect(t, started(t, Options{File: file}).ConnectionString())
	for i, most := range acknowledged {
		r, err := c.ReadStream(t.Context(), fmt.Sprintf("d-%d", i), esdb.ReadStreamOptions{}, 1<<20)
		got, err := drained(t, r, err)
		if err != nil {
			t.Fatal(err)
		}
		texts := strings.Fields(got)
		if most == 0 || len(texts) < most || len(texts) > most+2 || len(texts)%2 != 0 {
			t.Errorf("writer %d: %d events were acknowledged, %d are there", i, most, len(texts))
		}
		for n, text := range texts {
			if text != fmt.Sprint(n) {
				t.Fatalf("writer %d: event %d is %s", i, n, text)
			}
		}
	}
}

// TestTornFile: a file that ends in the middle of an append opens without it;
// one that is something else does not open.
func TestTornFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "log")
	s := started(t, Options{File: file})
	c := connect(t, s.ConnectionString())
	for n, at := range []esdb.ExpectedRevision{esdb.NoStream{}, esdb.Revision(2)} {
		if _, err := appendAt(t.Context(), c, "d-1", at, fmt.Sprint(n, "a"), fmt.Sprint(n, "b"), fmt.Sprint(n, "c")); err != nil {
			t.Fatal(err)
		}
	}
	s.Kill()
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	record := (&event{kind: isEvent, stream: "d-1", typ: "t", data: []byte(`"1a"`), meta: []byte("{}")}).size()
	for _, lost := range []int{1, record - 1, record, 2*record + 1, 3*record - 1} {
		if err := os.WriteFile(file, whole[:len(whole)-lost], 0o600); err != nil {
			t.Fatal(err)
		}
		restart(t, s)
		if v := s.cluster.log().view("d-1"); v.count != 3 {
			t.Errorf("%d bytes lost: %d events of 3 and 3", lost, v.count)
		}
		s.Kill()
	}
	if err := os.WriteFile(file, []byte(strings.Repeat("something else", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Restart(); err == nil {
		t.Error("a file of something else was taken for a log")
	}
}
