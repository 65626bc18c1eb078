package simulate

import (
	_ "embed"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"golang.org/x/text/unicode/norm"

	"hoso/domain"
)

// names holds surnames, middle syllables and given names with their
// frequencies, one kind a line; infra/starter/SOURCES.md says where from.
//
//go:embed names.txt
var names string

// weighted picks words by their frequency.
type weighted struct {
	words []string
	upto  []int // running sums
}

func parseWeighted(line string) weighted {
	var w weighted
	sum := 0
	for field := range strings.FieldsSeq(line) {
		word, count, _ := strings.Cut(field, ":")
		n, err := strconv.Atoi(count)
		if err != nil {
			panic("simulate: names.txt: " + field)
		}
		sum += n
		w.words, w.upto = append(w.words, word), append(w.upto, sum)
	}
	return w
}

func (w weighted) pick(rng *rand.Rand) string {
	n := rng.IntN(w.upto[len(w.upto)-1])
	for i, upto := range w.upto {
		if n < upto {
			return w.words[i]
		}
	}
	return w.words[len(w.words)-1]
}

// person is an applicant, invented; with how many dossiers they have open.
type person struct {
	domain.PersonInput
	actor  domain.Actor
	open   int
	total  int
	erased bool
}

// crowd is everybody who ever applied.
type crowd struct {
	rng                    *rand.Rand
	surname, middle, given weighted
	everybody              []*person
}

func newCrowd(rng *rand.Rand) *crowd {
	lines := strings.Split(strings.TrimSpace(names), "\n")
	return &crowd{rng: rng, surname: parseWeighted(lines[0]), middle: parseWeighted(lines[1]), given: parseWeighted(lines[2])}
}

// someone is a new person, or now and then one who has applied before.
func (c *crowd) someone(kind domain.PersonKind) *person {
	if len(c.everybody) > 20 && c.rng.IntN(100) < 13 {
		if p := c.everybody[c.rng.IntN(len(c.everybody))]; p.Kind == kind && !p.erased {
			return p
		}
	}
	return c.stranger(kind)
}

func (c *crowd) stranger(kind domain.PersonKind) *person {
	var in domain.PersonInput
	if kind == domain.Business {
		in = c.business()
	} else {
		in = c.citizen()
	}
	id := uuid.NewSHA1(space, fmt.Appendf(nil, "person %d %d", len(c.everybody), c.rng.Uint64()))
	p := &person{PersonInput: in, actor: domain.Actor{Role: domain.Applicant, ID: id.String()}}
	c.everybody = append(c.everybody, p)
	return p
}

// citizen is a natural person. Their phone numbers begin with 04 and 06, area
// codes that have been out of use since 2017.
func (c *crowd) citizen() domain.PersonInput {
	rng := c.rng
	surname, middle, given := c.surname.pick(rng), c.middle.pick(rng), c.given.pick(rng)
	born := 1950 + rng.IntN(56)
	woman := middle == "Thị" || middle != "Văn" && rng.IntN(2) == 0
	in := domain.PersonInput{
		Kind: domain.Citizen, Name: surname + " " + middle + " " + given,
		IDNumber: citizenNumber(rng, born, woman),
		Address:  fmt.Sprintf("Số %d, đường Mẫu %d, %s", 1+rng.IntN(240), 1+rng.IntN(30), quarters[rng.IntN(len(quarters))]),
		Phone:    fmt.Sprintf("04%02d %03d %03d", rng.IntN(100), rng.IntN(1000), rng.IntN(1000)),
	}
	if born < 1998 && rng.IntN(100) < 18 {
		in.OtherID = oldNumber(rng)
	}
	if rng.IntN(100) < 80 {
		in.Email = fmt.Sprintf("%s.%s%d@example.com", plain(given), plain(surname), rng.IntN(1000))
	}
	return in
}

var quarters = []string{"Phường Mẫu 1, tỉnh Mẫu", "Phường Mẫu 2, tỉnh Mẫu", "Xã Mẫu 3, tỉnh Mẫu"}

func (c *crowd) business() domain.PersonInput {
	rng := c.rng
	forms := []string{"Công ty TNHH", "Công ty Cổ phần", "Doanh nghiệp tư nhân"}
	trades := []string{"Xây dựng", "Thương mại và Dịch vụ", "Đầu tư và Phát triển", "Tư vấn Thiết kế", "Vận tải"}
	name := c.given.pick(rng) + " " + c.given.pick(rng)
	return domain.PersonInput{
		Kind: domain.Business, Name: fmt.Sprintf("%s %s %s (minh họa)", forms[rng.IntN(len(forms))], trades[rng.IntN(len(trades))], name),
		IDNumber: businessNumber(rng),
		Address:  fmt.Sprintf("Lô %d, khu Mẫu, %s", 1+rng.IntN(60), quarters[rng.IntN(len(quarters))]),
		Phone:    fmt.Sprintf("06%02d %03d %03d", rng.IntN(100), rng.IntN(1000), rng.IntN(1000)),
		Email:    fmt.Sprintf("vanthu@%s%d.example.com", strings.ReplaceAll(plain(name), " ", ""), rng.IntN(1000)),
	}
}

// settled finds up to n people whose dossiers have all ended.
func (c *crowd) settled(n int) []*person {
	var out []*person
	for _, p := range c.everybody {
		if len(out) < n && p.total > 0 && p.open == 0 && !p.erased {
			out = append(out, p)
		}
	}
	return out
}

// citizenNumber is a CCCD: province of birth, century and sex, year, six digits.
func citizenNumber(rng *rand.Rand, born int, woman bool) string {
	century := (born/100 - 19) * 2
	if woman {
		century++
	}
	return valid(func() string {
		return fmt.Sprintf("%03d%d%02d%06d", 1+rng.IntN(96), century, born%100, rng.IntN(1_000_000))
	})
}

func oldNumber(rng *rand.Rand) string {
	return valid(func() string { return fmt.Sprintf("%09d", rng.IntN(400_000_000)) })
}

func businessNumber(rng *rand.Rand) string {
	return valid(func() string { return fmt.Sprintf("%02d%08d", 1+rng.IntN(63), rng.IntN(100_000_000)) })
}

// valid draws until the number's structure holds.
func valid(draw func() string) string {
	for {
		if s := draw(); isNumber(s) {
			return s
		}
	}
}

func isNumber(s string) bool {
	_, _, err := domain.ParseIDNumber(s)
	return err == nil
}

// plain writes a name as mail addresses do: no marks, đ as d, lower case.
func plain(s string) string {
	s = strings.NewReplacer("đ", "d", "Đ", "D").Replace(s)
	var b strings.Builder
	for _, r := range norm.NFD.String(s) {
		if r < 0x300 || r > 0x36f {
			b.WriteRune(r)
		}
	}
	return strings.ToLower(b.String())
}
