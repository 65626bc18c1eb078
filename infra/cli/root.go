package cli

import (
	"errors"
	"time"

	"hoso/domain"
	"hoso/domain/codec"
	"hoso/infra/proof"
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
	log, err := a.readLog(a.ctx)
	if err != nil {
		return root, false, err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	return newestRoot(a.ctx, log)
}

// seal signs the log as it stands. It opens no keys and no views.
func (c *rootCmd) seal(a *app) (err error) {
	dir, err := a.mustHaveLog()
	if err != nil {
		return err
	}
	log, err := a.openLog(a.ctx, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	signer, err := a.signer(log, dir, c.SigningKey)
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
