package cli

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"hoso/commands"
	"hoso/domain"
)

// life is an installation with somebody who can be erased.
type life struct {
	t    *testing.T
	args []string // flags of its engines
	dir  string
}

// someone submits and ends a dossier for a person with an ID number.
func (l life) someone(number, name string) (person domain.SubjectID, dossier uuid.UUID) {
	l.t.Helper()
	l.write(func(s *stack) {
		officer := domain.Actor{Role: domain.IntakeOfficer, Agency: "H99.01", ID: "officer-1"}
		receipt, err := s.handler.Submit(l.t.Context(), commands.Request{Actor: officer, ID: uuid.New()}, domain.SubmitDossier{
			Procedure: "1.115784", Agency: "H99.01", Channel: domain.Direct,
			Submitter: domain.PersonInput{Kind: domain.Citizen, Name: name, IDNumber: number, Address: "1 Phố Mẫu"}, Receiving: domain.ReceivingInput{Way: domain.AtCounter},
		})
		if err != nil {
			l.t.Fatal(err)
		}
		dossier = receipt.Dossier
		if _, err = s.handler.Do(l.t.Context(), commands.Request{Actor: officer, ID: uuid.New()}, dossier, domain.Refuse{Reason: "Không thuộc thẩm quyền", LegalBasis: "điều mẫu"}); err != nil {
			l.t.Fatal(err)
		}
		var known bool
		if person, known, err = s.keys.Find(l.t.Context(), number); err != nil || !known {
			l.t.Fatal(known, err)
		}
	})
	return person, dossier
}

func (l life) app() *app {
	a := testApp(l.t, l.dir)
	for i, flag := range l.args {
		switch flag {
		case "--log":
			a.Engines.Log = l.args[i+1]
		case "--keys":
			a.Engines.Keys = l.args[i+1]
		}
	}
	return a
}

func (l life) write(what func(*stack)) {
	l.t.Helper()
	s, err := l.app().openStack(stackOptions{})
	if err != nil {
		l.t.Fatal(err)
	}
	what(s)
	if err := s.close(); err != nil {
		l.t.Fatal(err)
	}
}

// name is the submitter's name as the log and the keys tell it now; empty: erased.
func (l life) name(dossier uuid.UUID) (name string) {
	l.t.Helper()
	l.write(func(s *stack) {
		for r, err := range s.log.ReadStream(l.t.Context(), domain.DossierStream(dossier), 0) {
			if err != nil {
				l.t.Fatal(err)
			}
			d, err := s.codec.Decode(r)
			if err != nil {
				l.t.Fatal(err)
			}
			if e, ok := d.Event.(domain.Submitted); ok {
				name = e.Submitter.Name.Text
			}
		}
	})
	return name
}

func (l life) run(args ...string) {
	l.t.Helper()
	if code, stdout, stderr := runMain(l.t, append(args, l.args...)...); code != exitDone {
		l.t.Fatalf("hoso %v: exit code %d\n%s%s", args, code, stdout, stderr)
	}
}

// masterTo brings the master key to a new folder, as an operator does.
func (l life) masterTo(dir string) {
	l.t.Helper()
	text, err := os.ReadFile(filepath.Join(l.dir, masterFile))
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, masterFile), text, 0o600)
	}
	if err != nil {
		l.t.Fatal(err)
	}
}

const (
	numberA, nameA = "001099000001", "Nguyễn Thị Mẫu"
	numberB, nameB = "001099000002", "Trần Văn Thử"
	numberC, nameC = "001099000003", "Lê Thị Ví Dụ"
)

// setups are the engines that backups are taken from and restored into.
func setups(t *testing.T) map[string]func(dir string) []string {
	on := map[string]func(string) []string{
		"sqlite": func(dir string) []string { return []string{"--data", dir} },
		"esdb":   func(dir string) []string { return []string{"--data", dir, "--log", eventStore(t)} },
	}
	if at := os.Getenv("HOSO_TEST_POSTGRES"); at != "" {
		on["esdb and postgres"] = func(dir string) []string {
			return []string{"--data", dir, "--log", eventStore(t), "--keys", keysDatabase(t, at)}
		}
	}
	return on
}

// keysDatabase gives a schema of its own, dropped after the test.
func keysDatabase(t *testing.T, at string) string {
	sep, name := "?", "hoso_cli_"+strings.ReplaceAll(uuid.NewString(), "-", "")
	if strings.Contains(at, "?") {
		sep = "&"
	}
	t.Cleanup(func() {
		conn, err := pgx.Connect(context.Background(), at)
		if err == nil {
			_, err = conn.Exec(context.Background(), "DROP SCHEMA IF EXISTS "+name+" CASCADE")
		}
		if err != nil {
			t.Error(err)
			return
		}
		conn.Close(context.Background())
	})
	return at + sep + "search_path=" + name
}
