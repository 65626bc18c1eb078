package xes

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
)

// stream writes a log of about size bytes into a pipe, as fast as it is read.
func stream(size int) (r *io.PipeReader, cases *int) {
	r, w := io.Pipe()
	cases = new(int)
	var events bytes.Buffer
	for i := range 40 {
		fmt.Fprintf(&events, "\t\t<event>\n\t\t\t<string key=\"concept:name\" value=\"activity %d\"/>\n\t\t\t<date key=\"time:timestamp\" value=\"2011-10-11T13:45:40.276+02:00\"/>\n"+
			"\t\t\t<string key=\"org:resource\" value=\"Resource%02d\"/>\n\t\t\t<string key=\"remark\" value=\"%s\"/>\n\t\t</event>\n", i, i, strings.Repeat("m", 2000))
	}
	go func() {
		io.WriteString(w, "<log>\n")
		for written := 0; written < size; *cases++ {
			n, err := fmt.Fprintf(w, "\t<trace>\n\t\t<string key=\"concept:name\" value=\"case-%d\"/>\n%s\t</trace>\n", *cases, events.Bytes())
			if err != nil {
				return
			}
			written += n
		}
		io.WriteString(w, "</log>\n")
		w.Close()
	}()
	return r, cases
}

// TestReadBoundedMemory reads a few hundred megabytes and sees that what is
// alive does not grow with them.
func TestReadBoundedMemory(t *testing.T) {
	size := 300 << 20
	if testing.Short() {
		size = 30 << 20
	}
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	src, written := stream(size)
	before, most, n := heap(), uint64(0), 0
	for trace, err := range Read(src) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; len(trace.Events) != 40 {
			t.Fatalf("case %d has %d events", n, len(trace.Events))
		}
		if n%500 == 0 {
			most = max(most, heap())
		}
	}
	if n != *written {
		t.Errorf("read %d of %d cases", n, *written)
	}
	if grown := int64(most) - int64(before); grown > 8<<20 {
		t.Errorf("reading %d MiB keeps %d MiB alive", size>>20, grown>>20)
	}
}

// TestReadMonstrousCase: a case that never ends is refused at its limit, with
// its number, and the cases before it are given.
func TestReadMonstrousCase(t *testing.T) {
	r, w := io.Pipe()
	go func() {
		io.WriteString(w, "<log><trace><string key='concept:name' value='small'/></trace><trace>")
		for {
			if _, err := io.WriteString(w, "<event><string key='remark' value='"+strings.Repeat("m", 4000)+"'/></event>\n"); err != nil {
				return
			}
		}
	}()
	defer r.Close()
	got, err := readAll(r)
	if len(got) != 1 || err == nil || !strings.Contains(err.Error(), `case 2 (the one after "small")`) || !strings.Contains(err.Error(), "32 MiB") {
		t.Errorf("%d cases, %v", len(got), err)
	}
}
