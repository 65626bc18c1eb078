package e2e

import (
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// withoutPositions leaves out where in its log something stands.
func withoutPositions(text string) string {
	const field = `"position":`
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, field)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		text = after
		after = strings.TrimLeft(after, " \n")
		switch {
		case strings.HasPrefix(after, "{"):
			_, after, found = strings.Cut(after, "}")
		case strings.HasPrefix(after, `"`):
			_, after, found = strings.Cut(after[1:], `"`)
		default:
			found = false
		}
		if !found { // whatever it is, it is compared
			b.WriteString(field)
			continue
		}
		text = strings.TrimPrefix(after, ",")
	}
}

// testsBegan: what is later was read from the clock, and no part of what was simulated or imported.
var testsBegan = time.Now().UTC().Format(time.RFC3339)

// withoutIDs names ids by the order in which they occur, and blots out keyed
// hashes and today's clock: they differ from one run of the program to the
// next. So do codes of imported cases (X90): those of one day are numbered by
// whichever comes first. It reads hundreds of megabytes in a test, for which
// regular expressions are too slow.
func withoutIDs(text string) string {
	names := map[string]string{}
	var b strings.Builder
	from := 0
	for at := 0; at < len(text); {
		n := idAt(text[at:])
		if n == 0 {
			at++
			continue
		}
		id := text[at : at+n]
		b.WriteString(text[from:at])
		at += n
		from = at
		switch {
		case n == 64:
			b.WriteString("#")
		case id[n-1] == 'Z' && id >= testsBegan[:len(testsBegan)-1]:
			b.WriteString("now")
		case id[n-1] == 'Z':
			b.WriteString(id)
		default:
			if names[id] == "" {
				names[id] = "#" + strconv.Itoa(len(names))
			}
			b.WriteString(names[id])
		}
	}
	b.WriteString(text[from:])
	return b.String()
}

// The forms of ids: h is a hex digit, d a digit, t what stands in a time.
const (
	formUUID = "hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh"
	formTime = "20ttttttttttttttttt"
	formCode = "X90.dd-dddddd-dddd"
)

var formHash = strings.Repeat("h", 64)

// idAt is how many bytes an id takes with which a text begins: a hash, a UUID,
// a time in UTC, an imported case's code. 0: there is none.
func idAt(text string) int {
	switch c := text[0]; {
	case c == 'X' && begins(text, formCode):
		return len(formCode)
	case c > 'f' || !isHex(c):
		return 0
	case begins(text, formHash):
		return len(formHash)
	case begins(text, formUUID):
		return len(formUUID)
	case begins(text, formTime):
		end := len(formTime)
		if end+1 < len(text) && text[end] == '.' && isDigit(text[end+1]) {
			for end++; end < len(text) && isDigit(text[end]); end++ {
			}
		}
		if end < len(text) && text[end] == 'Z' {
			return end + 1
		}
	}
	return 0
}

// begins reports whether a text begins in a form.
func begins(text, form string) bool {
	if len(text) < len(form) {
		return false
	}
	for i := range len(form) {
		c, ok := text[i], false
		switch f := form[i]; f {
		case 'h':
			ok = isHex(c)
		case 'd':
			ok = isDigit(c)
		case 't':
			ok = isDigit(c) || c == 'T' || c == ':' || c == '-'
		default:
			ok = c == f
		}
		if !ok {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isHex(c byte) bool { return isDigit(c) || 'a' <= c && c <= 'f' }

// TestIDsAreFound holds idAt against regular expressions that say the same.
func TestIDsAreFound(t *testing.T) {
	ids := regexp.MustCompile(`^(?:[0-9a-f]{64}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|20[0-9T:-]{17}(\.[0-9]+)?Z|X90\.[0-9]{2}-[0-9]{6}-[0-9]{4})`)
	seeds := []string{strings.Repeat("0a", 32), "0b7e3c1e-1111-4222-8333-123456789abc", "2026-06-01T02:00:00Z",
		"2026-06-01T02:00:00.123Z", "2026-06-01T02:00:00.Z", "X90.31-260601-0001", "2026", "X90", ""}
	rnd := rand.New(rand.NewPCG(1, 2))
	found := 0
	for range 50_000 {
		raw := []byte(seeds[rnd.IntN(len(seeds))] + seeds[rnd.IntN(len(seeds))] + "-")
		if rnd.IntN(2) == 0 {
			raw[rnd.IntN(len(raw))] = "0aZ.-:X2"[rnd.IntN(8)]
		}
		for text := string(raw); text != ""; text = text[1:] {
			want := len(ids.FindString(text))
			if want > 0 {
				found++
			}
			if got := idAt(text); got != want {
				t.Fatalf("%q begins with an id of %d bytes, not of %d", text, want, got)
			}
		}
	}
	if found < 1000 {
		t.Errorf("only %d ids", found)
	}
	if got := withoutPositions(`{"position":"12/3","a":1,"b":{"position":{"c":1,"p":2}},"position":"1"}`); got != `{"a":1,"b":{},}` {
		t.Error(got)
	}
	if odd := `{"position":null,"a":{"position":12},"position":"x`; withoutPositions(odd) != odd {
		t.Error(withoutPositions(odd))
	}
}
