package cli

import (
	"bufio"
	"context"
	"errors"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
	"hoso/infra/esdb"
	"hoso/infra/keys"
	"hoso/infra/postgres"
	"hoso/infra/sqlite"
)

// persons is a set of opaque ids.
type persons map[domain.SubjectID]bool

// erasedIn finds whom a log says to be erased.
func erasedIn(ctx context.Context, log eventlog.Log) (persons, error) {
	found, reader := persons{}, &codec.Codec{Keys: noKeys}
	for batch, err := range log.Subscribe(ctx, eventlog.Position{}, eventlog.Filter{StreamPrefixes: []string{domain.SubjectStream(uuid.Nil)[:len("subject-")]}}) {
		if err != nil {
			return nil, err
		}
		for _, r := range batch.Events {
			d, err := reader.Decode(r)
			if err != nil {
				return nil, err
			}
			if e, ok := d.Event.(domain.SubjectErased); ok {
				found[e.Subject] = true
			}
		}
		if batch.Live {
			return found, nil
		}
	}
	return found, ctx.Err()
}

// destroyedIn finds whose keys a key store says to be destroyed.
func destroyedIn(entries iter.Seq2[keys.Entry, error]) (persons, error) {
	found := persons{}
	for e, err := range entries {
		if err != nil {
			return nil, err
		}
		if e.Destroyed() {
			found[e.Subject] = true
		}
	}
	return found, nil
}

// personsIn are all persons of a key store, destroyed or not.
func personsIn(entries iter.Seq2[keys.Entry, error]) (persons, error) {
	found := persons{}
	for e, err := range entries {
		if err != nil {
			return nil, err
		}
		if e.Person() {
			found[e.Subject] = true
		}
	}
	return found, nil
}

// sharing passes a key store's entries on, and ends with a refusal where it has persons but
// none of those known: then it is another installation's.
func sharing(entries iter.Seq2[keys.Entry, error], known persons, where string) iter.Seq2[keys.Entry, error] {
	return func(yield func(keys.Entry, error) bool) {
		any, shared := false, len(known) == 0
		for e, err := range entries {
			any, shared = any || e.Person(), shared || known[e.Subject]
			if !yield(e, err) {
				return
			}
		}
		if any && !shared {
			yield(keys.Entry{}, badInput("--erasures-from: the key store of %s knows nobody of the backup: it is another installation's", where))
		}
	}
}

// erasuresFrom reads whom somebody else knows to be erased: the old data folder or
// server, as far as they can still be read, the old key store, or a list. Known are the
// persons of the backup.
func (a *app) erasuresFrom(from string, id uuid.UUID, known persons) (persons, error) {
	if strings.HasPrefix(from, "postgres://") || strings.HasPrefix(from, "postgresql://") {
		return destroyedIn(sharing(postgres.Dump(a.ctx, from), known, databaseName(from)))
	}
	if !strings.HasPrefix(from, "sqlite:") && !strings.Contains(from, "://") {
		return erasedList(from)
	}
	old, err := parsePlace("--erasures-from", from)
	if err != nil {
		return nil, err
	}
	found := persons{}
	if store := filepath.Join(old.dir, keys.File); old.dir != "" && exists(store) {
		if found, err = destroyedIn(sharing(keys.ReadFile(a.ctx, store), known, old.String())); err != nil {
			return nil, err
		}
		if !exists(sqlite.LogFile(old.dir)) {
			return found, nil
		}
	}
	log, err := a.openOld(old)
	if err != nil {
		return nil, err
	}
	if log.ID() != id {
		return nil, errors.Join(badInput("--erasures-from: %s holds log %s, and the backup is of log %s", old, log.ID(), id), log.Close())
	}
	more, err := erasedIn(a.ctx, log)
	maps.Copy(found, more)
	return found, errors.Join(err, log.Close())
}

func (a *app) openOld(old place) (anyLog, error) {
	if old.dir != "" {
		return opened[anyLog](sqlite.OpenLogReadOnly(old.dir))
	}
	return opened[anyLog](a.connectPlace(old, esdb.Options{ReadOnly: true, Frozen: true}))
}

// erasedList reads a list of opaque ids, as hoso erase tells them, one a line.
func erasedList(file string) (persons, error) {
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		return nil, badInput("--erasures-from: %s is a folder: write sqlite:%s for an old data folder", file, file)
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, badInput("--erasures-from: %s: name a file with one person's id a line, or the old installation as sqlite:DIR, esdb://… or postgres://…", reason(err))
	}
	defer f.Close()
	found, lines := persons{}, bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		id, err := uuid.Parse(text)
		if err != nil {
			return nil, badInput("--erasures-from: line %d of %s is no person's id, as hoso erase tells it", n, file) // it may be an ID number
		}
		found[id] = true
	}
	return found, lines.Err()
}
