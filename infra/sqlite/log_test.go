package sqlite_test

import (
	"fmt"
	"testing"

	"github.com/google/uuid"

	"hoso/domain/eventlog"
	"hoso/domain/eventlog/logtest"
	"hoso/infra/sqlite"
)

func TestContract(t *testing.T) {
	logtest.Run(t, func(t *testing.T) eventlog.Log { return openLog(t, t.TempDir()) })
}

func openLog(t testing.TB, dir string) *sqlite.Log {
	t.Helper()
	l, err := sqlite.OpenLog(dir, sqlite.LogOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// proposed makes n events of about 450 bytes whose data names them.
func proposed(n int) (list []eventlog.Proposed) {
	for range n {
		id := uuid.New()
		list = append(list, eventlog.Proposed{ID: id, Type: "test.happened", Data: fmt.Appendf(nil, `{"id":%q,"pad":"%0400d"}`, id, 0), Meta: []byte(`{}`)})
	}
	return list
}
