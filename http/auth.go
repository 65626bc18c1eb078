package http

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	nethttp "net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/labstack/echo/v4"

	"hoso/commands"
	"hoso/domain"
)

// Audience is the aud claim of tokens for this program.
const Audience = "hoso"

// Claims are what a bearer token says. Tokens are JWTs signed with EdDSA; exp,
// aud, sub and role are required, for officers agency too.
type Claims struct {
	jwt.RegisteredClaims
	Role   domain.Role `json:"role"`
	Agency string      `json:"agency,omitempty"`
	// IDNumber is an applicant's, where they signed in with an identity.
	IDNumber string `json:"id_number,omitempty"`
}

// maxTokens is how many verified tokens are kept at hand: checking a signature
// costs more than everything else a read does.
const maxTokens = 8192

// tokens verifies bearer tokens. Safe for concurrent use.
type tokens struct {
	key      ed25519.PublicKey
	parser   *jwt.Parser
	now      func() time.Time
	verified *lru.Cache[[sha256.Size]byte, *Claims] // by the token's hash
}

func newTokens(key ed25519.PublicKey, now func() time.Time) *tokens {
	verified, err := lru.New[[sha256.Size]byte, *Claims](maxTokens)
	if err != nil {
		panic(err) // the size is a constant
	}
	return &tokens{key: key, now: now, verified: verified, parser: jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}), jwt.WithAudience(Audience),
		jwt.WithExpirationRequired(), jwt.WithTimeFunc(now),
	)}
}

var errClaims = errors.New("http: the token names no known role, no agency, or no subject that may stand in the log (an ID number may not)")

// claims verifies a token.
func (t *tokens) claims(token string) (*Claims, error) {
	sum := sha256.Sum256([]byte(token))
	if c, ok := t.verified.Get(sum); ok {
		if t.now().Before(c.ExpiresAt.Time) {
			return c, nil
		}
		t.verified.Remove(sum)
	}
	c := &Claims{}
	if _, err := t.parser.ParseWithClaims(token, c, func(*jwt.Token) (any, error) { return t.key, nil }); err != nil {
		return nil, err
	}
	if !c.sound() {
		return nil, errClaims
	}
	t.verified.Add(sum, c)
	return c, nil
}

// sound reports whether the claims name somebody: nobody signs in as the system.
func (c *Claims) sound() bool {
	if _, _, err := domain.ParseIDNumber(c.Subject); err == nil {
		return false // it would stand in the log, in plain and for ever
	}
	switch {
	case c.Subject == "" || len(c.Subject) > 128 || c.Role == domain.System || !slices.Contains(domain.Roles(), c.Role):
		return false
	case c.Role == domain.Applicant:
		return true
	case c.Role == domain.Auditor || c.Role == domain.Analyst || c.Role == domain.Administrator:
		return true
	}
	return c.Agency != ""
}

const keyWho = "who" // of the request's context values

// signedIn lets through who shows a valid token.
func (s *Server) signedIn(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		scheme, token, _ := strings.Cut(c.Request().Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "Bearer") || token == "" {
			return unauthorized("", "Hãy gửi mã đăng nhập: Authorization: Bearer …", "Send a token: Authorization: Bearer …")
		}
		claims, err := s.tokens.claims(strings.TrimSpace(token))
		if err != nil {
			return unauthorized(`, error="invalid_token"`, "Mã đăng nhập không hợp lệ hoặc đã hết hạn: hãy đăng nhập lại.", "The token is not valid or has expired: sign in again.")
		}
		who := commands.Request{
			Actor:       domain.Actor{Role: claims.Role, Agency: claims.Agency, ID: claims.Subject},
			Correlation: requestID(c),
		}
		if claims.Role == domain.Applicant && claims.IDNumber != "" {
			if who.Subject, _, err = s.FindSubject(c.Request().Context(), normalised(claims.IDNumber)); err != nil {
				return err
			}
		}
		c.Set(keyWho, who)
		return next(c)
	}
}

// who is the envelope of what the signed-in person asks.
func who(c echo.Context) commands.Request {
	return c.Get(keyWho).(commands.Request)
}

func unauthorized(detail, vi, en string) error {
	p := refuse(nethttp.StatusUnauthorized, "unauthorized", vi, en)
	p.challenge = `Bearer realm="hoso"` + detail
	return p
}

// normalised is an ID number in the form under which persons are kept; what is
// no ID number stays as it is and finds nobody.
func normalised(number string) string {
	if _, n, err := domain.ParseIDNumber(number); err == nil {
		return n
	}
	return strings.TrimSpace(number)
}
