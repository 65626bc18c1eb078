package cli

import (
	"errors"
	"strings"

	"github.com/google/uuid"

	"hoso/commands"
	"hoso/domain"
)

type eraseCmd struct {
	ID    string `help:"ID number of the person (CCCD, CMND, business code)." required:"" placeholder:"NUMBER" name:"id"`
	Basis string `help:"The provision by which the data is erased." required:"" placeholder:"TEXT"`
	JSON  bool   `help:"Answer as JSON." name:"json"`
}

// Help tells the fields of --json.
func (eraseCmd) Help() string {
	return `It destroys the person's key and rewrites the views: nobody can read the data again, not from this folder. Copies made before (backups of keys.db or views) must be destroyed too. It asks nothing and cannot be taken back. Refused (exit code 3) while a dossier of the person is open; exit code 1: nobody has this number. A server that has the folder open must be stopped first; where log and keys are on servers it runs beside all instances, which write nothing for the person meanwhile.

--json gives {subject, dossiers}: the person's opaque id, and how many dossiers were marked.`
}

// Run erases a person.
func (c *eraseCmd) Run(a *app) (err error) {
	_, number, invalid := domain.ParseIDNumber(c.ID)
	if invalid != nil {
		return badInput("--id: %s", invalid.EN)
	}
	if strings.TrimSpace(c.Basis) == "" {
		return badInput("--basis is empty: name the provision by which the data is erased")
	}
	if _, err := a.mustHaveLog(); err != nil {
		return err
	}
	s, err := a.openStack(stackOptions{})
	if err != nil {
		return err
	}
	defer s.closing(&err)
	subject, known, err := s.keys.Find(a.ctx, number)
	if err != nil {
		return err
	}
	if !known {
		// Opening may have finished an erasure that was interrupted: then its views are due.
		if err := s.settleViews(a.ctx, a.progress("rewriting the views")); err != nil {
			return err
		}
		return notFound("nobody with this ID number is known here: check the number (a person who was erased has none any more)")
	}
	req := commands.Request{Actor: domain.Actor{Role: domain.Administrator, ID: "cli"}, ID: uuid.New()}
	done, err := s.handler.Erase(a.ctx, req, subject, strings.TrimSpace(c.Basis))
	if domain.CodeOf(err) != "" || err != nil && done.Subject == uuid.Nil {
		return err // refused, or given up before it was recorded: nothing was erased
	}
	if settled := s.settleViews(a.ctx, a.progress("rewriting the views")); settled != nil {
		return errors.Join(err, settled)
	}
	if err != nil {
		return failed("the erasure is recorded and the views are rewritten, but traces of the key may remain in keys.db (%w): run the same command again, which finishes it", err)
	}
	if c.JSON {
		return a.document(done)
	}
	a.printf("erased: the key of person %s is destroyed, %d dossiers are marked\n", done.Subject, done.Dossiers)
	return nil
}
