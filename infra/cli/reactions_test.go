package cli

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	zsqlite "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"hoso/commands"
	"hoso/domain"
	"hoso/domain/eventlog"
	"hoso/infra/bus"
	"hoso/infra/sqlite"
)

// noCodes is a log that draws no codes.
type noCodes struct{ eventlog.Log }

func (l noCodes) Append(ctx context.Context, stream string, at eventlog.Expected, events []eventlog.Proposed) (eventlog.Appended, error) {
	if strings.HasPrefix(stream, "codes-") {
		return eventlog.Appended{}, errors.New("no codes today")
	}
	return l.Log.Append(ctx, stream, at, events)
}

// brokenOff makes a folder with a submission that has no code, which its
// reaction gave up, and gives where the submission stands.
func brokenOff(t *testing.T) (dir string, submitted eventlog.Recorded) {
	t.Helper()
	dir = t.TempDir()
	a := &app{Config: Config{Data: dir}, ctx: t.Context(), stdout: io.Discard, stderr: io.Discard, env: func(string) string { return "" }}
	s, err := a.openStack(stackOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.close(); err != nil {
			t.Fatal(err)
		}
	}()
	config := s.handler.Config
	config.Log = noCodes{s.log}
	officer := domain.Actor{Role: domain.IntakeOfficer, ID: "officer-1", Agency: "H99.31"}
	_, err = commands.New(config).Submit(t.Context(), commands.Request{Actor: officer, ID: uuid.New()}, domain.SubmitDossier{
		Procedure: "1.115784", Agency: "H99.31", Channel: domain.Direct,
		Submitter: domain.PersonInput{Kind: domain.Citizen, Name: "Nguyễn Thị Mẫu", IDNumber: "001185000123", Phone: "0912 345 678", Address: "1 Phố Mẫu"},
		Receiving: domain.ReceivingInput{Way: domain.AtCounter}, Summary: "Đổi giấy chứng nhận",
		Papers: []domain.Paper{{Component: "Giấy chứng nhận đã cấp", Kind: "original", Copies: 1}},
	})
	if err == nil || !strings.Contains(err.Error(), "no codes today") {
		t.Fatalf("the submission was not broken off: %v", err)
	}
	for b, err := range s.log.Subscribe(t.Context(), eventlog.Position{}, eventlog.Filter{StreamPrefixes: []string{"dossier-"}}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range b.Events {
			submitted = e
		}
		if b.Live {
			break
		}
	}
	if submitted.Type != "dossier.submitted" {
		t.Fatalf("the last event of a dossier is %q", submitted.Type)
	}
	poison(t, dir, submitted.Stream, submitted.Position, submitted.Type)
	return dir, submitted
}

