package memory_test

import (
	"testing"

	"hoso/domain/eventlog"
	"hoso/domain/eventlog/logtest"
	"hoso/domain/eventlog/memory"
)

func TestContract(t *testing.T) {
	logtest.Run(t, func(t *testing.T) eventlog.Log { return memory.New() })
}
