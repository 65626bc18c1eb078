package e2e

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"hoso/domain"
)

// TestNeedlesAreFound: the search that the privacy tests stand on finds a value
// in every form in which it may leak, wherever it begins, and finds nothing in
// what looks alike.
func TestNeedlesAreFound(t *testing.T) {
	t.Parallel()
	name, number := "Nguyễn Thị Bưởi", "001085123456"
	n, _ := needlesOf([]secret{{uuid.New(), "dossier.submitted Owner Name", name}, {uuid.New(), "dossier.submitted Owner IDNumber", number}}, map[string]bool{"Thị": true})
	sum := func(s string) string { h := sha256.Sum256([]byte(s)); return string(h[:]) }
	leaks := map[string]string{
		"plain": name, "folded": domain.Fold(name), "upper case": strings.ToUpper(name), "number": number,
		"escaped": `Nguy\u1ec5n Th\u1ecb B\u01b0\u1edfi`, "ESCAPED": `Nguy\u1EC5n Th\u1ECB B\u01B0\u1EDFi`,
		"hex": hex.EncodeToString([]byte(name)), "HEX": strings.ToUpper(hex.EncodeToString([]byte(number))),
		"SHA-256": sum(name), "SHA-256 in hex": hex.EncodeToString([]byte(sum(number))), "SHA-256 in base64": base64.StdEncoding.EncodeToString([]byte(sum(name))),
		"SHA-256 of the folded": hex.EncodeToString([]byte(sum(domain.Fold(name)))), "SHA-256 of a single name": sum("Bưởi"), "of a word of the catalogue": sum("Thị"),
		"a single name": `{"x":"Bưởi"}`, "a single name, folded": "log: user nguyen asked",
	}
	for shift := range 6 {
		for _, coding := range []*base64.Encoding{base64.StdEncoding, base64.RawURLEncoding} {
			leaks[fmt.Sprint("base64 after ", shift, coding == base64.StdEncoding)] = coding.EncodeToString([]byte("abcdef"[:shift] + number + "xyz"))
		}
	}
	for form, leak := range leaks {
		for _, around := range []string{"", "\x00\x01 ", "}"} {
			if len(n.find([]byte("\n"+around+leak+around+"\n"))) == 0 {
				t.Errorf("%s is not found in %q", form, around+leak+around)
			}
		}
	}
	for _, harmless := range []string{"Thị trường", "Bưở", "00108512345", "wz1Buoi8", "xBưởix", hex.EncodeToString([]byte("Nguyễn Văn"))} {
		if found := n.find([]byte(" " + harmless + " ")); len(found) > 0 {
			t.Errorf("%q: found %v", harmless, found)
		}
	}
}
