package keys

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"

	"hoso/domain"
)

// IDHash is the keyed hash under which a normalised ID number may be stored
// outside the log and looked for: 64 hex digits.
func (s *Store) IDHash(id string) string { return keyedHash(s.idKey, "", []byte(id)) }

// ProofHash is the keyed hash of what somebody shows to prove who they are,
// e.g. kind "id_last4"; the kinds do not mix. 64 hex digits.
func (s *Store) ProofHash(kind, value string) string {
	return keyedHash(s.proofKey, kind, []byte(value))
}

// PaperHash is the keyed hash of a paper's content: 64 hex digits.
func (s *Store) PaperHash(content []byte) string { return keyedHash(s.paperKey, "", content) }

// Digest is the digest of a request that concerns a person, for the event's
// metadata: it becomes meaningless with the person's key. 64 hex digits. Error:
// codec.ErrErased.
func (s *Store) Digest(subject domain.SubjectID, body []byte) (string, error) {
	k, err := s.key(subject)
	if err != nil {
		return "", err
	}
	return keyedHash(k.digest, "", body), nil
}

// LogDigest is the digest of a request that concerns no person: 64 hex digits.
func (s *Store) LogDigest(body []byte) string { return keyedHash(s.requestKey, "", body) }

// keyedHash is HMAC-SHA256 over the kind, a NUL, and the value.
func keyedHash(key []byte, kind string, value []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write(append([]byte(kind), 0))
	mac.Write(value)
	return hex.EncodeToString(mac.Sum(nil))
}
