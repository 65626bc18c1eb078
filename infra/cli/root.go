package cli

import (
	"errors"
	"path/filepath"
	"time"

	"hoso/domain"
	"hoso/domain/codec"
	"hoso/infra/proof"
	"hoso/infra/sqlite"
)

type rootCmd struct {
	Seal       bool   `help:"Sign a new root first, if events stand after the last one; no server may be running."`
	SigningKey string `help:"File with the private key for --seal (default DIR/signing.key)." placeholder:"FILE" type:"path"`
	JSON       bool   `help:"Answer as JSON." name:"json"`
}

// Help tells the fields of --json.
func (rootCmd) Help() string {
	return `The line it prints stands for the whole log up to that root: keep it where whoever can write the data folder cannot, and give it to hoso verify --against later. Exit code 1: no root is signed yet.

--json gives {root (the line), log_id, size, hash, at, key}.`
}

// Run prints the newest root.
func (c *rootCmd) Run(a *app) error {
	root, ok, err := c.newest(a)
	switch {
	case err != nil:
		return err
	case !ok:
		return notFound("no root is signed yet: hoso serve signs one every few minutes, hoso root --seal signs one now")
	}
	text := proof.Root(root).String()
	if c.JSON {
		return a.document(struct {
			Root  string    `json:"root"`
			LogID string    `json:"log_id"`
			Size  uint64    `json:"size"`
			Hash  string    `json:"hash"`
			At    time.Time `json:"at"`
			Key   string    `json:"key"`
		}{text, root.LogID, root.Size, root.Root, root.At, root.Key})
	}
	a.printf("%s\n", text)
	return nil
}

func (c *rootCmd) newest(a *app) (root domain.RootSigned, ok bool, err error) {
	if c.Seal {
		if err := c.seal(a); err != nil {
			return root, false, err
		}
	}
	log, err := a.openLogOnly()
	if err != nil {
		return root, false, err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	last, ok, err := log.Last(a.ctx, domain.RootStream)
	if err != nil || !ok {
		return root, false, err
	}
	d, err := (&codec.Codec{Keys: noKeys}).Decode(last)
	if err != nil {
		return root, false, err
	}
	root, ok = d.Event.(domain.RootSigned)
	return root, ok, nil
}

// seal signs the log as it stands. It opens no keys and no views.
func (c *rootCmd) seal(a *app) (err error) {
	dir, err := a.mustHaveLog()
	if err != nil {
		return err
	}
	log, err := sqlite.OpenLog(dir, sqlite.LogOptions{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	signer, err := a.signer(dir, c.SigningKey)
	if err != nil {
		return err
	}
	bar := a.progress("reading the log")
	defer bar.end()
	sealer := proof.NewSealer(log, &codec.Codec{Keys: noKeys}, signer, time.Now)
	sealer.Progress = func(events uint64) { bar.at(events, 0) }
	_, _, err = sealer.SealNow(a.ctx)
	return err
}

// signer loads the key that signs roots; without a file named it is
// dir/signing.key, made at first use. A key inside the folder it vouches for is
// warned about: whoever takes the folder can sign anew.
func (a *app) signer(dir, file string) (*proof.Signer, error) {
	if file == "" {
		file = ownSigningKey(dir)
	}
	if within(dir, file) {
		a.logger(true).Warn("the signing key lies inside the data folder: whoever can write there can rewrite the log and sign it anew; keep it elsewhere and name it with --signing-key", "file", file)
	}
	if file == ownSigningKey(dir) {
		return a.quietSigner(dir)
	}
	if !exists(file) {
		return nil, badInput("--signing-key: there is no file %s: make one with openssl genpkey -algorithm ed25519 -out %s && chmod 600 %s", file, file, file)
	}
	return proof.LoadSigner(file)
}

func ownSigningKey(dir string) string { return filepath.Join(dir, "signing.key") }

// quietSigner is the key inside the folder, without the warning: enough for
// simulated dossiers.
func (a *app) quietSigner(dir string) (*proof.Signer, error) {
	file := ownSigningKey(dir)
	if exists(file) {
		return proof.LoadSigner(file)
	}
	signer, err := proof.CreateSigner(file)
	if err != nil {
		return nil, err
	}
	return signer, signer.PublicKeyFile(filepath.Join(dir, "signing.pub"))
}

// within reports whether a file lies in a folder.
func within(dir, file string) bool {
	dir, err1 := filepath.Abs(dir)
	file, err2 := filepath.Abs(file)
	rest, err3 := filepath.Rel(dir, file)
	return err1 == nil && err2 == nil && err3 == nil && filepath.IsLocal(rest)
}
