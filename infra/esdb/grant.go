package esdb

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"hoso/domain/eventlog"
)

// allACLStream says who may read $all: the metadata of a stream stands in the stream "$$" + its name.
const allACLStream = "$$$all"

// GrantReadAll lets an account that is no administrator read all streams, which
// this program needs: one append to "$$$all", made with an administrator's
// connection string. What stands there already is kept. It may be repeated.
func GrantReadAll(ctx context.Context, administrator, user string) error {
	s, err := parseSettings(administrator)
	if err != nil {
		return err
	}
	l := newLog(s, Options{})
	defer l.Close()
	for {
		old, err := l.page(ctx, allACLStream, esdb.Backwards, esdb.End{}, 1)
		if err != nil {
			return err
		}
		at, data := eventlog.NoStream, []byte(nil)
		if len(old.events) == 1 {
			at, data = eventlog.Expected(old.events[0].Revision), old.events[0].Data
		}
		_, err = l.append(ctx, allACLStream, at, []eventlog.Proposed{{ID: uuid.New(), Type: "$metadata", Data: grantOf(data, user), Meta: []byte{}}})
		var faster *eventlog.ConflictError
		if !errors.As(err, &faster) {
			if err != nil {
				return fmt.Errorf("grant %s to read $all: %w", user, err)
			}
			return nil
		}
	}
}

// grantOf adds the account to those who may read, beside the administrators, in a stream's metadata.
func grantOf(old []byte, user string) []byte {
	meta := map[string]any{}
	_ = json.Unmarshal(old, &meta) // none yet, or none that the server could read either
	acl, _ := meta["$acl"].(map[string]any)
	if acl == nil {
		acl = map[string]any{}
	}
	readers := []string{}
	switch r := acl["$r"].(type) {
	case string:
		readers = append(readers, r)
	case []any:
		for _, one := range r {
			if name, ok := one.(string); ok {
				readers = append(readers, name)
			}
		}
	}
	for _, name := range []string{user, "$admins"} {
		if !slices.Contains(readers, name) {
			readers = append(readers, name)
		}
	}
	acl["$r"] = readers
	meta["$acl"] = acl
	data, err := json.Marshal(meta, json.Deterministic(true))
	if err != nil {
		panic(err) // strings only
	}
	return data
}
