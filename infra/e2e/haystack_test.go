package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"hoso/domain"
)

// needles are byte strings that must not be found, each with what it is.
type needles struct {
	byStart map[[4]byte][]needle
	starts  [1 << 16]bool // first two bytes, a quick no
	words   map[string]string
	size    int
}

type needle struct {
	bytes []byte
	what  string
}

func newNeedles() *needles {
	return &needles{byStart: map[[4]byte][]needle{}, words: map[string]string{}}
}

func (n *needles) add(b []byte, what string) {
	if len(b) < 4 {
		panic(what)
	}
	start := [4]byte(b)
	for _, same := range n.byStart[start] {
		if bytes.Equal(same.bytes, b) {
			return
		}
	}
	n.byStart[start] = append(n.byStart[start], needle{bytes.Clone(b), what})
	n.starts[int(b[0])<<8|int(b[1])] = true
	n.size++
}

// value adds a personal value in every form in which it must not be there.
func (n *needles) value(s, what string) {
	for _, form := range []struct{ text, how string }{{s, "plain"}, {domain.Fold(s), "folded"}, {strings.ToUpper(s), "upper case"}} {
		how := what + ", " + form.how
		n.hashes(form.text, how)
		if len(form.text) < 5 {
			continue // too short to be told from chance as bytes anywhere
		}
		b := []byte(form.text)
		n.add(b, how)
		n.add([]byte(hex.EncodeToString(b)), how+", hex")
		n.add([]byte(strings.ToUpper(hex.EncodeToString(b))), how+", HEX")
		if escaped := jsonEscape(form.text, "%04x"); escaped != form.text {
			n.add([]byte(escaped), how+", JSON-escaped")
			n.add([]byte(jsonEscape(form.text, "%04X")), how+", JSON-escaped")
		}
		for shift := range 3 {
			if core := base64Core(b, shift); len(core) >= 6 {
				n.add(core, fmt.Sprintf("%s, base64 at %d", how, shift))
				url := strings.NewReplacer("+", "-", "/", "_").Replace(string(core))
				n.add([]byte(url), fmt.Sprintf("%s, base64url at %d", how, shift))
			}
		}
	}
}

// hashes adds the bare SHA-256 of a text, raw, in hex and in base64.
func (n *needles) hashes(s, what string) {
	sum := sha256.Sum256([]byte(s))
	n.add(sum[:], what+", SHA-256")
	n.add([]byte(hex.EncodeToString(sum[:])), what+", SHA-256 in hex")
	n.add([]byte(base64.RawStdEncoding.EncodeToString(sum[:])), what+", SHA-256 in base64")
	n.add([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), what+", SHA-256 in base64url")
}

// word adds a single name: found only as a word of its own. Three letters are
// spelled by chance in random bytes often enough to fail one run in thirty, so
// shorter ones are looked for as written only, and by their hashes.
func (n *needles) word(s, what string) {
	if folded := domain.Fold(s); len(folded) >= 4 {
		n.words[folded] = what + ", folded"
	}
	n.words[s] = what + ", as written"
	n.hashes(s, what)
	n.hashes(domain.Fold(s), what+", folded")
}

// base64Core encodes bytes that begin shift bytes into a group of three, and
// leaves out the digits that neighbours would change.
func base64Core(b []byte, shift int) []byte {
	padded := append(make([]byte, shift), b...)
	text := base64.RawStdEncoding.EncodeToString(padded)
	from := []int{0, 2, 3}[shift]
	return []byte(text[from : len(padded)/3*4])
}

func jsonEscape(s, digits string) string {
	var b strings.Builder
	for _, r := range s {
		if r < 128 {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\u`+digits, r)
		}
	}
	return b.String()
}

// find lists what of the needles is in a haystack, each once. Among random bytes
// (wrapped keys) single names of fewer than four bytes are passed by.
func (n *needles) find(hay []byte, random ...bool) []string {
	var found []string
	seen := map[string]bool{}
	hit := func(what string) {
		if !seen[what] {
			seen[what] = true
			found = append(found, what)
		}
	}
	for i := 0; i+4 <= len(hay); i++ {
		if !n.starts[int(hay[i])<<8|int(hay[i+1])] {
			continue
		}
		for _, x := range n.byStart[[4]byte(hay[i:])] {
			if bytes.HasPrefix(hay[i:], x.bytes) {
				hit(x.what)
			}
		}
	}
	for w := range wordsOf(hay) {
		if what, bad := n.words[w]; bad && (len(random) == 0 || len(w) >= 4) {
			hit(what)
		}
	}
	return found
}

// wordsOf are the words of a text between blanks and punctuation. A run of
// letters beside other bytes (digits, base64, the middle of a key) is none: in
// ciphertext three letters that spell a name are chance.
func wordsOf(hay []byte) map[string]bool {
	words := map[string]bool{}
	for part := range bytes.FieldsFuncSeq(hay, func(r rune) bool {
		return r < 0x80 && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("+/=_-", r)
	}) {
		if len(part) <= 32 {
			words[string(part)] = true
		}
	}
	return words
}

// folderFiles reads every file below a folder.
func folderFiles(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		files[name] = b
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
