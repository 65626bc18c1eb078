package cli

import (
	"bytes"
	"context"
	"iter"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"hoso/commands"
	"hoso/domain"
	"hoso/domain/eventlog"
	"hoso/infra/sqlite"
)

// TestBackupBesideAWriter takes a backup while others submit: they are not held up, the
// write-ahead log does not grow with the time it takes, and it holds the log's beginning.
func TestBackupBesideAWriter(t *testing.T) {
	dir := simulated(t, "60")
	s, err := testApp(t, dir).openStack(stackOptions{})
	if err != nil {
		t.Fatal(err)
	}
	submitting, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	slowest, submitted := time.Duration(0), 0
	go func() {
		officer := domain.Actor{Role: domain.IntakeOfficer, Agency: "H99.01", ID: "officer-1"}
		for submitting.Err() == nil {
			begun := time.Now()
			_, err := s.handler.Submit(t.Context(), commands.Request{Actor: officer, ID: uuid.New()}, domain.SubmitDossier{
				Procedure: "1.115784", Agency: "H99.01", Channel: domain.Direct,
				Submitter: domain.PersonInput{Kind: domain.Citizen, Name: nameC, Address: "1 Phố Mẫu"}, Receiving: domain.ReceivingInput{Way: domain.AtCounter},
			})
			if err != nil {
				ended <- err
				return
			}
			slowest, submitted = max(slowest, time.Since(begun)), submitted+1
		}
		ended <- nil
	}()
	backup := filepath.Join(t.TempDir(), "backup")
	code, stdout, stderr := runMain(t, "backup", backup, "--data", dir, "--rate", "400")
	stop()
	if err := <-ended; err != nil || code != exitDone {
		t.Fatalf("%v, exit code %d\n%s%s", err, code, stdout, stderr)
	}
	info, err := os.Stat(sqlite.LogFile(dir) + "-wal")
	if err != nil || info.Size() > 24<<20 {
		t.Errorf("the write-ahead log: %v, %v", info, err)
	}
	if submitted < 50 || slowest > 5*time.Second {
		t.Errorf("%d submissions meanwhile, the slowest took %s", submitted, slowest)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	m := manifestOf(t, backup)
	whole, err := sqlite.OpenLogReadOnly(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer whole.Close()
	part, err := sqlite.OpenLogReadOnly(backup)
	if err != nil {
		t.Fatal(err)
	}
	defer part.Close()
	head, err := whole.Head(t.Context())
	if err != nil || head.Commit <= m.Events {
		t.Errorf("the log stands at %s, the backup has %d events (%v)", head, m.Events, err)
	}
	next, stopNext := iter.Pull2(part.Subscribe(t.Context(), eventlog.Position{}, eventlog.Filter{}))
	defer stopNext()
	var there []eventlog.Recorded
	for uint64(len(there)) < m.Events {
		batch, err, _ := next()
		if err != nil {
			t.Fatal(err)
		}
		there = append(there, batch.Events...)
	}
	at := 0
	for batch, err := range whole.Subscribe(t.Context(), eventlog.Position{}, eventlog.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range batch.Events {
			if at < len(there) && (there[at].ID != e.ID || !bytes.Equal(there[at].Meta, e.Meta)) {
				t.Fatalf("event %d of the backup is another", at)
			}
			at++
		}
		if batch.Live {
			break
		}
	}
}

// TestBackupAndRestoreKilled: killed anywhere on the way, nothing looks finished, and the same command ends it.
func TestBackupAndRestoreKilled(t *testing.T) {
	dir, server := simulated(t, "60"), eventStore(t)
	want := verified(t, "--data", dir)
	backup := filepath.Join(t.TempDir(), "backup")
	kills := 0
	for after := 30 * time.Millisecond; ; after += 10*time.Millisecond + after/8 {
		if done, _ := killed(t, after, "backup", backup, "--data", dir); done {
			break
		}
		kills++
		if exists(backup) {
			if _, err := readManifest(backup); err != nil {
				t.Error(err)
			}
			if got := verified(t, "--data", backup); !equalDocs(got, want) {
				t.Errorf("a part was taken for a backup: %v", got)
			}
			break
		}
		if exists(manifestFile(backup + unfinishedBackup)) { // whole, but for its name
			if _, err := readManifest(backup + unfinishedBackup); err != nil {
				t.Error(err)
			}
			continue
		}
		refused(t, "is no backup", "restore", backup+unfinishedBackup, "--data", t.TempDir())
	}
	if kills < 2 || exists(backup+unfinishedBackup) {
		t.Errorf("%d kills; unfinished left: %t", kills, exists(backup+unfinishedBackup))
	}
	for _, engines := range [][]string{{}, {"--log", server}} {
		to := filepath.Join(t.TempDir(), "data")
		life{t: t, dir: dir}.masterTo(to)
		args := append(engines, "--data", to)
		kills := 0
		for after := 30 * time.Millisecond; ; after += 15*time.Millisecond + after/8 {
			if done, _ := killed(t, after, append([]string{"restore", backup}, args...)...); done {
				break
			}
			kills++
			if code, stdout, _ := runMain(t, append([]string{"verify", "--json"}, args...)...); code == exitDone {
				if got := verified(t, args...); !equalDocs(got, want) {
					t.Errorf("a part was taken for the whole: %s", stdout)
				}
				break
			}
			if exists(unfinishedRestore(to)) {
				refused(t, "being restored", append([]string{"rebuild"}, args...)...)
			}
		}
		if kills < 2 {
			t.Errorf("%v: only %d kills", engines, kills)
		}
		if got := verified(t, args...); !equalDocs(got, want) {
			t.Errorf("restored: %v", got)
		}
		if code, _, stderr := runMain(t, append([]string{"rebuild"}, args...)...); code != exitDone {
			t.Error(stderr)
		}
	}
}
