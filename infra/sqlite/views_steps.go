package sqlite

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"hoso/projections"
)

// appendStep writes a step as the times view keeps it: five fields and a line end.
func appendStep(b []byte, s projections.StepTime) []byte {
	b = append(strconv.AppendUint(b, s.Revision, 10), ' ')
	b = append(append(b, s.Step...), ' ')
	b = append(strconv.AppendInt(b, s.WorkingMinutes, 10), ' ')
	b = append(strconv.AppendInt(b, s.WallSeconds, 10), ' ')
	if s.WeeklyOnly {
		return append(b, "1\n"...)
	}
	return append(b, "0\n"...)
}

func readStep(line string) (s projections.StepTime, err error) {
	revision, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
	step, rest, _ := strings.Cut(rest, " ")
	minutes, rest, _ := strings.Cut(rest, " ")
	seconds, weekly, _ := strings.Cut(rest, " ")
	s.Step, s.WeeklyOnly = step, weekly == "1"
	var bad [3]error
	s.Revision, bad[0] = strconv.ParseUint(revision, 10, 64)
	s.WorkingMinutes, bad[1] = strconv.ParseInt(minutes, 10, 64)
	s.WallSeconds, bad[2] = strconv.ParseInt(seconds, 10, 64)
	if err := errors.Join(bad[:]...); err != nil {
		return s, fmt.Errorf("times: the step %q cannot be read: %w", line, err)
	}
	return s, nil
}
