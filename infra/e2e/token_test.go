package e2e

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// issuer is a sign-in service of the tests: it signs tokens, and the program
// gets its public key by --token-key.
type issuer struct {
	key        ed25519.PrivateKey
	publicFile string // PEM
}

var makeIssuer = sync.OnceValues(func() (*issuer, error) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(filepath.Dir(program), "token.pub")
	return &issuer{private, file}, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o644)
})

func tokens(t testing.TB) *issuer {
	t.Helper()
	i, err := makeIssuer()
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// token signs a token for an actor; an applicant's ID number may be empty.
func token(t testing.TB, role, agency, id, idNumber string) string {
	t.Helper()
	claims := jwt.MapClaims{"aud": "hoso", "sub": id, "role": role, "exp": time.Now().Add(time.Hour).Unix()}
	if agency != "" {
		claims["agency"] = agency
	}
	if idNumber != "" {
		claims["id_number"] = idNumber
	}
	text, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims).SignedString(tokens(t).key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
