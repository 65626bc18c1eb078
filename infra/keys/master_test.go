package keys

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLoadMasterMakesAPrivateFileOnce(t *testing.T) {
	dir := t.TempDir()
	first, err := LoadMaster(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, masterFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatal(info, err)
	}
	again, err := LoadMaster(dir, "")
	if err != nil || again != first {
		t.Error("another key the second time", err)
	}
	other, err := LoadMaster(t.TempDir(), "")
	if err != nil || other == first {
		t.Error("two folders share a key", err)
	}
	if text := fmt.Sprintf("%v %+v %#v %s", first, first, first, first); strings.Contains(text, hex.EncodeToString(first.key[:4])) {
		t.Error("the key prints itself:", text)
	}
}

func TestLoadMasterRefusesAFileOthersCanRead(t *testing.T) {
	dir := t.TempDir()
	if _, err := LoadMaster(dir, ""); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []os.FileMode{0o640, 0o604, 0o666} {
		os.Chmod(filepath.Join(dir, masterFile), mode)
		if _, err := LoadMaster(dir, ""); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
}

func TestLoadMasterMakesNoNewKeyBesideOldKeys(t *testing.T) {
	dir := t.TempDir()
	open(t, dir)
	if err := os.Remove(filepath.Join(dir, masterFile)); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadMaster(dir, ""); err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, masterFile)); err == nil {
		t.Error("it made one all the same")
	}
}

func TestLoadMasterFromTheEnvironment(t *testing.T) {
	want := NewMaster()
	for _, text := range []string{
		hex.EncodeToString(want.key[:]), strings.ToUpper(hex.EncodeToString(want.key[:])) + "\n", base64.StdEncoding.EncodeToString(want.key[:]),
		base64.RawStdEncoding.EncodeToString(want.key[:]), base64.URLEncoding.EncodeToString(want.key[:]), base64.RawURLEncoding.EncodeToString(want.key[:]),
	} {
		dir := t.TempDir()
		if got, err := LoadMaster(dir, text); err != nil || got != want {
			t.Errorf("%q: %v", text, err)
		}
		if files, _ := os.ReadDir(dir); len(files) != 0 {
			t.Error("the key from the environment was written down")
		}
	}
	for _, text := range []string{"x", hex.EncodeToString(want.key[:31]), hex.EncodeToString(want.key[:]) + "00", " "} {
		if _, err := LoadMaster(t.TempDir(), text); err == nil || strings.Contains(err.Error(), text+text) {
			t.Errorf("%q was taken", text)
		}
	}
}

func TestAWrongMasterIsToldAtOnce(t *testing.T) {
	dir := t.TempDir()
	open(t, dir).Close()
	if _, err := Open(dir, NewMaster()); !errors.Is(err, ErrWrongMaster) {
		t.Errorf("writing: %v", err)
	}
	if _, err := OpenReadOnly(dir, NewMaster()); !errors.Is(err, ErrWrongMaster) {
		t.Errorf("reading: %v", err)
	}
	open(t, dir) // and the attempt has spoilt nothing
}