// poison puts an event on the list as a reaction would that failed six times.
func poison(t *testing.T, dir, stream string, at eventlog.Position, what string) {
	t.Helper()
	ledger, err := bus.OpenLedger(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer ledger.Close()
	conn, err := zsqlite.OpenConn(filepath.Join(dir, bus.LedgerFile), zsqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	err = sqlitex.Execute(conn, `INSERT INTO poison VALUES ('finish-submission', ?, ?, ?, 0, ?, 'no codes today', '2026-10-01T02:00:00Z')`,
		&sqlitex.ExecOptions{Args: []any{int64(at.Commit), int64(at.Prepare), stream, what}})
	if err != nil {
		t.Fatal(err)
	}
}

// code is the dossier's code, as the log tells; "" while there is none.
func code(t *testing.T, dir, stream string) (found string) {
	t.Helper()
	log, err := sqlite.OpenLogReadOnly(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	for e, err := range log.ReadStream(t.Context(), stream, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Type == "dossier.numbered" {
			var numbered struct {
				Code string `json:"code"`
			}
			if err := json.Unmarshal(e.Data, &numbered); err != nil {
				t.Fatal(err)
			}
			found += numbered.Code
		}
	}
	return found
}

// TestReactionsRetry: what a reaction gave up is listed with its reason, and
// done by "retry" while no server runs; what cannot be done stays, with exit code 1.
func TestReactionsRetry(t *testing.T) {
	dir, submitted := brokenOff(t)
	here := []string{"--data", dir, "reactions"}
	for _, args := range [][]string{{}, {"list"}} {
		code, out, stderr := runMain(t, append(here, args...)...)
		for _, says := range []string{"finish-submission", "position " + submitted.Position.String(), submitted.Stream, "no codes today", "2026-10-01 09:00"} {
			if code != exitWrong || stderr != "" || !strings.Contains(out, says) {
				t.Errorf("hoso reactions %v: exit code %d, %q, %q; want it to say %q", args, code, out, stderr, says)
			}
		}
	}
	if code, out, _ := runMain(t, append(here, "list", "--json")...); code != exitWrong || !strings.Contains(out, `"position": "`+submitted.Position.String()+`"`) || !strings.Contains(out, `"retry": false`) {
		t.Errorf("exit code %d, %s", code, out)
	}
	for _, args := range [][]string{{"retry", "999999"}, {"retry", "--reaction", "notify"}} {
		if code, out, stderr := runMain(t, append(here, args...)...); code != exitDone || !strings.Contains(out, "nothing to try again") {
			t.Errorf("hoso reactions %v: exit code %d, %q %q", args, code, out, stderr)
		}
	}
	if got := code(t, dir, submitted.Stream); got != "" {
		t.Fatalf("the dossier has the code %s already", got)
	}
	if code, out, stderr := runMain(t, append(here, "retry", submitted.Position.String())...); code != exitDone || !strings.Contains(out, "settled: 1\n") {
		t.Errorf("exit code %d, %q %q", code, out, stderr)
	}
	if got := code(t, dir, submitted.Stream); !strings.HasPrefix(got, "H99.31-") {
		t.Errorf("the dossier's code is %q", got)
	}
	if code, out, _ := runMain(t, append(here, "--json")...); code != exitDone || strings.Contains(out, "position") {
		t.Errorf("afterwards: exit code %d, %s", code, out)
	}
	log, err := sqlite.OpenLog(dir, sqlite.LogOptions{})
	if err != nil {
		t.Fatal(err)
	}
	stream := domain.DossierStream(uuid.New())
	done, err := log.Append(t.Context(), stream, eventlog.NoStream, []eventlog.Proposed{{ID: uuid.New(), Type: "dossier.submitted", Data: []byte(`{}`), Meta: []byte(`{}`)}})
	if err = errors.Join(err, log.Close()); err != nil {
		t.Fatal(err)
	}
	poison(t, dir, stream, done.Position, "dossier.submitted")
	if code, out, stderr := runMain(t, append(here, "retry", "--json")...); code != exitWrong || !strings.Contains(out, `"settled": 0`) || strings.Contains(out, "no codes today") || !strings.Contains(out, `"retry": false`) {
		t.Errorf("an unreadable event: exit code %d, %s %s", code, out, stderr)
	}
}

// TestReactionsBesideTheServer: it does what is asked for.
func TestReactionsBesideTheServer(t *testing.T) {
	dir, submitted := brokenOff(t)
	s := serveHere(t, dir)
	here := []string{"--data", dir, "reactions"}
	if code, out, stderr := runMain(t, here...); code != exitWrong || !strings.Contains(out, "no codes today") {
		t.Errorf("exit code %d, %q %q", code, out, stderr)
	}
	if code, out, stderr := runMain(t, append(here, "retry")...); code != exitDone || !strings.Contains(out, "settled: 1\n") {
		t.Errorf("exit code %d, %q %q", code, out, stderr)
	}
	s.stop()
	if got := code(t, dir, submitted.Stream); !strings.HasPrefix(got, "H99.31-") {
		t.Errorf("the dossier's code is %q", got)
	}
}

// TestReactionsNeedALog: a wrong folder is no clean bill.
func TestReactionsNeedALog(t *testing.T) {
	for _, args := range [][]string{{"reactions"}, {"reactions", "retry"}} {
		if code, out, stderr := runMain(t, append(args, "--data", t.TempDir())...); code != exitFailed || out != "" || !strings.Contains(stderr, "--data") {
			t.Errorf("%v: exit code %d, %q %q", args, code, out, stderr)
		}
	}
}
