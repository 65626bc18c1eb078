package esdbtest

import (
	"errors"
	"regexp"
	"strings"

	api "github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
)

// filter lets events through by the name of their stream or of their type;
// nil lets all through. Regular expressions are Go's here and .NET's on the
// server; what both understand they understand alike.
type filter struct {
	byType   bool
	regex    *regexp.Regexp
	prefixes []string
	window   int // how many events one page looks at
	multiple int // how many windows there are between checkpoints
}

// interval is how many events are looked at between two checkpoints.
func (f *filter) interval() int { return f.window * f.multiple }

const usualWindow = 32 // where the client sets none

var errNoExpression = errors.New("a filter without expression")

func filterOf(o *api.ReadReq_Options) (*filter, error) {
	fo := o.GetFilter()
	if fo == nil {
		return nil, nil
	}
	f := &filter{window: int(fo.GetMax()), multiple: int(fo.GetCheckpointIntervalMultiplier())}
	if fo.GetCount() != nil {
		f.window = usualWindow
	}
	x := fo.GetStreamIdentifier()
	if fo.GetEventType() != nil {
		f.byType, x = true, fo.GetEventType()
	}
	f.prefixes = x.GetPrefix()
	if x.GetRegex() == "" && len(f.prefixes) == 0 {
		return nil, errNoExpression
	}
	var err error
	if x.GetRegex() != "" {
		f.regex, err = regexp.Compile(x.GetRegex())
	}
	return f, err
}

// lets reports whether the filter lets an event through; only a filter by
// type has to read it.
func (f *filter) lets(e entry, r *reader) (bool, error) {
	if f == nil {
		return true, nil
	}
	text := e.stream.name
	if f.byType {
		ev, err := r.event(e)
		if err != nil {
			return false, err
		}
		text = ev.typ
	}
	if f.regex != nil {
		return f.regex.MatchString(text), nil
	}
	for _, p := range f.prefixes {
		if strings.HasPrefix(text, p) {
			return true, nil
		}
	}
	return false, nil
}
