package keys_test

import (
	"testing"

	"go.uber.org/goleak"

	"hoso/infra/keys"
	"hoso/infra/keys/keystest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestContract(t *testing.T) {
	keystest.Run(t, false, func(t *testing.T) keystest.Place {
		dir := t.TempDir()
		return keystest.Place{
			Open:         func(m keys.Master) (*keys.Store, error) { return keys.Open(dir, m) },
			OpenReadOnly: func(m keys.Master) (*keys.Store, error) { return keys.OpenReadOnly(dir, m) },
		}
	})
}
