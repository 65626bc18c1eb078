package xes

import (
	"strings"
	"time"
)

// Trace is one case of a log.
type Trace struct {
	Number     int   // 1, 2, 3 … in the file
	Line       int   // of the unpacked file, where the case begins
	Offset     int64 // bytes into it
	Size       int64 // bytes of XML it takes
	Attributes Attributes
	Events     []Event // in the file's order
}

// Event is one event of a case.
type Event struct {
	Line       int // of the unpacked file, where the event begins
	Attributes Attributes
}

// Attribute is a key with a value as the file writes it. Kind is one of
// string, date, int, float, boolean, id, list and container.
type Attribute struct {
	Kind, Key, Value string
	Nested           Attributes // its own attributes, or the members of a list or container
}

// Attributes are the attributes of one element, in the file's order.
type Attributes []Attribute

// Text gives the value of the attribute with a key, "" if there is none. A
// nested attribute is named by its path, outer/inner, unless an attribute has
// that very key.
func (as Attributes) Text(key string) string {
	for _, a := range as {
		if a.Key == key {
			return a.Value
		}
	}
	outer, inner, nested := strings.Cut(key, "/")
	if !nested {
		return ""
	}
	for _, a := range as {
		if a.Key == outer {
			return a.Nested.Text(inner)
		}
	}
	return ""
}

// localForms are dates and times without a zone.
var localForms = []string{"2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04", "2006-01-02"}

// parseTime reads an xs:dateTime; one without a zone is read in the given
// zone. False means that the text is no time.
func parseTime(s string, zone *time.Location) (time.Time, bool) {
	s = strings.TrimSpace(s)
	t, err := time.Parse(time.RFC3339Nano, s)
	for i := 0; err != nil && i < len(localForms); i++ {
		t, err = time.ParseInLocation(localForms[i], s, zone)
	}
	if err != nil || t.Year() < 1 || t.Year() > 9998 { // in any zone the log can write it
		return time.Time{}, false
	}
	return t.UTC(), true
}
