package keys

import (
	"context"
	"crypto/cipher"
	"fmt"
	"iter"
	"time"

	sq "zombiezen.com/go/sqlite"

	"hoso/domain"
	"hoso/domain/codec"
)

// personKey is a person's key, unwrapped and made ready.
type personKey struct {
	aead   cipher.AEAD
	digest []byte
}

func newPersonKey(raw []byte) *personKey {
	return &personKey{aead: newAEAD(raw), digest: derive(raw, "digest")}
}

// wrapName binds a wrapped key to its person.
func wrapName(subject domain.SubjectID) string { return "person " + subject.String() }

// Key gives the cipher that seals and opens a person's values; codec.ErrErased
// when the key was destroyed or never was. It is what codec.Codec asks for.
func (s *Store) Key(subject domain.SubjectID) (cipher.AEAD, error) {
	k, err := s.key(subject)
	if err != nil {
		return nil, err
	}
	return k.aead, nil
}

func (s *Store) key(subject domain.SubjectID) (*personKey, error) {
	if k, ok := s.cache.Get(subject); ok {
		return k, nil
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var wrapped []byte
	err := s.readers.Read(context.Background(), func(conn *sq.Conn) error {
		_, err := queryRow(conn, `SELECT wrapped FROM person WHERE subject = ?`, func(stmt *sq.Stmt) { wrapped = blob(stmt, 0) }, subject.String())
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	if len(wrapped) == 0 {
		return nil, codec.ErrErased
	}
	raw, err := unwrap(s.wrapper, wrapped, wrapName(subject))
	if err != nil {
		return nil, err
	}
	k := newPersonKey(raw)
	s.cache.Add(subject, k)
	return k, nil
}

// Live is a person whose key is there.
type Live struct {
	Subject   domain.SubjectID
	CreatedAt time.Time
}

// Each yields everybody whose key is there, by subject, so that keys that no
// event ever used can be swept. It reads in short pieces: whoever is created
// meanwhile may be missed. An error is yielded last.
func (s *Store) Each(ctx context.Context) iter.Seq2[Live, error] {
	return func(yield func(Live, error) bool) {
		for after := ""; ; {
			page, err := s.page(ctx, after)
			if err != nil {
				yield(Live{}, fmt.Errorf("keys: %w", err))
				return
			}
			for _, l := range page {
				if !yield(l, nil) {
					return
				}
				after = l.Subject.String()
			}
			if len(page) == 0 {
				return
			}
		}
	}
}

func (s *Store) page(ctx context.Context, after string) (page []Live, err error) {
	const query = `SELECT subject, created_at FROM person WHERE subject > ? AND wrapped IS NOT NULL ORDER BY subject LIMIT 500`
	err = s.readers.Read(ctx, func(conn *sq.Conn) error {
		return queryRows(conn, query, func(stmt *sq.Stmt) error {
			subject, err := parseSubject(stmt.ColumnText(0))
			if err != nil {
				return err
			}
			at, err := time.Parse(time.RFC3339Nano, stmt.ColumnText(1))
			page = append(page, Live{subject, at})
			return err
		}, after)
	})
	return page, err
}
