package keys

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// File is the key store's name in a data folder.
const File = "keys.db"

// masterFile holds the master key unless the environment brings it.
const masterFile = "master.key"

// EnvMaster is the environment variable that may bring the master key.
const EnvMaster = "HOSO_MASTER_KEY"

// Master is the key that wraps every other key. It never prints itself.
type Master struct{ key [32]byte }

// NewMaster makes a random master key.
func NewMaster() Master {
	var m Master
	rand.Read(m.key[:])
	return m
}

// ParseMaster reads 32 bytes written as 64 hex digits or in base64 (either
// alphabet, padded or not).
func ParseMaster(text string) (Master, error) {
	var m Master
	text = strings.TrimSpace(text)
	raw, err := hex.DecodeString(text)
	if err != nil {
		plain := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
		raw, err = base64.RawStdEncoding.DecodeString(plain)
	}
	if err != nil || len(raw) != len(m.key) {
		return m, errors.New("a master key is 32 bytes, written as 64 hex digits or in base64")
	}
	copy(m.key[:], raw)
	return m, nil
}

// LoadMaster gives the master key of a data folder: from env, the value of
// HOSO_MASTER_KEY, where that is not empty, else from dir/master.key. In a
// folder without keys it makes the file (mode 0600). It refuses a file that
// others can read, and a missing one beside keys that it must have wrapped.
func LoadMaster(dir, env string) (Master, error) {
	if env != "" {
		m, err := ParseMaster(env)
		if err != nil {
			return m, fmt.Errorf("%s: %w", EnvMaster, err)
		}
		return m, nil
	}
	path := filepath.Join(dir, masterFile)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return createMaster(dir, path)
	}
	return ReadMaster(path)
}

// ReadMaster reads a master key from a file, which it refuses where others can read it.
func ReadMaster(path string) (Master, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Master{}, err
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return Master{}, fmt.Errorf("%s can be read by others (mode %04o): chmod 600 %s", path, info.Mode().Perm(), path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return Master{}, err
	}
	m, err := ParseMaster(string(text))
	if err != nil {
		return m, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

func createMaster(dir, path string) (Master, error) {
	if _, err := os.Stat(filepath.Join(dir, File)); err == nil {
		return Master{}, fmt.Errorf("%s is missing, and %s holds keys that only it can open: bring it back, or set %s", path, File, EnvMaster)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return Master{}, err
	}
	m := NewMaster()
	return m, m.Save(path)
}

// Save puts the key on disk, durably, into a file that must not exist yet (mode 0600).
func (m Master) Save(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(hex.EncodeToString(m.key[:]) + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil || runtime.GOOS == "windows" {
		return err
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Opens reports whether the key opens what a store keeps, of which the secrets
// must come first (ReadFile, postgres.Dump).
func (m Master) Opens(entries iter.Seq2[Entry, error]) (bool, error) {
	for e, err := range entries {
		if err != nil || e.Secret == "" {
			return false, err
		}
		_, err = unwrap(m.wrapping(), e.Wrapped, "secret "+e.Secret)
		return err == nil, nil
	}
	return false, nil
}

// String hides the key from %v and log lines.
func (Master) String() string { return "[master key]" }

// GoString hides the key from %#v.
func (Master) GoString() string { return "[master key]" }

// wrapping is the AEAD that wraps the keys in the store.
func (m Master) wrapping() cipher.AEAD {
	return newAEAD(derive(m.key[:], "wrapping"))
}

// derive makes a key for one purpose of another key (HKDF-SHA256).
func derive(key []byte, purpose string) []byte {
	out, err := hkdf.Key(sha256.New, key, nil, "hoso keys 1: "+purpose, 32)
	if err != nil {
		panic(err) // only for lengths that are out of range
	}
	return out
}

func newAEAD(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // only for a wrong length
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return aead
}

// wrap encrypts a key for the store, bound to its name: nonce and ciphertext.
func wrap(with cipher.AEAD, key []byte, name string) []byte {
	nonce := make([]byte, with.NonceSize(), with.NonceSize()+len(key)+with.Overhead())
	rand.Read(nonce)
	return with.Seal(nonce, nonce, key, []byte(name))
}

func unwrap(with cipher.AEAD, wrapped []byte, name string) ([]byte, error) {
	n := with.NonceSize()
	if len(wrapped) < n {
		return nil, fmt.Errorf("keys: the wrapped key of %s is too short", name)
	}
	key, err := with.Open(nil, wrapped[:n], wrapped[n:], []byte(name))
	if err != nil {
		return nil, fmt.Errorf("keys: the key of %s does not open with the master key", name)
	}
	return key, nil
}
