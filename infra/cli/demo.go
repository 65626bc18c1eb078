package cli

import (
	"crypto/ed25519"
	"errors"
	"os"
	"path/filepath"
	"time"

	"hoso/projections"
)

type demoCmd struct {
	ServerConfig
	Dossiers int    `help:"How many dossiers to simulate (default ${default})." default:"300" placeholder:"N"`
	Seed     uint64 `help:"One seed gives one story (default ${default})." default:"1" placeholder:"S"`
	JSON     bool   `help:"Tell what to try as one JSON document." name:"json"`
}

// Help tells what it does to folders.
func (demoCmd) Help() string {
	return `Three months of simulated dossiers are lived through the real commands up to this minute, then served. Without --data it works in a temporary folder and removes it at the end; a folder given with --data is kept, and served as it is the next time; one whose log did not begin with a simulation is refused. Until the simulation is whole it lies in DIR/unfinished-demo, which the next demo begins anew if this one was killed. Its keys for tokens and roots are its own: nothing for real data.

--json gives {url, data, delivered, supplement, late, submitted (codes), id_number (of the delivered one's owner), users: [{role, agency, token, header_file}], try: [{what, command}]}.`
}

// demoDays is how long the simulated dossiers have lived.
const demoDays = 90

// Run lives the demo and serves it.
func (c *demoCmd) Run(a *app) (err error) {
	if c.Dossiers < 1 {
		return badInput("--dossiers must be at least 1")
	}
	if e := a.Engines; e.Log+e.Views+e.Keys != "" {
		return badInput("demo keeps everything in a folder of its own: leave --log, --views and --keys out (hoso simulate fills other engines, hoso serve serves them)")
	}
	listener, err := listen(c.Addr)
	if err != nil {
		return err
	}
	defer listener.Close()
	if a.Data == "" {
		if a.Data, err = os.MkdirTemp("", "hoso-demo-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(a.Data)) }()
	}
	if err := c.prepare(a); err != nil {
		return err
	}
	if err := a.openWatch(c.WatchConfig, c.TrustProxy); err != nil {
		return err
	}
	defer a.watch.close(a)
	s, err := a.openStack(stackOptions{})
	if err != nil {
		return err
	}
	defer s.closing(&err)
	if !exists(simulatedMark(s.dir)) {
		return badInput("the log in %s is not a simulated one, and the demo hands out tokens for every role: start it with hoso serve, or give the demo an empty folder", s.dir)
	}
	bar := a.progress("building the views")
	if err := s.openViews(a.ctx, func(p projections.Progress) { bar.at(p.At.Commit, p.Head.Commit) }); err != nil {
		return err
	}
	bar.end()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return err
	}
	signer, err := a.quietSigner(s.log, s.dir)
	if err != nil {
		return err
	}
	t, err := a.tour(s, "http://"+listener.Addr().String(), private)
	if err != nil {
		return err
	}
	// The tokens are good while this demo runs, and one tells an ID number.
	defer func() { err = errors.Join(err, os.RemoveAll(filepath.Join(s.dir, tokenFolder))) }()
	var told error
	err = s.serve(a.ctx, server{
		listener: listener, tokens: public, signer: signer, every: time.Minute, trustProxy: c.TrustProxy,
		ready: func() { told = t.print(a, c.JSON) },
	})
	return errors.Join(err, told)
}
