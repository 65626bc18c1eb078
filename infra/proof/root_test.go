package proof_test

import (
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/codec"
	"hoso/domain/eventlog/memory"
	"hoso/infra/proof"
)

func TestARootAsText(t *testing.T) {
	w := newWorld(t, memory.New())
	w.write(1, 1)
	root := w.seal()
	text := proof.Root(root).String()
	if !strings.HasPrefix(text, "hoso-root:1:"+w.log.ID().String()+":1:"+root.Root+":") || strings.ContainsAny(text, " \n") {
		t.Error(text)
	}
	if back, err := proof.ParseRoot(" " + text + "\n"); err != nil || back != root {
		t.Errorf("%v\ngot  %+v\nwant %+v", err, back, root)
	}
	for i := range text {
		if _, err := proof.ParseRoot(text[:i]); err == nil {
			t.Errorf("cut after %d characters, it was taken", i)
		}
		damaged := text[:i] + string(text[i]^1) + text[i+1:]
		if back, err := proof.ParseRoot(damaged); err == nil && back != root {
			t.Errorf("character %d changed, it was taken: %+v", i, back)
		}
	}
}

func TestWhatARootSigns(t *testing.T) {
	w := newWorld(t, memory.New())
	w.write(1, 1)
	root := w.seal()
	want := "hoso root 1\nlog " + w.log.ID().String() + "\nsize 1\nroot " + root.Root + "\nat 2026-11-24T08:00:02.987654321Z\nkey " + hex.EncodeToString(w.signer.Public()) + "\nrevision 0\nstream dossier-0"
	signature, _ := hex.DecodeString(root.Signature)
	if !ed25519.Verify(w.signer.Public(), []byte(want), signature) {
		t.Errorf("signed is\n%s\nnot\n%s", proof.Root(root).SignedBytes(), want)
	}
}

// A root that is forged in any part is found, also one signed by the right key
// for something that is not so.
func TestForgedRootsAreFound(t *testing.T) {
	w := newWorld(t, memory.New())
	w.write(2, 4)
	honest := w.seal()
	thief := newWorld(t, memory.New()).signer
	for name, forge := range map[string]func(*domain.RootSigned) *proof.Signer{
		"signature":     func(r *domain.RootSigned) *proof.Signer { r.Signature = strings.Repeat("00", 64); return nil },
		"no signature":  func(r *domain.RootSigned) *proof.Signer { r.Signature = ""; return nil },
		"time":          func(r *domain.RootSigned) *proof.Signer { r.At = r.At.AddDate(-1, 0, 0); return nil },
		"another key":   func(r *domain.RootSigned) *proof.Signer { return thief },
		"key swapped":   func(r *domain.RootSigned) *proof.Signer { r.Key = hex.EncodeToString(thief.Public()); return nil },
		"key no key":    func(r *domain.RootSigned) *proof.Signer { r.Key = "00"; return nil },
		"other log":     func(r *domain.RootSigned) *proof.Signer { r.LogID = uuid.NewString(); return w.signer },
		"hash":          func(r *domain.RootSigned) *proof.Signer { r.Root = strings.Repeat("00", 32); return w.signer },
		"too few":       func(r *domain.RootSigned) *proof.Signer { r.Size = 3; return w.signer },
		"none":          func(r *domain.RootSigned) *proof.Signer { r.Size = 0; return w.signer },
		"too many":      func(r *domain.RootSigned) *proof.Signer { r.Size = 11; return w.signer },
		"last stream":   func(r *domain.RootSigned) *proof.Signer { r.LastStream = "dossier-0"; return w.signer },
		"last revision": func(r *domain.RootSigned) *proof.Signer { r.LastRevision = 2; return w.signer },
		"before itself": func(r *domain.RootSigned) *proof.Signer { return w.signer }, // covers 8 events, and a root stands there already
	} {
		t.Run(name, func(t *testing.T) {
			root := honest
			if by := forge(&root); by != nil {
				root = proof.SignForTest(by, root)
			}
			log := forged{memory.New(), w.log.ID()}
			tip := codec.EmptyTip
			for _, r := range everything(t, w.log) {
				if r.Stream == domain.RootStream {
					hash, _ := codec.HashOf(r)
					tip = codec.Tip{Revision: 0, Hash: hash}
				}
				copyInto(t, log, r)
			}
			p, _, err := w.codec.Encode(domain.RootStream, tip, []codec.Draft{{Event: root, Meta: codec.Meta{RecordedAt: w.now()}}})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := log.Append(ctx, domain.RootStream, tip.Revision, p); err != nil {
				t.Fatal(err)
			}
			r := verify(t, log, proof.VerifyOptions{Key: w.signer.Public()})
			if r.OK || r.Position != "10" || r.Stream != domain.RootStream || *r.Revision != 1 {
				t.Errorf("got %+v", r)
			}
		})
	}
}

