package proof

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"hoso/domain"
)

// Root is a signed root of the tree over a log.
type Root domain.RootSigned

// SignedBytes are what a root's signature covers, so that anybody can check it
// with other tools: eight lines of UTF-8 text, each ending in a line feed
// except the last. Since the stream's name is last, no two roots share them.
//
//	hoso root 1
//	log <id of the log, as a UUID>
//	size <number of leaves>
//	root <root hash, hex>
//	at <RFC 3339, UTC, as many digits of a second as needed>
//	key <ed25519 public key, hex>
//	revision <of the last leaf>
//	stream <of the last leaf>
func (r Root) SignedBytes() []byte {
	return fmt.Appendf(nil, "hoso root 1\nlog %s\nsize %d\nroot %s\nat %s\nkey %s\nrevision %d\nstream %s",
		r.LogID, r.Size, r.Root, r.At.UTC().Format(time.RFC3339Nano), r.Key, r.LastRevision, r.LastStream)
}

// PublicKey is the key the root names.
func (r Root) PublicKey() (ed25519.PublicKey, error) {
	raw, err := hex.DecodeString(r.Key)
	if err != nil || len(raw) != ed25519.PublicKeySize {
		return nil, errors.New("the root names no ed25519 public key")
	}
	return raw, nil
}

// check tells why the root is not validly signed by key; nil: it is.
func (r Root) check(key ed25519.PublicKey) error {
	named, err := r.PublicKey()
	if err != nil {
		return err
	}
	if !named.Equal(key) {
		return errors.New("the root is signed by another key")
	}
	signature, err := hex.DecodeString(r.Signature)
	if err != nil || !ed25519.Verify(key, r.SignedBytes(), signature) {
		return errors.New("the root's signature is not valid")
	}
	return nil
}

// rootMark begins the text of a root.
const rootMark = "hoso-root:1"

// atFormat writes a time without the colons that part the text of a root.
const atFormat = "20060102T150405.999999999Z"

// String is the root as one line that can be copied and kept: mark, log id,
// size, root hash, time, public key, signature, last leaf's revision and stream
// (in base64url), parted by colons. ParseRoot reads it.
func (r Root) String() string {
	return strings.Join([]string{
		rootMark, r.LogID, strconv.FormatUint(r.Size, 10), r.Root, r.At.UTC().Format(atFormat), r.Key, r.Signature,
		strconv.FormatUint(r.LastRevision, 10), base64.RawURLEncoding.EncodeToString([]byte(r.LastStream)),
	}, ":")
}

// ParseRoot reads the text of a root and checks that its signature, by the key
// it names, is valid: a text that was copied wrongly is refused.
func ParseRoot(text string) (domain.RootSigned, error) {
	rest, ok := strings.CutPrefix(strings.TrimSpace(text), rootMark+":")
	parts := strings.Split(rest, ":")
	if !ok || len(parts) != 8 {
		return domain.RootSigned{}, errors.New("this is not the text of a root: it is one line that begins with " + rootMark)
	}
	size, err1 := strconv.ParseUint(parts[1], 10, 64)
	at, err2 := time.Parse(atFormat, parts[3])
	revision, err3 := strconv.ParseUint(parts[6], 10, 64)
	stream, err4 := base64.RawURLEncoding.DecodeString(parts[7])
	r := Root{
		LogID: parts[0], Size: size, Root: parts[2], At: at, Key: parts[4], Signature: parts[5],
		LastRevision: revision, LastStream: string(stream),
	}
	err := errors.Join(err1, err2, err3, err4)
	if err == nil {
		var key ed25519.PublicKey
		if key, err = r.PublicKey(); err == nil {
			err = r.check(key)
		}
	}
	if err != nil {
		return domain.RootSigned{}, fmt.Errorf("the text of the root is damaged; copy it again, whole: %w", err)
	}
	return domain.RootSigned(r), nil
}
