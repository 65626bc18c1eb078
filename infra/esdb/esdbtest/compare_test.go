package esdbtest

import (
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// comparison holds answers against recorded ones. Positions, and ids the
// server chose, differ from run to run: they are compared by which are equal
// and, positions, by order; so one comparison goes through the whole life of a
// database.
type comparison struct {
	mu        sync.Mutex
	positions map[uint64]uint64 // recorded → here
	ids       map[string]string // recorded → here
	ports     map[string]string // recorded → here
}

func newComparison() *comparison {
	return &comparison{positions: map[uint64]uint64{0: 0}, ids: map[string]string{}, ports: map[string]string{}}
}

// answer compares one message and says what differs.
func (c *comparison) answer(recorded []byte, got proto.Message) error {
	want := got.ProtoReflect().New().Interface()
	if err := protojson.Unmarshal(recorded, want); err != nil {
		return fmt.Errorf("the transcript: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	w, g := tree(want), tree(got)
	if err := c.same("", w, g); err != nil {
		return fmt.Errorf("%w\nrecorded %s\ngot      %s", err, short(w), short(g))
	}
	return nil
}

func tree(m proto.Message) any {
	b, err := protojson.Marshal(m)
	if err != nil {
		panic(err)
	}
	var out any
	if err := json.Unmarshal(b, &out); err != nil {
		panic(err)
	}
	return out
}

func short(v any) string {
	b, _ := json.Marshal(v)
	return string(b[:min(len(b), 600)])
}

func (c *comparison) same(path string, want, got any) error {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return fmt.Errorf("%s: %T", path, got)
		}
		for _, k := range sortedKeys(w, g) {
			wv, inW := w[k]
			gv, inG := g[k]
			if inW != inG {
				return fmt.Errorf("%s.%s: recorded %v, got %v", path, k, wv, gv)
			}
			if err := c.same(path+"."+k, wv, gv); err != nil {
				return err
			}
		}
		return nil
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return fmt.Errorf("%s: recorded %d, got %v", path, len(w), got)
		}
		for i := range w {
			if err := c.same(path+"[]", w[i], g[i]); err != nil {
				return err
			}
		}
		return nil
	}
	return c.sameValue(path, want, got)
}

func (c *comparison) sameValue(path string, want, got any) error {
	w, g := fmt.Sprint(want), fmt.Sprint(got)
	switch key := path[strings.LastIndex(path, ".")+1:]; {
	case key == "commitPosition" || key == "preparePosition":
		return c.position(path, w, g)
	case key == "subscriptionId" || key == "timeStamp" || strings.Contains(path, "instanceId"):
		return nil // of this run alone
	case key == "created":
		if len(w) != len(g) {
			return fmt.Errorf("%s: recorded %s, got %s", path, w, g)
		}
		return nil
	case strings.HasSuffix(path, "id.string"):
		return pair(c.ids, path, w, g)
	case key == "port":
		return pair(c.ports, path, w, g)
	}
	if w != g {
		return fmt.Errorf("%s: recorded %.300s, got %.300s", path, w, g)
	}
	return nil
}

// pair notes that two values stand for each other, and refuses a third.
func pair(known map[string]string, path, w, g string) error {
	if k, ok := known[w]; ok && k != g {
		return fmt.Errorf("%s: recorded %s, which was %s here, got %s", path, w, k, g)
	}
	for kw, kg := range known {
		if kg == g && kw != w {
			return fmt.Errorf("%s: %s stood for %s, now for %s", path, g, kw, w)
		}
	}
	known[w] = g
	return nil
}

// position notes a pair of positions and holds it against all before: equal
// where they are equal, before and after where they are.
func (c *comparison) position(path, w, g string) error {
	want, err1 := strconv.ParseUint(w, 10, 64)
	got, err2 := strconv.ParseUint(g, 10, 64)
	if err1 != nil || err2 != nil {
		return fmt.Errorf("%s: positions %q, %q", path, w, g)
	}
	for kw, kg := range c.positions {
		if (kw < want) != (kg < got) || (kw == want) != (kg == got) {
			return fmt.Errorf("%s: recorded %d, got %d, but recorded %d was %d here", path, want, got, kw, kg)
		}
	}
	c.positions[want] = got
	return nil
}

// here turns a recorded position into the one it is in this run. One that no
// answer told stands as far behind the nearest known as it did.
func (c *comparison) here(recorded uint64) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p, ok := c.positions[recorded]; ok {
		return p
	}
	var nearest uint64
	for w := range c.positions {
		if w < recorded && w > nearest {
			nearest = w
		}
	}
	return c.positions[nearest] + recorded - nearest
}

func sortedKeys(maps ...map[string]any) []string {
	var keys []string
	for _, m := range maps {
		for k := range m {
			keys = append(keys, k)
		}
	}
	sort.Strings(keys)
	return slices.Compact(keys)
}
