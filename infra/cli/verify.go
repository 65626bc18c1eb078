package cli

import (
	"crypto/ed25519"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"hoso/domain"
	"hoso/infra/esdb"
	"hoso/infra/proof"
	"hoso/infra/sqlite"
)

type verifyCmd struct {
	Key     string `help:"File with the public key that must have signed every root (PEM or 64 hex digits)." placeholder:"FILE"`
	Against string `help:"An earlier root, as hoso root printed it, or a file that holds it: the log must have grown from exactly what it covers." placeholder:"ROOT"`
	JSON    bool   `help:"Answer as JSON." name:"json"`
}

// Help tells the fields of --json.
func (verifyCmd) Help() string {
	return `It checks the file itself, each event against its hash and its predecessor's, and each signed root against the whole log before it, and stops at the first fault. Without --key, whoever rewrote the log could have signed it anew; without --against, a tail that was cut off leaves no trace. It reads beside a running server. Exit code 1: found wrong.

--json gives {ok, events, streams, roots, after_last_root, key, key_from_log, tree} (tree is the hash over all events: two copies of a log have the same) and where not ok torn (nothing is wrong but a last transaction that a crash cut short or somebody changed, which look alike), position, stream, revision, why of the first fault (without stream and revision where it lies in no event).`
}

// Run verifies the log.
func (c *verifyCmd) Run(a *app) (err error) {
	options, err := c.options()
	if err != nil {
		return err
	}
	log, err := a.readLog(a.ctx)
	if a.Engines.Log == "" && unreadable(err) {
		return c.answer(a, proof.Report{Why: err.Error()})
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	bar := a.progress("verifying")
	defer bar.end()
	head, err := log.Head(a.ctx)
	if err != nil && a.Engines.Log != "" { // a server that does not answer is no finding
		return err
	}
	if err != nil {
		return c.answer(a, proof.Report{Why: err.Error()})
	}
	options.Progress = func(events uint64) { bar.at(events, head.Commit) }
	report, err := proof.Verify(a.ctx, log, options)
	switch {
	case a.ctx.Err() != nil:
		return a.ctx.Err()
	case err != nil && options.Against != nil && report.Why == "":
		return badInput("%s", err)
	case errors.As(err, new(*esdb.Fault)):
		return err
	case err != nil:
		report.OK, report.Why = false, err.Error()
	case report.OK:
		if report, err = checkedFile(a, log, report); err != nil {
			return err
		}
	}
	bar.end()
	return c.answer(a, report)
}

// checkedFile looks below the events: at indexes, pages and the write-ahead log.
func checkedFile(a *app, log anyLog, report proof.Report) (proof.Report, error) {
	file, ok := log.(*sqlite.Log)
	if !ok {
		return report, nil // a server keeps its files to itself
	}
	damage, err := file.CheckFile(a.ctx)
	if err != nil || damage == nil {
		return report, err
	}
	report.OK, report.Why, report.Torn = false, damage.Why, damage.Torn
	if damage.Position > 0 {
		report.Position, report.Stream = strconv.FormatUint(damage.Position, 10), damage.Stream
	}
	if damage.Stream != "" {
		report.Revision = &damage.Revision
	}
	return report, nil
}

// unreadable reports whether a log that is there cannot be opened as one:
// that is a finding, not a hindrance.
func unreadable(err error) bool {
	var told *exitError
	var path *fs.PathError
	return err != nil && !errors.As(err, &told) && !errors.As(err, &path)
}

func (c *verifyCmd) options() (o proof.VerifyOptions, err error) {
	if c.Key != "" {
		var key ed25519.PublicKey
		if key, err = proof.LoadPublicKey(c.Key); err != nil {
			return o, badInput("--key: %s", err)
		}
		o.Key = key
	}
	if c.Against != "" {
		text := c.Against
		if raw, err := os.ReadFile(text); err == nil {
			text = string(raw)
		}
		var root domain.RootSigned
		if root, err = proof.ParseRoot(strings.TrimSpace(text)); err != nil {
			return o, badInput("--against: %s", err)
		}
		o.Against = &root
	}
	return o, nil
}

func (c *verifyCmd) answer(a *app, r proof.Report) error {
	if c.JSON {
		if err := a.document(r); err != nil || r.OK {
			return err
		}
		return answered
	}
	if !r.OK {
		where := ""
		if r.Position != "" && r.Position != "0" {
			where = " at position " + r.Position
		}
		if r.Stream != "" && r.Revision != nil {
			where += ", stream " + r.Stream + ", revision " + strconv.FormatInt(*r.Revision, 10)
		}
		a.printf("WRONG%s: %s\n%s events before it are sound.\n", where, r.Why, thousands(r.Events))
		if r.Torn {
			a.printf("After a kill or a power cut in the middle of a write that is to be expected: copy the folder, start hoso serve once, which drops what was never finished, and verify again with --against.\n")
		}
		return answered
	}
	a.printf("sound: %s events in %s streams, %s signed roots; %s events stand after the last root\n",
		thousands(r.Events), thousands(r.Streams), thousands(r.Roots), thousands(r.AfterLastRoot))
	switch {
	case r.Roots == 0:
		a.printf("No root is signed yet: whoever can write the folder could have rewritten all of it.\n")
	case r.KeyFromLog:
		a.printf("The roots were checked with the key that the log itself names (%s): bring the true one with --key FILE, and an earlier root with --against.\n", r.Key)
	case c.Against == "":
		a.printf("Bring an earlier root with --against to show that nothing was cut off since.\n")
	}
	return nil
}
