package cli

import (
	"context"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"hoso/commands"
	"hoso/domain"
	"hoso/domain/eventlog"
	"hoso/infra/proof"
	"hoso/infra/sqlite"
)

// TestMoveWhoseSourceCannotBeMarked: the target does not come alive while the source still
// goes on; the same command ends it once the mark can be written.
func TestMoveWhoseSourceCannotBeMarked(t *testing.T) {
	for _, kind := range []string{"folder", "server"} {
		t.Run("to a "+kind, func(t *testing.T) {
			dir, to, where := simulated(t, "5"), "", []string(nil)
			if kind == "server" {
				to = eventStore(t)
				where = []string{"--log", to, "--data", t.TempDir()}
			} else {
				folder := filepath.Join(t.TempDir(), "target")
				to, where = "sqlite:"+folder, []string{"--data", folder}
			}
			want := verified(t, "--data", dir)
			inTheWay := movedMark(dir) + ".new"
			if err := os.Mkdir(inTheWay, 0o700); err != nil {
				t.Fatal(err)
			}
			args := []string{"move", "--json", "--from", "sqlite:" + dir, "--to", to}
			refused(t, "log-moved.txt", args...)
			if code, stdout, _ := runMain(t, append([]string{"verify"}, where...)...); code == exitDone {
				t.Errorf("two logs are alive: %s", stdout)
			}
			if err := os.Remove(inTheWay); err != nil {
				t.Fatal(err)
			}
			if doc := answer(t, args...); doc["complete"] != true || doc["standing"] == nil || doc["tree"] != want["tree"] {
				t.Errorf("the same again: %v", doc)
			}
			if got := verified(t, where...); !equalDocs(got, want) {
				t.Errorf("moved: %v\nwas: %v", got, want)
			}
			refused(t, "was moved to", "root", "--seal", "--data", dir)
			if doc := answer(t, args...); doc["complete"] != true || doc["log_id"] == nil || doc["events"] != nil {
				t.Errorf("once more: %v", doc)
			}
		})
	}
}

// readLog tells when somebody begins to read a log.
type readLog struct {
	anyLog
	read func()
}

func (l readLog) Subscribe(ctx context.Context, after eventlog.Position, filter eventlog.Filter) iter.Seq2[eventlog.Batch, error] {
	l.read()
	return l.anyLog.Subscribe(ctx, after, filter)
}

// TestMoveOfALogThatGrows: events written while the target is verified are not left behind.
func TestMoveOfALogThatGrows(t *testing.T) {
	s, err := testApp(t, simulated(t, "5")).openStack(stackOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	target, err := sqlite.OpenLog(t.TempDir(), sqlite.LogOptions{ID: s.log.ID()})
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	grow := func() {
		officer := domain.Actor{Role: domain.IntakeOfficer, Agency: "H99.01", ID: "officer-1"}
		_, err := s.handler.Submit(t.Context(), commands.Request{Actor: officer, ID: uuid.New()}, domain.SubmitDossier{
			Procedure: "1.115784", Agency: "H99.01", Channel: domain.Direct,
			Submitter: domain.PersonInput{Kind: domain.Citizen, Name: nameC, Address: "1 Phố Mẫu"}, Receiving: domain.ReceivingInput{Way: domain.AtCounter},
		})
		if err != nil {
			t.Error(err)
		}
	}
	source := &moveSource{anyLog: s.log}
	_, _, err = testApp(t, s.dir).carry(source, &moveTarget{anyLog: readLog{target, grow}}, proof.VerifyOptions{})
	if err == nil || !strings.Contains(err.Error(), "the source grew") {
		t.Errorf("got %v", err)
	}
	if _, _, err = testApp(t, s.dir).carry(source, &moveTarget{anyLog: target}, proof.VerifyOptions{}); err != nil {
		t.Error(err)
	}
}