func TestOnlyRootsStandAmongTheRoots(t *testing.T) {
	w := newWorld(t, memory.New())
	p, _, err := w.codec.Encode(domain.RootStream, codec.EmptyTip, []codec.Draft{{Event: domain.Rated{Score: 1}, Meta: codec.Meta{RecordedAt: w.now()}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.log.Append(ctx, domain.RootStream, -1, p); err != nil {
		t.Fatal(err)
	}
	if r := verify(t, w.log, proof.VerifyOptions{}); r.OK {
		t.Errorf("got %+v", r)
	}
}

func TestAgainstARootThatDoesNotBelong(t *testing.T) {
	w, other := newWorld(t, memory.New()), newWorld(t, memory.New())
	for _, x := range []*world{w, other} {
		x.write(1, 1)
		x.seal()
	}
	foreign := other.lastRoot()
	if r := verify(t, w.log, proof.VerifyOptions{Against: &foreign}); r.OK || !strings.Contains(r.Why, other.log.ID().String()) {
		t.Errorf("a root of another log: %+v", r)
	}
	if _, err := proof.Verify(ctx, w.log, proof.VerifyOptions{Against: &foreign, Key: w.signer.Public()}); err == nil {
		t.Error("a root that the given key did not sign was taken")
	}
	mine := w.lastRoot()
	mine.Size++
	if _, err := proof.Verify(ctx, w.log, proof.VerifyOptions{Against: &mine}); err == nil {
		t.Error("a root that was changed was taken")
	}
}

func TestKeyFiles(t *testing.T) {
	dir := t.TempDir()
	path, public := filepath.Join(dir, "signing.key"), filepath.Join(dir, "signing.pub")
	made, err := proof.CreateSigner(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := proof.CreateSigner(path); err == nil {
		t.Error("it overwrote a key")
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Error("others can read the key")
	}
	loaded, err := proof.LoadSigner(path)
	if err != nil || !slices.Equal(loaded.Public(), made.Public()) {
		t.Error("another key came back", err)
	}
	if err := made.PublicKeyFile(public); err != nil {
		t.Fatal(err)
	}
	hexFile := filepath.Join(dir, "hex")
	os.WriteFile(hexFile, fmt.Appendf(nil, "%x\n", []byte(made.Public())), 0o644)
	for _, file := range []string{public, hexFile} {
		if key, err := proof.LoadPublicKey(file); err != nil || !key.Equal(made.Public()) {
			t.Errorf("%s: %v", file, err)
		}
	}
	if _, err := proof.LoadPublicKey(path); err == nil {
		t.Error("a private key was taken for a public one")
	}
	if _, err := proof.LoadSigner(public); err == nil {
		t.Error("a public key was taken for a private one")
	}
	os.Chmod(path, 0o644)
	if _, err := proof.LoadSigner(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Error("a key that others can read:", err)
	}
	secret, _ := os.ReadFile(path)
	if text := fmt.Sprintf("%v %+v %#v", made, made, made); strings.Contains(text, string(secret[30:40])) || !strings.Contains(text, "signer") {
		t.Error("the key prints itself:", text)
	}
}
