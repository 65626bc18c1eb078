package cli

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"hoso/domain/calendar"
)

// document prints one JSON document.
func (a *app) document(v any) error {
	text, err := json.Marshal(v, jsontext.WithIndent("  "), json.Deterministic(true))
	if err != nil {
		return err
	}
	_, err = a.stdout.Write(append(text, '\n'))
	return err
}

func (a *app) printf(format string, args ...any) { fmt.Fprintf(a.stdout, format, args...) }

// tellf says something beside the answer, on standard error.
func (a *app) tellf(format string, args ...any) { fmt.Fprintf(a.stderr, format+"\n", args...) }

// localTime writes an instant as people in Viet Nam read it.
func localTime(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.In(calendar.Zone).Format("2006-01-02 15:04")
}

// thousands writes 1234567 as 1,234,567.
func thousands(n uint64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// progress tells how far something has come: a bar on a terminal, else a line
// every ten seconds.
type progress struct {
	w     io.Writer
	bar   bool
	label string
	begun time.Time
	last  time.Time
	shown bool
}

func (a *app) progress(label string) *progress {
	now := time.Now()
	return &progress{w: a.stderr, bar: isTerminal(a.stderr), label: label, begun: now, last: now}
}

// at tells; total 0 means unknown.
func (p *progress) at(done, total uint64) {
	now, every := time.Now(), 10*time.Second
	if p.bar {
		every = 100 * time.Millisecond
	}
	if now.Sub(p.last) < every {
		return
	}
	p.last = now
	text := fmt.Sprintf("%s: %s", p.label, thousands(done))
	if total > 0 {
		text += fmt.Sprintf(" of %s (%d %%)", thousands(total), 100*done/total)
	}
	text += fmt.Sprintf(", %.0f s", now.Sub(p.begun).Seconds())
	if !p.bar {
		fmt.Fprintln(p.w, text)
		return
	}
	if total > 0 {
		const width = 24
		full := int(min(width, width*done/total))
		text = "[" + strings.Repeat("=", full) + strings.Repeat(" ", width-full) + "] " + text
	}
	p.shown = true
	fmt.Fprintf(p.w, "\r\x1b[K%s", text)
}

// end takes the bar away.
func (p *progress) end() {
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
