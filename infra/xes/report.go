package xes

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// reportHeader names the columns of a report file.
const reportHeader = "case\tevent\trule\tat\tsource\n"

// ReportFile is the list of findings: a line each, columns separated by tabs,
// below a header. It appears under its name when it is finished; what stood
// there before stays until then.
type ReportFile struct {
	path string
	file *os.File
	w    *bufio.Writer
}

// CreateReport begins a report that will appear at path.
func CreateReport(path string) (*ReportFile, error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	r := &ReportFile{path: path, file: f, w: bufio.NewWriter(f)}
	_, err = r.w.WriteString(reportHeader)
	return r, err
}

// oneLine keeps a text of the log within its column.
var oneLine = strings.NewReplacer("\t", " ", "\n", " ", "\r", " ")

// Add writes a finding.
func (r *ReportFile) Add(f Finding) error {
	_, err := fmt.Fprintf(r.w, "%s\t%s\t%s\t%s\t%s\n", oneLine.Replace(f.Case), f.Event, f.Rule, f.At.UTC().Format(time.RFC3339Nano), oneLine.Replace(f.Source))
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// Finish puts the report in its place, whole or not at all.
func (r *ReportFile) Finish() error {
	err := errors.Join(r.w.Flush(), r.file.Chmod(0o644), r.file.Sync(), r.file.Close())
	if err == nil {
		err = os.Rename(r.file.Name(), r.path)
	}
	if err != nil {
		os.Remove(r.file.Name())
		return fmt.Errorf("report: %w", err)
	}
	return nil
}
