package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"hoso/infra/porttest"
)

// double is the EventStoreDB double as a process on a file.
type double struct {
	t         testing.TB
	addr, url string
	file      string
	cmd       *exec.Cmd
}

var buildDouble = sync.OnceValues(func() (string, error) {
	path := filepath.Join(filepath.Dir(program), "esdbserve")
	out, err := exec.Command("go", "build", "-o", path, "hoso/infra/esdb/esdbtest/serve").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, out)
	}
	return path, err
})

func startDouble(t testing.TB) *double {
	t.Helper()
	d := &double{t: t, addr: porttest.Free(t), file: filepath.Join(t.TempDir(), "esdb.log")}
	d.url = "esdb://" + d.addr + "?tls=false"
	d.start()
	t.Cleanup(d.kill)
	return d
}

func (d *double) start() {
	d.t.Helper()
	path, err := buildDouble()
	if err != nil {
		d.t.Fatal(err)
	}
	var said bytes.Buffer
	d.cmd = exec.Command(path, "--addr", d.addr, "--file", d.file)
	d.cmd.Stderr = &said
	out, err := d.cmd.StdoutPipe()
	if err == nil {
		err = d.cmd.Start()
	}
	if err != nil {
		d.t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 512)); err != nil { // it speaks once it serves
		d.t.Fatalf("the double: %v %s", err, said.String())
	}
}

func (d *double) kill() {
	d.cmd.Process.Kill()
	d.cmd.Wait()
}

// size is that of the double's file, in bytes.
func (d *double) size() int {
	info, err := os.Stat(d.file)
	if err != nil {
		return 0
	}
	return int(info.Size())
}
