package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// viewsApplication marks a view's file, as the log's is marked: "HSvw".
const viewsApplication = 0x48537677

func (p *projection) file(number int) string {
	return filepath.Join(p.views.dir, fmt.Sprintf("%s.%d.db", p.name, number))
}

func (p *projection) currentFile() string { return filepath.Join(p.views.dir, p.name+".current") }

// open opens the serving generation, if there is one that can be used, and
// clears away what a crash left of others.
func (p *projection) open() error {
	numbers, err := p.generations()
	if err != nil {
		return err
	}
	p.numbers = slices.Max(append(numbers, 0))
	current, why, err := p.current()
	if err != nil {
		return err
	}
	p.why = why
	if why == "" {
		if p.why, err = inspectView(p.file(current), p.docs.format()); err != nil {
			return err
		}
	}
	if !p.views.readOnly {
		if err := p.clear(numbers, current); err != nil {
			return err
		}
	}
	if p.why != "" {
		return nil
	}
	p.serving, err = p.openGeneration(current)
	return err
}

// generations lists the numbers of the files that are there.
func (p *projection) generations() ([]int, error) {
	entries, err := os.ReadDir(p.views.dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	var numbers []int
	for _, e := range entries {
		text, ok := strings.CutPrefix(e.Name(), p.name+".")
		text, isDB := strings.CutSuffix(text, ".db")
		if n, bad := strconv.Atoi(text); ok && isDB && bad == nil {
			numbers = append(numbers, n)
		}
	}
	return numbers, err
}

// current reads which generation serves; why is set when none does.
func (p *projection) current() (number int, why string, err error) {
	text, err := os.ReadFile(p.currentFile())
	if errors.Is(err, os.ErrNotExist) {
		return 0, "it has not been built yet", nil
	}
	if err != nil {
		return 0, "", err
	}
	number, bad := strconv.Atoi(strings.TrimSpace(string(text)))
	if bad != nil {
		return 0, fmt.Sprintf("%s does not name a generation", p.currentFile()), nil
	}
	return number, "", nil
}

// setCurrent makes a generation the serving one, also across a power cut.
func (p *projection) setCurrent(number int) error {
	tmp := p.currentFile() + ".new"
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(f, number)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp, p.currentFile()); err != nil {
		return err
	}
	return syncDir(p.views.dir)
}

// clear deletes unfinished generations, and all before the serving one but the last.
func (p *projection) clear(numbers []int, current int) error {
	slices.Sort(numbers)
	var before []int
	for _, n := range numbers {
		switch {
		case n > current:
			if err := p.remove(n); err != nil {
				return err
			}
		case n < current:
			before = append(before, n)
		}
	}
	for i := 0; i+1 < len(before); i++ {
		if err := p.remove(before[i]); err != nil {
			return err
		}
	}
	return nil
}

// removeBefore deletes all generations before one.
func (p *projection) removeBefore(number int) error {
	// What is being brought up to serve again goes, too. Not here: it may wait
	// for its turn to be written, which the caller has.
	go p.closeRevived()
	numbers, err := p.generations()
	for _, n := range numbers {
		if n < number {
			err = errors.Join(err, p.remove(n))
		}
	}
	return err
}

func (p *projection) remove(number int) error { return removeView(p.file(number)) }

func removeView(path string) error {
	for _, name := range []string{path, path + "-wal", path + "-shm", path + "-journal"} {
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// inspectView tells why a file cannot serve, empty if it can.
func inspectView(path string, format int) (why string, err error) {
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return fmt.Sprintf("its file %s is missing", filepath.Base(path)), nil
	}
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadOnly)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	conn.SetBusyTimeout(busyTimeout)
	application, err := pragma(conn, "application_id")
	if err == nil && application == viewsApplication {
		var found int
		if found, err = pragma(conn, "user_version"); err == nil && found != format {
			return fmt.Sprintf("its file has format %d, this program writes format %d", found, format), nil
		}
	} else if err == nil {
		return fmt.Sprintf("its file %s is not a view's", filepath.Base(path)), nil
	}
	if code := sqlite.ErrCode(err).ToPrimary(); code == sqlite.ResultNotADB || code == sqlite.ResultCorrupt {
		return fmt.Sprintf("its file %s is damaged", filepath.Base(path)), nil
	}
	return "", err
}

func pragma(conn *sqlite.Conn, name string) (value int, err error) {
	err = sqlitex.ExecuteTransient(conn, "PRAGMA "+name, &sqlitex.ExecOptions{ResultFunc: func(stmt *sqlite.Stmt) error {
		value = stmt.ColumnInt(0)
		return nil
	}})
	return value, err
}
