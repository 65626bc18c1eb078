package proof

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	"hoso/domain"
)

// Signer signs roots. It never prints its key.
type Signer struct{ key ed25519.PrivateKey }

// CreateSigner makes a new key and writes it to a file that must not exist
// yet: PKCS #8 in PEM, mode 0600.
func CreateSigner(path string) (*Signer, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	if err := writeNew(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		return nil, err
	}
	return &Signer{key}, nil
}

// LoadSigner reads a key as CreateSigner wrote it, or as openssl genpkey does.
// It refuses a file that others can read.
func LoadSigner(path string) (*Signer, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s can be read by others (mode %04o): chmod 600 %s", path, info.Mode().Perm(), path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if block, _ := pem.Decode(text); block != nil {
		if any, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
			if key, ok := any.(ed25519.PrivateKey); ok {
				return &Signer{key}, nil
			}
		}
	}
	return nil, fmt.Errorf("%s holds no ed25519 private key (PKCS #8 in PEM)", path)
}

// Public is the key that checks the signatures.
func (s *Signer) Public() ed25519.PublicKey { return s.key.Public().(ed25519.PublicKey) }

// PublicKeyFile writes the public key to a new file, in PEM, for those who
// verify. Keep a copy away from the log.
func (s *Signer) PublicKeyFile(path string) error {
	der, err := x509.MarshalPKIXPublicKey(s.Public())
	if err != nil {
		return err
	}
	return writeNew(path, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o644)
}

// LoadPublicKey reads a file with a public key: PEM, or 64 hex digits.
func LoadPublicKey(path string) (ed25519.PublicKey, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if raw, err := hex.DecodeString(strings.TrimSpace(string(text))); err == nil && len(raw) == ed25519.PublicKeySize {
		return raw, nil
	}
	if block, _ := pem.Decode(text); block != nil {
		if any, err := x509.ParsePKIXPublicKey(block.Bytes); err == nil {
			if key, ok := any.(ed25519.PublicKey); ok {
				return key, nil
			}
		}
	}
	return nil, fmt.Errorf("%s holds no ed25519 public key (PEM, or 64 hex digits)", path)
}

// String hides the private key from %v and log lines.
func (s *Signer) String() string { return "[signer " + hex.EncodeToString(s.Public()) + "]" }

// GoString hides the private key from %#v.
func (s *Signer) GoString() string { return s.String() }

// sign completes a root with the key and its signature.
func (s *Signer) sign(r Root) domain.RootSigned {
	r.Key = hex.EncodeToString(s.Public())
	r.Signature = hex.EncodeToString(ed25519.Sign(s.key, r.SignedBytes()))
	return domain.RootSigned(r)
}

func writeNew(path string, text []byte, mode os.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Sync(), f.Close())
}
