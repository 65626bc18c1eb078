//go:build linux

package e2e

import (
	"context"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// On a full disk the server says so, acknowledges nothing
// that it could not keep, and loses nothing that it has acknowledged.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	disk := smallDisk(t, "128m")
	dir := filepath.Join(disk, "data")
	l := newLoad(t)
	s := serve(t, dir)
	ballast := filepath.Join(disk, "ballast") // leaves a few megabytes; removed later, to make room
	write(t, ballast, strings.Repeat("ballast ", (room(t, disk)-6<<20)/8))
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	go func() {
		for ctx.Err() == nil {
			if status, _ := s.readiness(); status == http.StatusServiceUnavailable {
				cancel()
			}
			time.Sleep(50 * time.Millisecond)
		}
	}()
	for ctx.Err() == nil {
		l.run(ctx, s.base, 4, rand.Uint64())
		time.Sleep(10 * time.Millisecond)
	}
	status, r := s.readiness()
	if status != http.StatusServiceUnavailable || r.Ready || r.Log == "" || r.Log == "writable" {
		t.Errorf("with a full disk /readyz says %d, %+v", status, r)
	}
	// Keys or log, whichever met the full disk first has stopped; the other goes
	// on until it meets it too. What is acknowledged until then must be there below.
	before := -1
	for round := 0; len(l.done) != before; round++ {
		if round == 1000 {
			t.Fatal("commands are acknowledged without end on a full disk")
		}
		before = len(l.done)
		l.run(context.Background(), s.base, 2, uint64(round))
	}
	if res, err := http.Get(s.base + "/healthz"); err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("/healthz: %v", err)
	}
	t.Logf("full disk after %d acknowledged commands: /readyz 503, log: %s", before, r.Log)
	s.kill()
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	s = serve(t, dir)
	resent := l.resend(s.base)
	log := s.settle(dir)
	checkAcknowledged(t, log, l.done)
	checkCodes(t, log)
	checkVerify(t, dir, -1)
	t.Logf("with room again: %d events, %d commands sent again, all acknowledged ones there", len(log), resent)
	s.stop()
}

// room is how many bytes a file system has left.
func room(t *testing.T, dir string) int {
	t.Helper()
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		t.Fatal(err)
	}
	return int(s.Bavail) * int(s.Bsize)
}

// smallDisk mounts a file system of its own, or skips.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if os.Getuid() != 0 {
		t.Skip("a full disk needs a small file system of its own, and only root may mount one (tmpfs)")
	}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size="+size, "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("a full disk needs a small file system of its own, and mount is refused here: %v %s", err, out)
	}
	t.Cleanup(func() { exec.Command("umount", "-l", dir).Run() })
	return dir
}
