package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"hoso/infra/keys"
	"hoso/infra/proof"
	"hoso/infra/sqlite"
)

// manifestFormat is the version of a backup's manifest. A program refuses newer ones.
const manifestFormat = 1

// manifest says what is in a backup. It is written last: a folder without one is no backup.
type manifest struct {
	What    string               `json:"what"`
	Format  int                  `json:"format"`
	TakenAt time.Time            `json:"taken_at"` // when it began: the log stands as it was then
	Program string               `json:"program"`
	Log     string               `json:"log"`  // where it was, without a password
	Keys    string               `json:"keys"` // where they were
	LogID   uuid.UUID            `json:"log_id"`
	Events  uint64               `json:"events"`
	Streams uint64               `json:"streams"`
	Roots   uint64               `json:"roots"`
	Tree    string               `json:"tree"`           // hash over all events
	Root    string               `json:"root,omitempty"` // the newest signed root, as hoso root prints it
	At      string               `json:"position"`       // of the newest event, in the log it was taken from
	Files   map[string]fileProof `json:"files"`
}

type fileProof struct {
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
	Format string `json:"format"` // version
}

const manifestWhat = "A backup of Hồ Sơ: the event log (log.db) and the persons' keys, wrapped by the master key (keys.db). The master key and the signing key are not in it. hoso restore brings it to life, hoso verify --data checks its log."

// backupFiles are the files of a backup and the versions of their formats.
var backupFiles = map[string]string{"log.db": sqlite.LogFormat, keys.File: keys.FileFormat}

func manifestFile(dir string) string { return filepath.Join(dir, "manifest.json") }

// fits compares a verified log with what the manifest says of it.
func (m manifest) fits(id uuid.UUID, r proof.Report) bool {
	return m.LogID == id && m.Events == r.Events && m.Streams == r.Streams && m.Roots == r.Roots && m.Tree == r.Tree
}

// write proves the files and puts the manifest on disk.
func (m manifest) write(dir string) error {
	m.Files = map[string]fileProof{}
	for name, format := range backupFiles {
		p, err := proofOf(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		p.Format = format
		m.Files[name] = p
	}
	text, err := json.Marshal(m, jsontext.WithIndent("  "), json.Deterministic(true))
	if err != nil {
		return err
	}
	return sqlite.WriteFile(manifestFile(dir), append(text, '\n'))
}

// readManifest reads a backup's manifest and holds its files against it.
func readManifest(dir string) (m manifest, err error) {
	text, err := os.ReadFile(manifestFile(dir))
	if errors.Is(err, os.ErrNotExist) {
		return m, badInput("%s is no backup: it has no manifest.json (one that was interrupted ends in %s)", dir, unfinishedBackup)
	}
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, spoiled(dir, "its manifest.json cannot be read: %s", err)
	}
	if m.Format > manifestFormat {
		return m, failed("the backup %s has format version %d, this program knows version %d: use a newer hoso", dir, m.Format, manifestFormat)
	}
	for name, format := range backupFiles {
		want, ok := m.Files[name]
		if !ok {
			return m, spoiled(dir, "its manifest.json does not name %s", name)
		}
		if newer(want.Format, format) {
			return m, failed("%s in the backup %s has format version %s, this program knows version %s: use a newer hoso", name, dir, want.Format, format)
		}
		got, err := proofOf(filepath.Join(dir, name))
		if err != nil {
			return m, spoiled(dir, "%s", err)
		}
		if got.Size != want.Size || got.SHA256 != want.SHA256 {
			return m, spoiled(dir, "%s is not as it was written (%d bytes, SHA-256 %s; written were %d bytes, %s)", name, got.Size, got.SHA256, want.Size, want.SHA256)
		}
	}
	return m, nil
}

// newer compares versions, which are plain numbers.
func newer(one, than string) bool {
	a, err1 := strconv.Atoi(one)
	b, err2 := strconv.Atoi(than)
	return err1 != nil || err2 != nil || a > b
}

// spoiled is a finding about a backup: exit code 1.
func spoiled(dir, format string, args ...any) error {
	return notFound("the backup "+dir+" is spoiled: "+format, args...)
}

func proofOf(path string) (p fileProof, err error) {
	f, err := os.Open(path)
	if err != nil {
		return p, err
	}
	defer f.Close()
	sum := sha256.New()
	if p.Size, err = io.Copy(sum, f); err == nil {
		p.SHA256 = hex.EncodeToString(sum.Sum(nil))
	}
	return p, err
}
