package cli

import (
	"context"
	"encoding/hex"
	"path/filepath"

	"hoso/domain"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
	"hoso/infra/proof"
)

// signer loads the key that signs roots; without a file named it is
// dir/signing.key, made at first use. A key inside the folder it vouches for is
// warned about: whoever takes the folder can sign anew. The signer is nil where
// another instance signs.
func (a *app) signer(log eventlog.Log, dir, file string) (*proof.Signer, error) {
	if file == signElsewhere {
		return nil, nil
	}
	if file == "" {
		file = ownSigningKey(dir)
	}
	if within(dir, file) {
		a.logger(true).Warn("the signing key lies inside the data folder: whoever can write there can rewrite the log and sign it anew; keep it elsewhere and name it with --signing-key", "file", file)
	}
	if file == ownSigningKey(dir) {
		return a.quietSigner(log, dir)
	}
	if !exists(file) {
		return nil, badInput("--signing-key: there is no file %s: make one with openssl genpkey -algorithm ed25519 -out %s && chmod 600 %s", file, file, file)
	}
	signer, err := proof.LoadSigner(file)
	if err != nil {
		return nil, err
	}
	return signer, a.agrees(log, signer, file)
}

// signElsewhere stands for the file where this instance signs nothing.
const signElsewhere = "none"

func ownSigningKey(dir string) string { return filepath.Join(dir, "signing.key") }

// quietSigner is the key inside the folder, without the warning: enough for
// simulated dossiers. It is made where the log has no root yet; later a missing
// key is missed, for roots of two keys prove nothing.
func (a *app) quietSigner(log eventlog.Log, dir string) (*proof.Signer, error) {
	file, public := ownSigningKey(dir), filepath.Join(dir, "signing.pub")
	if exists(file) {
		signer, err := proof.LoadSigner(file)
		if err != nil {
			return nil, err
		}
		return signer, a.agrees(log, signer, file)
	}
	if _, signed, err := newestRoot(a.ctx, log); err != nil {
		return nil, err
	} else if signed {
		return nil, failed("the log's roots are signed, but their key is not in %s: bring it back, or name it with --signing-key", file)
	}
	if exists(public) {
		return nil, failed("%s is there without its %s: bring that back, or remove the .pub to begin with a new key", public, file)
	}
	signer, err := proof.CreateSigner(file)
	if err != nil {
		return nil, err
	}
	return signer, signer.PublicKeyFile(public)
}

// agrees refuses a key other than the one that signed the log's roots so far.
func (a *app) agrees(log eventlog.Log, signer *proof.Signer, file string) error {
	root, signed, err := newestRoot(a.ctx, log)
	if err != nil || !signed {
		return err
	}
	if key := hex.EncodeToString(signer.Public()); key != root.Key {
		return failed("%s is not the key that signed the log's roots (public %s…, here %s…): name that one with --signing-key", file, root.Key[:16], key[:16])
	}
	return nil
}

// newestRoot reads the root signed last.
func newestRoot(ctx context.Context, log eventlog.Log) (root domain.RootSigned, ok bool, err error) {
	last, ok, err := log.Last(ctx, domain.RootStream)
	if err != nil || !ok {
		return root, false, err
	}
	d, err := (&codec.Codec{Keys: noKeys}).Decode(last)
	if err != nil {
		return root, false, err
	}
	root, ok = d.Event.(domain.RootSigned)
	return root, ok && len(root.Key) == 64, nil
}

// within reports whether a file lies in a folder.
func within(dir, file string) bool {
	dir, err1 := filepath.Abs(dir)
	file, err2 := filepath.Abs(file)
	rest, err3 := filepath.Rel(dir, file)
	return err1 == nil && err2 == nil && err3 == nil && filepath.IsLocal(rest)
}
