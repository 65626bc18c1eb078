package xes

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// smallMapping is a mapping as a user might write it; tests add rules to it.
const smallMapping = `{
  "source": "test",
  "agency": {"code": "X90.09", "name": "A", "level": "commune", "effective_from": "2010-01-01"},
  "procedure": {"code": "TEST.1", "name": "P", "field": "F", "level": "partly", "duration": {"quantity": 0, "unit": ""}, "effective_from": "2010-01-01"},
  "calendar": {"id": "test", "name": "T", "week": [[], [{"from": 420, "to": 900}], [], [], [], [], []], "days": [], "covers_from": "", "covers_to": ""},
  "nothing": ["EMPTY"],
  "case": {"start": "start", "due": "due", "channel": {"attribute": "channel", "values": {"Web": "online"}, "text": "post"}},
  "event": {"officer": "who", "unit": "unit"},
  RULES
}`

func parse(rules string) (*Mapping, error) {
	s := strings.Replace(smallMapping, `"level": "commune"`, `"level": "commune", "reception_calendar": "test", "processing_calendar": "test"`, 1)
	return Parse([]byte(strings.Replace(s, "RULES", rules, 1)))
}

func mustParse(t *testing.T, rules string) *Mapping {
	t.Helper()
	m, err := parse(rules)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestBuiltInMappings(t *testing.T) {
	names := BuiltIn()
	if strings.Join(names, " ") != "bpic15 receipt" {
		t.Errorf("built in: %q", names)
	}
	for _, name := range names {
		if _, err := Load(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLoadFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mine.json")
	data, err := builtIn.ReadFile("mappings/receipt.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(data), "coselog-receipt", "mine", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := Load(path)
	if err != nil || m.Source != "mine" || len(m.Rules) != 5 {
		t.Errorf("%+v, %v", m, err)
	}
	if _, err := Load("no-such-mapping"); err == nil || !strings.Contains(err.Error(), "bpic15, receipt") {
		t.Errorf("a mapping that is nowhere: %v", err)
	}
}

func TestMappingRefused(t *testing.T) {
	when := `"when": [{"attribute": "concept:name", "is": ["a"]}]`
	for rules, says := range map[string]string{
		`"rulez": []`: "rulez",
		`"rules": [{"becomes": "dossier.accepted"}]`:                                                                                "when is missing",
		`"rules": [{"becomes": "accepted", ` + when + `}]`:                                                                          `"accepted" is none`,
		`"rules": [{"becomes": "dossier.submitted", ` + when + `}]`:                                                                 "none of the events",
		`"rules": [{"becomes": "dossier.routed", "when": [{"attribute": "a"}]}]`:                                                    "is or starts_with",
		`"rules": [{"becomes": "dossier.routed", "again_after": "dossier.routed", ` + when + `}]`:                                   "first",
		`"rules": [{"becomes": "dossier.routed", "after": "routed", ` + when + `}]`:                                                 `"routed" is none`,
		`"rules": [{"becomes": "dossier.decided", "outcome": {"text": "good"}, ` + when + `}]`:                                      `outcome gives "good"`,
		`"rules": [{"becomes": "dossier.decided", "outcome": {"attribute": "x"}, ` + when + `}]`:                                    "outcome.values is missing",
		`"from_case": [{"becomes": "dossier.delivered"}]`:                                                                           "attribute is missing",
		`"from_case": [{"becomes": "dossier.payment_requested", "attribute": "fee"}]`:                                               "needs payment",
		`"from_case": [{"becomes": "dossier.payment_requested", "attribute": "fee", "payment": {"kind": "fee", "currency": "EU"}}]`: "currency",
		`"zone": "Europe/Amsterdam"`: "+01:00",
	} {
		if _, err := parse(rules); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", rules, err, says)
		}
	}
}

func TestParseAmount(t *testing.T) {
	for _, c := range []struct {
		text     string
		decimals int
		want     int64
		ok       bool
	}{
		{"157.09305", 2, 15709, true}, {"0.005", 2, 1, true}, {"0.0049999", 2, 0, true}, {"21534.225", 2, 2153423, true},
		{"12", 0, 12, true}, {"12.5", 0, 13, true}, {"1.5E3", 2, 150000, true}, {"0", 2, 0, true}, {"0e999999999", 2, 0, true}, {"1e-999999999", 2, 0, true},
		{"-2234.54", 2, -223454, true}, {"-0.005", 2, 0, true}, {"104549.7", 2, 10454970, true},
		{"1e999999999", 2, 0, false}, {"1e14", 2, 0, false}, {"1,5", 2, 0, false}, {"", 2, 0, false}, {"NaN", 2, 0, false}, {"Inf", 2, 0, false}, {"1/3", 2, 0, false},
	} {
		got, ok := parseAmount(c.text, c.decimals)
		if got != c.want || ok != c.ok {
			t.Errorf("%q with %d decimals: %d, %t; want %d, %t", c.text, c.decimals, got, ok, c.want, c.ok)
		}
	}
}
