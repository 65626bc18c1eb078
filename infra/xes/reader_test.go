package xes

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

const smallLog = `<?xml version="1.0" encoding="UTF-8" ?>
<!-- a comment -->
<log xes.version="1.0" xmlns="http://www.xes-standard.org/">
	<extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
	<global scope="trace"><string key="concept:name" value="UNKNOWN"/></global>
	<classifier name="Activity" keys="concept:name"/>
	<float key="mean" value="4.13"><float key="nested" value="1"/></float>
	<trace>
		<string key="concept:name" value="case &quot;1&quot; &amp; more"/>
		<float key="fee" value="157.09305"/>
		<list key="parts"><values><string key="part" value="roof"/><string key="part" value="wall"/></values></list>
		<event>
			<string key="concept:name" value="Ngày nộp"><string key="inner" value="deep"/></string>
			<date key="time:timestamp" value="2011-10-11T13:45:40.276+02:00"/>
			<boolean key="question" value="true"/><int key="n" value="-7"/><id key="uid" value="a-b"/>
		</event>
		<event/>
	</trace>
	<trace><string key="concept:name" value="case 2"></string></trace>
</log>
`

func readAll(r io.Reader) (out []Trace, err error) {
	for t, e := range Read(r) {
		if e != nil {
			return out, e
		}
		out = append(out, t)
	}
	return out, nil
}

func TestRead(t *testing.T) {
	got, err := readAll(strings.NewReader(smallLog))
	if err != nil {
		t.Fatal(err)
	}
	want := []Trace{
		{Number: 1, Line: 8, Attributes: Attributes{
			{"string", "concept:name", `case "1" & more`, nil}, {"float", "fee", "157.09305", nil},
			{"list", "parts", "", Attributes{{"string", "part", "roof", nil}, {"string", "part", "wall", nil}}},
		}, Events: []Event{
			{Line: 12, Attributes: Attributes{
				{"string", "concept:name", "Ngày nộp", Attributes{{"string", "inner", "deep", nil}}},
				{"date", "time:timestamp", "2011-10-11T13:45:40.276+02:00", nil},
				{"boolean", "question", "true", nil}, {"int", "n", "-7", nil}, {"id", "uid", "a-b", nil},
			}},
			{Line: 17},
		}},
		{Number: 2, Line: 19, Attributes: Attributes{{"string", "concept:name", "case 2", nil}}},
	}
	for i := range got {
		begin, end := got[i].Offset, got[i].Offset+got[i].Size
		if s := smallLog[begin:end]; !strings.HasPrefix(s, "<trace>") || !strings.HasSuffix(s, "</trace>") {
			t.Errorf("case %d stands at %d to %d, which is %q", i+1, begin, end, s)
		}
		got[i].Offset, got[i].Size = 0, 0
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v\nwant %+v", got, want)
	}
	if s := got[0].Events[0].Attributes.Text("concept:name/inner"); s != "deep" {
		t.Errorf("nested attribute is %q", s)
	}
}

// packed writes the small log in every form that is read.
func packed(t *testing.T) map[string]io.Reader {
	t.Helper()
	var gz, twoMembers bytes.Buffer
	z := gzip.NewWriter(&gz)
	io.WriteString(z, smallLog)
	z.Close()
	for _, half := range []string{smallLog[:500], smallLog[500:]} {
		z := gzip.NewWriter(&twoMembers)
		io.WriteString(z, half)
		z.Close()
	}
	latin := strings.NewReplacer("UTF-8", "ISO-8859-1", "Ngày nộp", "Ng\xe0y n?p").Replace(smallLog)
	return map[string]io.Reader{
		"bom":              strings.NewReader("\ufeff" + smallLog),
		"gzip":             bytes.NewReader(gz.Bytes()),
		"gzip, two":        bytes.NewReader(twoMembers.Bytes()),
		"gzip of bom":      bytes.NewReader(gzipped(t, "\ufeff"+smallLog)),
		"zip":              zipped(t, "logs/a.xes", smallLog),
		"zip of gzip":      zipped(t, "a.XES.GZ", gz.String()),
		"latin-1":          strings.NewReader(latin),
		"namespace prefix": strings.NewReader(strings.NewReplacer("</", "</x:", "<string", "<x:string", "<log", "<x:log", "<trace", "<x:trace", "<float", "<x:float", "<list", "<x:list", "<values", "<x:values", "<event", "<x:event", "<date", "<x:date", "<boolean", "<x:boolean", "<int", "<x:int", "<id", "<x:id", "<global", "<x:global").Replace(smallLog)),
	}
}

func gzipped(t *testing.T, s string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, s); err != nil {
		t.Fatal(err)
	}
	z.Close()
	return b.Bytes()
}

