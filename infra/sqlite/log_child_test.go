//go:build unix

package sqlite_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"hoso/domain/eventlog"
	"hoso/infra/sqlite"
)

// Tests that need a process to kill, trace or starve run this test binary
// again: HOSO_CHILD names the part, HOSO_CHILD_DIR the folder; the child writes its answers to file 3.
func child(t *testing.T, part, dir string, wrap ...string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	args := append(wrap, os.Args[0], "-test.run=^TestLogChild$", "-test.v")
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "HOSO_CHILD="+part, "HOSO_CHILD_DIR="+dir)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.ExtraFiles = []*os.File{w}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
		_ = r.Close()
	})
	return cmd, bufio.NewScanner(r)
}

func TestLogChild(t *testing.T) {
	dir, out := os.Getenv("HOSO_CHILD_DIR"), os.NewFile(3, "answers")
	switch os.Getenv("HOSO_CHILD") {
	case "append":
		childAppends(t, dir, out)
	case "sync":
		childSyncs(t, dir, out)
	case "full":
		childFillsDisk(t, dir, out)
	case "open":
		_, err := sqlite.OpenLog(dir, sqlite.LogOptions{})
		fmt.Fprintln(out, err)
	default:
		t.Skip("runs only as a child of another test")
	}
}

// childAppends appends from 16 goroutines until it is killed and names each acknowledged event.
func childAppends(t *testing.T, dir string, out *os.File) {
	l, err := sqlite.OpenLog(dir, sqlite.LogOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	for range 16 {
		running.Go(func() {
			stream, at := "s-"+uuid.NewString(), eventlog.NoStream
			for {
				list := proposed(2)
				done, err := l.Append(context.Background(), stream, at, list)
				if err != nil {
					t.Error(err)
					return
				}
				at = eventlog.Expected(done.Revision)
				// One write a line: the pipe keeps it whole, and a kill between commit and write only loses the line.
				fmt.Fprintf(out, "%s %s %d %s\n%s %s %d %s\n", list[0].ID, stream, done.Revision-1, "-", list[1].ID, stream, done.Revision, done.Position)
			}
		})
	}
	running.Wait()
}

// childSyncs appends one by one and answers each, for a tracer to watch.
func childSyncs(t *testing.T, dir string, out *os.File) {
	l, err := sqlite.OpenLog(dir, sqlite.LogOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 40 {
		if _, err := l.Append(context.Background(), "s", eventlog.Expected(i-1), proposed(1)); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(out, "acknowledged %d\n", i)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// childFillsDisk lets the operating system refuse file growth, as a full disk does, and
// says what the log answers then.
func childFillsDisk(t *testing.T, dir string, out *os.File) {
	signal.Ignore(syscall.SIGXFSZ) // writing beyond the limit then is an error, not the end
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 1 << 20, Max: 1 << 20}); err != nil {
		t.Fatal(err)
	}
	l, err := sqlite.OpenLog(dir, sqlite.LogOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	var once sync.Once
	for range 8 {
		running.Go(func() {
			stream := "s-" + uuid.NewString()
			for at := eventlog.NoStream; ; at++ {
				list := proposed(1)
				_, err := l.Append(context.Background(), stream, at, list)
				switch {
				case err == nil:
					fmt.Fprintf(out, "ok %s\n", list[0].ID)
				case errors.Is(err, eventlog.ErrAmbiguous):
					fmt.Fprintf(out, "ambiguous %s %v\n", list[0].ID, err)
				case errors.Is(err, eventlog.ErrStopped):
					once.Do(func() { fmt.Fprintf(out, "stopped %v\nhealthy %v\n", err, l.Healthy()) })
					return
				default:
					fmt.Fprintf(out, "unexpected %v\n", err)
					return
				}
			}
		})
	}
	running.Wait()
	// Reading goes on while writing has stopped.
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, err = l.Head(ctx)
	fmt.Fprintf(out, "head %v\n", err)
	fmt.Fprintf(out, "again %t\n", errors.Is(l.Healthy(), eventlog.ErrStopped))
}
