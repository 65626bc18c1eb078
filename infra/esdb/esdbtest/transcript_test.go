package esdbtest

import (
	"bufio"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// line is one recorded call.
type line struct {
	at            string // FILE:LINE
	Name          string
	Method        string
	Node          string
	Note          string
	Header        map[string]string
	Bg            bool // ran beside the following calls
	MS            int
	Requests      []json.RawMessage
	RequestsMore  int `json:"requests_more"`
	Responses     []json.RawMessage
	ResponsesMore int `json:"responses_more"`
	Answers       int // tls.jsonl counts them only
	Code          string
	Message       string
	Trailers      map[string]any
}

// transcriptDir finds the recorded answers: they stand beside the project, not
// in it.
func transcriptDir(t *testing.T) string {
	t.Helper()
	var tried []string
	if shared := os.Getenv("HOSO_SHARED"); shared != "" {
		tried = append(tried, filepath.Join(shared, "esdb"))
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for dir != filepath.Dir(dir) {
		dir = filepath.Dir(dir)
		tried = append(tried, filepath.Join(dir, "shared", "esdb"))
	}
	for _, d := range tried {
		if _, err := os.Stat(filepath.Join(d, "one-node.jsonl")); err == nil {
			return d
		}
	}
	t.Skipf("needs the recorded answers of a real server, which stand beside the project in shared/esdb (or in HOSO_SHARED); looked in %s",
		strings.Join(tried, ", "))
	return ""
}

// transcript reads a file of recorded calls.
func transcript(t *testing.T, name string) []line {
	t.Helper()
	f, err := os.Open(filepath.Join(transcriptDir(t), name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []line
	in := bufio.NewScanner(f)
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		l := line{at: fmt.Sprintf("%s:%d", name, len(out)+1)}
		if err := json.Unmarshal(in.Bytes(), &l); err != nil {
			t.Fatalf("%s: %v", l.at, err)
		}
		out = append(out, l)
	}
	if err := in.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

var bigText = regexp.MustCompile(`"@big:(\d+)"`)

// whole puts the large texts in where the transcript only tells their size.
func whole(raw json.RawMessage) []byte {
	return bigText.ReplaceAllFunc(raw, func(b []byte) []byte {
		n, _ := strconv.Atoi(string(bigText.FindSubmatch(b)[1]))
		text := `{"x":"` + strings.Repeat("y", n-8) + `"}`
		return []byte(strconv.Quote(base64.StdEncoding.EncodeToString([]byte(text))))
	})
}

// requests are a call's messages, with those the transcript leaves out: like
// the last, each with an id of its own that depends on its place alone.
func (l line) requests() [][]byte {
	var out [][]byte
	for _, r := range l.Requests {
		out = append(out, whole(r))
	}
	if l.RequestsMore == 0 {
		return out
	}
	like := string(out[len(out)-1])
	var parsed struct {
		ProposedMessage struct {
			ID struct{ String string }
		}
	}
	_ = json.Unmarshal([]byte(like), &parsed)
	for i := range l.RequestsMore {
		id := uuid.NewSHA1(uuid.NameSpaceURL, []byte(strconv.Itoa(i)))
		if i == l.RequestsMore-1 && strings.Contains(l.Note, "the last one has an id not used before") {
			id = uuid.New()
		}
		out = append(out, []byte(strings.Replace(like, parsed.ProposedMessage.ID.String, id.String(), 1)))
	}
	return out
}

var omission = regexp.MustCompile(`(?m)^//\s+(\S+\.jsonl:\d+) (.+)$`)

//go:embed doc.go
var packageComment string

// leftOut reads from the package's comment which recorded calls the double
// does not answer.
func leftOut() map[string]string {
	out := map[string]string{}
	for _, m := range omission.FindAllStringSubmatch(packageComment, -1) {
		out[m[1]] = m[2]
	}
	return out
}
