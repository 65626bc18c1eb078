package xes

import (
	"bufio"
	"compress/gzip"
	"html"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// rawCase is a case as the second reader sees it: events are maps of their attributes.
type rawCase struct {
	attributes map[string]string
	events     []map[string]string
}

var rawAttribute = regexp.MustCompile(`<(?:string|date|float|int|boolean) key="([^"]*)" value="([^"]*)"`)

// readRaw reads a log line by line: these two files have one tag on each.
func readRaw(t *testing.T, path string) []rawCase {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var out []rawCase
	var into map[string]string
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		switch {
		case strings.Contains(line, "<trace>"):
			into = map[string]string{}
			out = append(out, rawCase{attributes: into})
		case strings.Contains(line, "<event>"):
			into = map[string]string{}
			c := &out[len(out)-1]
			c.events = append(c.events, into)
		case into != nil:
			if m := rawAttribute.FindStringSubmatch(line); m != nil {
				into[m[1]] = html.UnescapeString(m[2])
			}
		}
	}
	if lines.Err() != nil {
		t.Fatal(lines.Err())
	}
	return out
}

func (c rawCase) first(begin string) map[string]string {
	for _, e := range c.events { // both logs are in the order of time within a case
		if strings.HasPrefix(e["concept:name"], begin) {
			return e
		}
	}
	return nil
}

func rawTime(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