// zipped writes a zip file that holds a readme and the log, and opens it.
func zipped(t *testing.T, name, content string) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "log.zip")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	z := zip.NewWriter(f)
	for n, s := range map[string]string{"readme.txt": "not this one", name: content} {
		w, err := z.Create(n)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, s)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestReadPacked(t *testing.T) {
	for form, r := range packed(t) {
		got, err := readAll(r)
		if err != nil || len(got) != 2 || len(got[0].Events) != 2 {
			t.Errorf("%s: %d cases, %v", form, len(got), err)
			continue
		}
		if s := got[0].Events[0].Attributes.Text("concept:name"); !strings.HasPrefix(s, "Ngày n") {
			t.Errorf("%s: event named %q", form, s)
		}
	}
}

func TestReadWrong(t *testing.T) {
	log := func(s string) string { return "<log>\n" + s + "\n</log>" }
	gz := gzipped(t, smallLog)
	damaged := bytes.Clone(gz)
	damaged[len(damaged)-6] ^= 1 // the checksum
	for _, c := range []struct {
		name, text string
		line       int
		number     int    // of the case
		says       string // a part of the message
	}{
		{"empty", "", 1, 0, "no <log>"},
		{"no XML", "case;activity\n1;a", 2, 0, "no <log>"},
		{"another XML", "<html><body/></html>", 1, 0, "root is <html>"},
		{"UTF-16", "\xff\xfe<\x00", 1, 0, "UTF-16"},
		{"unknown encoding", `<?xml version="1.0" encoding="klingon"?><log/>`, 1, 0, "klingon"},
		{"event outside", log("<event/>"), 2, 0, "outside every case"},
		{"no key", log("<trace>\n<string value='a'/>\n</trace>"), 3, 1, "no key"},
		{"no value", log("<trace/><trace>\n<date key='a'/>\n</trace>"), 3, 2, `"a"> has no value`},
		{"unknown element", log("<trace>\n<event><who key='a' value='b'/></event>\n</trace>"), 3, 1, "<who>"},
		{"crossed", log("<trace>\n<event></trace></event>"), 3, 1, "</trace> closes nothing"},
		{"entity", log("<trace>\n<string key='a' value='&bomb;'/>\n</trace>"), 3, 1, "&bomb;"},
		{"text behind", "<log></log><log/>", 1, 0, "follows the end"},
		{"cut in a case", log("<trace/><trace>\n<event>")[:len("<log>\n<trace/><trace>\n<event>")], 3, 2, "cut off"},
		{"cut in a tag", "<log><trace><string key='a", 1, 1, "cut off"},
		{"cut between cases", "<log>\n<trace></trace>", 2, 2, "cut off"},
		{"cut gzip", string(gz[:len(gz)-20]), -1, -1, "cut off"},
		{"damaged gzip", string(damaged), 21, 3, "damaged"},
		{"deep", log("<trace>" + strings.Repeat("<list key='a'>", 100)), 2, 1, "nested"},
		{"long value", log("<trace><string key='a' value='" + strings.Repeat("x", 2<<20) + "'/></trace>"), 2, 1, "1 MiB"},
		{"long comment", log("<!--" + strings.Repeat("x", 2<<20) + "-->"), 2, 0, "1 MiB"},
	} {
		_, err := readAll(strings.NewReader(c.text))
		var input *InputError
		if !errors.As(err, &input) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if c.line >= 0 && (input.Line != c.line || input.Case != c.number) {
			t.Errorf("%s: line %d, case %d, want %d and %d: %v", c.name, input.Line, input.Case, c.line, c.number, err)
		}
	}
	if _, err := readAll(zipped(t, "a.csv", "x")); err == nil || !strings.Contains(err.Error(), ".xes") {
		t.Errorf("zip without a log: %v", err)
	}
	piped, _ := io.ReadAll(zipped(t, "a.xes", smallLog))
	if _, err := readAll(io.MultiReader(bytes.NewReader(piped))); err == nil || !strings.Contains(err.Error(), "unzip it") {
		t.Errorf("zip as a stream: %v", err)
	}
}

// TestReadCutAnywhere cuts the log at every byte: never a case that is not
// whole, always an error that says so.
func TestReadCutAnywhere(t *testing.T) {
	ends := []int{strings.Index(smallLog, "</trace>") + len("</trace>"), strings.LastIndex(smallLog, "</trace>") + len("</trace>")}
	for n := range strings.LastIndex(smallLog, ">") {
		got, err := readAll(strings.NewReader(smallLog[:n]))
		whole := 0
		for _, end := range ends {
			if n >= end {
				whole++
			}
		}
		if err == nil || len(got) != whole {
			t.Fatalf("cut at %d: %d cases, want %d; %v", n, len(got), whole, err)
		}
	}
}
