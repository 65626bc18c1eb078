package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime/debug"
	"strings"

	"hoso/domain"
	"hoso/infra/sqlite"
)

// The exit codes.
const (
	exitDone   = 0
	exitWrong  = 1 // found wrong, or not found
	exitUsage  = 2 // wrong usage or bad input
	exitFailed = 3 // could not be done
)

// exitError is an error with its exit code; without a text everything has been said.
type exitError struct {
	code int
	text string
}

func (e *exitError) Error() string { return e.text }

func notFound(format string, args ...any) error {
	return &exitError{exitWrong, fmt.Sprintf(format, args...)}
}

func badInput(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Sprintf(format, args...)}
}

func failed(format string, args ...any) error {
	return &exitError{exitFailed, fmt.Errorf(format, args...).Error()}
}

// answered exits with 1 where the answer itself has told what is wrong.
var answered = &exitError{code: exitWrong}

// tell prints an error in one line and gives its exit code.
func tell(stderr io.Writer, err error) int {
	if err == nil {
		return exitDone
	}
	code, text := judge(err)
	if text != "" {
		fmt.Fprintln(stderr, "hoso: "+strings.ReplaceAll(strings.TrimSpace(text), "\n", "; "))
	}
	return code
}

func judge(err error) (code int, text string) {
	var exit *exitError
	var refused *domain.Error
	var locked *sqlite.LockedError
	var path *fs.PathError
	switch {
	case errors.As(err, &exit):
		return exit.code, exit.text
	case errors.As(err, &locked):
		return exitFailed, locked.Error()
	case errors.As(err, &refused):
		return codeOf(refused), refused.EN
	case errors.Is(err, context.Canceled):
		return exitFailed, "stopped before it was done; run it again to go on"
	case errors.As(err, &path):
		return exitFailed, path.Error() + ": check that folder and its owner, or choose another with --data"
	}
	return exitFailed, err.Error()
}

func codeOf(e *domain.Error) int {
	switch e.Code {
	case "not_found", "not_parked", "revision_beyond_end", "before_first_event":
		return exitWrong
	case "view_not_built", "no_previous_view", "views_unreachable", "views_denied", "views_no_right", "views_unavailable", "views_not_elasticsearch", "conflict", "dossier_open", "still_open", "forbidden":
		return exitFailed
	}
	return exitUsage
}

// version is what the build knows of itself.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "hoso (unknown version)"
	}
	text := "hoso " + info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" || s.Key == "vcs.time" {
			text += " " + s.Value
		}
	}
	return text + " " + info.GoVersion
}
