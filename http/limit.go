package http

import (
	nethttp "net/http"
	"net/netip"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

// Rate allows Burst at once, and one more each Every.
type Rate struct {
	Every time.Duration
	Burst int
}

// Limits bound the anonymous look-up. They hold whatever the answer is, so
// that they tell nothing about a proof.
type Limits struct {
	Address Rate // per caller's address, IPv6 per /64
	Code    Rate // per code
	// Proof is per code for look-ups with a proof. Four digits have 10,000
	// values: at the default it takes more than a month to try half of them.
	Proof Rate
	// Prover is per caller's address for look-ups with a proof. Codes run on,
	// so one number could else be tried on one code after the other.
	Prover Rate
}

// DefaultLimits are the documented ones.
var DefaultLimits = Limits{
	Address: Rate{time.Second, 60},
	Code:    Rate{2 * time.Second, 30},
	Proof:   Rate{10 * time.Minute, 10},
	Prover:  Rate{20 * time.Second, 30},
}

// maxLimited is how many addresses and codes are remembered. Forgetting one
// early gives it a new burst; to make that happen takes as many other codes,
// which the limit per address slows down.
const maxLimited = 100_000

// lookupLimits are Limits at work. Safe for concurrent use.
type lookupLimits struct{ address, code, proof, prover *limiter }

func newLookupLimits(l Limits) lookupLimits {
	return lookupLimits{newLimiter(l.Address), newLimiter(l.Code), newLimiter(l.Proof), newLimiter(l.Prover)}
}

// check takes one look-up from every limit that it falls under.
func (l lookupLimits) check(now time.Time, address, foldedCode string, withProof bool) error {
	wait := l.address.take(now, network(address))
	if wait == 0 {
		wait = l.code.take(now, foldedCode)
	}
	if wait == 0 && withProof {
		wait = l.prover.take(now, network(address))
	}
	if wait == 0 && withProof {
		wait = l.proof.take(now, foldedCode)
	}
	if wait == 0 {
		return nil
	}
	p := refuse(nethttp.StatusTooManyRequests, "too_many_lookups",
		"Bạn tra cứu quá nhiều lần. Hãy đợi một lát rồi thử lại.", "There have been too many look-ups. Wait a little, then try again.")
	p.retryAfter, p.plain = wait, true
	return p
}

// network is the address, for IPv6 the /64 that one household has.
func network(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	a = a.Unmap()
	if a.Is6() {
		if p, err := a.WithZone("").Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}

type limiter struct {
	rate Rate
	keys *lru.Cache[string, *rate.Limiter]
}

func newLimiter(r Rate) *limiter {
	keys, err := lru.New[string, *rate.Limiter](maxLimited)
	if err != nil {
		panic(err) // the size is a constant
	}
	return &limiter{r, keys}
}

// take gives zero, or how long to wait.
func (l *limiter) take(now time.Time, key string) time.Duration {
	b, ok := l.keys.Get(key)
	if !ok {
		fresh := rate.NewLimiter(rate.Every(l.rate.Every), l.rate.Burst)
		if b, ok, _ = l.keys.PeekOrAdd(key, fresh); !ok {
			b = fresh
		}
	}
	r := b.ReserveN(now, 1)
	wait := r.DelayFrom(now)
	if wait > 0 {
		r.CancelAt(now)
	}
	return wait
}
