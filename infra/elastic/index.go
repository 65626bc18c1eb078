package elastic

import (
	"context"
	"fmt"
	"strings"

	"github.com/elastic/go-elasticsearch/v8/esapi"
	"hoso/projections"
)

// kind is how one projection keeps its documents.
type kind interface {
	format() int // a change of documents or mapping needs a new one
	// properties are the fields that can be asked for; the rest of a document is only kept.
	properties() obj
	// event appends what an event leaves for ever to what the earlier ones left.
	event(lines []byte, it *projections.Item) ([]byte, error)
	// put writes the dossier's documents into a bulk.
	put(b *bulk, it *projections.Item, h *held) error
}

// held is what a writer has at hand of a dossier.
type held struct {
	revision uint64
	found    bool   // false: nothing is known to be stored
	anew     bool   // what is stored must go, at the same version too
	key      string // under which the dossier's pointers lead to its document
	lines    []byte // of all its events
	due      bool   // lines were appended since the last put
}

// stateID is the id of the document that holds a generation's checkpoint.
const stateID = "state"

// alias is the name under which a projection's serving generation is asked. It
// carries the format, so that two versions of the program can serve side by
// side while one takes over from the other.
func (p *projection) alias() string {
	return fmt.Sprintf("%s-%s-v%d", p.views.opt.Prefix, p.name, p.docs.format())
}

func (p *projection) previous() string { return p.alias() + "-previous" }

func (p *projection) index(number int) string { return fmt.Sprintf("%s-%06d", p.alias(), number) }

// anyFormat matches the projection's generations of every format.
func (p *projection) anyFormat() string { return p.views.opt.Prefix + "-" + p.name + "-v*" }

// numberOf reads a generation's number out of its index's name, 0 where it has none.
func (p *projection) numberOf(index string) (number int) {
	tail, ok := strings.CutPrefix(index, p.alias()+"-")
	if _, err := fmt.Sscanf(tail, "%06d", &number); !ok || err != nil {
		return 0
	}
	return number
}

// putTemplate gives every generation its settings and mapping. An index that is
// missing is never made by writing to it: an empty view must not pass for one.
func (p *projection) putTemplate(ctx context.Context) error {
	properties := p.docs.properties()
	properties["state"] = obj{"type": "object", "enabled": false}
	template := obj{
		"index_patterns":    []string{p.alias() + "-*"},
		"priority":          200,
		"allow_auto_create": false,
		"_meta":             obj{"format": p.docs.format()},
		"template": obj{
			"settings": obj{"index": obj{
				"number_of_shards":     p.views.opt.Shards,
				"auto_expand_replicas": "0-1",
				"refresh_interval":     "1s",
				// An erasure takes the replaced document out of every segment, and
				// what is kept for other copies to catch up from is let go soon.
				"merge.policy.expunge_deletes_allowed": 0,
				"soft_deletes.retention_lease.period":  "10s",
			}},
			"mappings": obj{"dynamic": false, "_meta": obj{"format": p.docs.format()}, "properties": properties},
		},
	}
	return p.views.es.write(ctx, esapi.IndicesPutIndexTemplateRequest{Name: p.alias(), Body: body(template)}, nil)
}

// Mappings of fields.
var (
	keyword = obj{"type": "keyword"}
	number  = obj{"type": "long"}
	truth   = obj{"type": "boolean"}
	kept    = obj{"type": "object", "enabled": false} // in the document, not asked for
)

// shelf is what there is of a projection.
type shelf struct {
	serving, previous string   // index names, "" for none
	twice             []string // serve beside serving, by two processes that built at once
	mine              []string // all generations of this program's format
	others            []string // those of other formats
}

// aliased is an index with its aliases.
type aliased struct {
	Aliases map[string]obj `json:"aliases"`
}

// indexes lists those that a pattern matches.
func (v *Views) indexes(ctx context.Context, pattern string) (found map[string]aliased, err error) {
	err = v.es.read(ctx, esapi.IndicesGetRequest{Index: []string{pattern}, FilterPath: []string{"*.aliases"}}, &found)
	return found, err
}

// look lists a projection's generations.
func (p *projection) look(ctx context.Context) (s shelf, err error) {
	found, err := p.views.indexes(ctx, p.anyFormat())
	if err != nil {
		return s, err
	}
	for index, is := range found {
		if p.numberOf(index) == 0 {
			s.others = append(s.others, index)
			continue
		}
		s.mine = append(s.mine, index)
		if _, ok := is.Aliases[p.alias()]; ok {
			if s.serving != "" {
				s.twice = append(s.twice, min(index, s.serving)) // of one length: the newer one is greater
			}
			s.serving = max(index, s.serving)
		}
		if _, ok := is.Aliases[p.previous()]; ok {
			s.previous = index
		}
	}
	return s, nil
}

func (p *projection) remove(ctx context.Context, indexes ...string) error {
	if len(indexes) == 0 {
		return nil
	}
	err := p.views.es.write(ctx, esapi.IndicesDeleteRequest{Index: indexes, IgnoreUnavailable: ptr(true)}, nil)
	if isKind(err, missingIndex) {
		return nil
	}
	return err
}

const missingIndex = "index_not_found_exception"
