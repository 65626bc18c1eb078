package cli

import (
	"crypto/ed25519"
	"os"
	"path/filepath"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"hoso/domain"
	"hoso/http"
	"hoso/infra/simulate"
)

// demoAgency is where the demo's officers work unless a dossier waits elsewhere.
const demoAgency = "H99.31"

// tokenFolder holds the demo's tokens while it runs.
const tokenFolder = "tokens"

// tokenLife is how long the demo's tokens are good.
const tokenLife = 24 * time.Hour

// user is somebody the demo signs in.
type user struct {
	Role   domain.Role `json:"role"`
	Agency string      `json:"agency,omitempty"`
	Header string      `json:"header_file"` // for curl -H @FILE
	Token  string      `json:"token"`
}

// issueTokens makes a token for one user of each role, and for each a file
// with the header that curl sends (curl -H @FILE).
func issueTokens(dir, agency string, key ed25519.PrivateKey, who *applicant) ([]user, error) {
	folder := filepath.Join(dir, tokenFolder)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	users := []user{}
	for _, role := range domain.Roles() {
		claims := http.Claims{Role: role, Agency: agency}
		claims.Subject = simulate.OfficerID(agency, role, 1)
		switch role {
		case domain.System:
			continue
		case domain.Applicant:
			if who == nil {
				continue
			}
			claims.Subject, claims.Agency, claims.IDNumber = who.subject, "", who.idNumber
		case domain.Auditor, domain.Analyst, domain.Administrator:
			claims.Agency = ""
		}
		now := time.Now()
		claims.Audience = jwt.ClaimStrings{http.Audience}
		claims.IssuedAt, claims.ExpiresAt = jwt.NewNumericDate(now), jwt.NewNumericDate(now.Add(tokenLife))
		token, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims).SignedString(key)
		if err != nil {
			return nil, err
		}
		u := user{Role: role, Agency: claims.Agency, Header: filepath.Join(folder, string(role)), Token: token}
		if err := os.WriteFile(u.Header, []byte("Authorization: Bearer "+token+"\n"), 0o600); err != nil {
			return nil, err
		}
		users = append(users, u)
	}
	return users, nil
}
