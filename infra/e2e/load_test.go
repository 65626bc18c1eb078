package e2e

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
)

// wish is one command somebody sends, with the key that makes it be done once.
type wish struct {
	event   string // the event that it comes to
	path    string
	auth    string
	key     string
	body    any
	mark    string // a text of its own in the event's public data; may be empty
	dossier string // empty: a submission
}

// acknowledged is a wish that the server said is on disk.
type acknowledged struct {
	wish
	receipt
}

// load sends commands from several goroutines and remembers every answer.
type load struct {
	t      testing.TB
	base   string
	tokens map[string]string // by role and agency

	mu      sync.Mutex
	done    []acknowledged
	unclear []wish // no answer came: done once or not at all
}

// loadHTTP keeps enough connections for every worker.
var loadHTTP = &http.Client{
	Timeout:   30 * time.Second,
	Transport: &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: 10 * time.Second},
}

var loadAgencies = []string{"H99.31", "H99.32", "H99.33"}

const loadProcedure = "1.004873" // wholly online, no fees, no comparison required

func newLoad(t testing.TB) *load {
	l := &load{t: t, tokens: map[string]string{}}
	for _, agency := range loadAgencies {
		for _, role := range []string{"intake_officer", "specialist", "leader", "cashier"} {
			l.tokens[role+agency] = token(t, role, agency, role+"-"+agency, "")
		}
	}
	l.tokens["applicant"] = token(t, "applicant", "", "e2e-applicant", "")
	return l
}

// run sends until the context ends or the server is gone.
func (l *load) run(ctx context.Context, base string, workers int, seed uint64) {
	l.base = base
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(seed, uint64(w)))
			for ctx.Err() == nil && l.live(ctx, rng, loadAgencies[w%len(loadAgencies)]) {
			}
		})
	}
	wg.Wait()
}

// lives are what can become of a dossier, as commands after the submission.
var lives = [][]string{
	{"accept", "route", "contact", "progress", "decide", "deliver"},
	{"return", "supplement", "accept", "route", "charge", "pay", "decide"},
	{"accept", "route", "return-appraisal", "charge", "supplement", "pay", "progress", "decide", "deliver"},
	{"accept", "charge", "return-appraisal", "pay", "contact", "supplement", "decide"},
	{"refuse"},
	{"accept", "withdraw"},
	{"contact", "withdraw"},
	{"accept", "route", "stop"},
	{"accept", "route", "together", "decide"},
	{"return"},
	{"accept", "charge"},
}

// live sends one dossier's commands; false when the server is gone.
func (l *load) live(ctx context.Context, rng *rand.Rand, agency string) bool {
	at, ok := l.send(l.submission(rng, agency))
	if !ok {
		return false
	}
	for _, step := range lives[rng.IntN(len(lives))] {
		if ctx.Err() != nil {
			return false
		}
		if step == "together" {
			var wg sync.WaitGroup
			for _, s := range []string{"contact", "progress", "contact", "progress"} {
				wg.Go(func() { l.send(l.wish(s, agency, at.Dossier)) })
			}
			wg.Wait()
			continue
		}
		if _, ok := l.send(l.wish(step, agency, at.Dossier)); !ok {
			return false
		}
	}
	return true
}

func (l *load) submission(rng *rand.Rand, agency string) wish {
	person := rng.IntN(300)
	body := map[string]any{
		"procedure": loadProcedure, "agency": agency, "channel": "online",
		"submitter": map[string]any{
			"kind": "citizen", "name": fmt.Sprintf("Người Mẫu Số %d", person),
			"id_number": fmt.Sprintf("0010850%05d", person), "email": fmt.Sprintf("mau%d@example.com", person),
		},
		"receiving": map[string]any{"way": "online"},
		"summary":   "Xin giấy xác nhận để kiểm thử",
	}
	mark := uuid.NewString()
	body["sign_in"] = mark
	return wish{event: "dossier.submitted", path: "/api/v1/dossiers", auth: l.tokens["applicant"], key: uuid.NewString(), body: body, mark: mark}
}

// charge and pay of one dossier name the same obligation.
const obligation = "LP01"

func (l *load) wish(step, agency, dossier string) wish {
	mark := uuid.NewString()
	type b = map[string]any
	role, event, path, body := "", "", step, b{}
	switch step {
	case "accept":
		role, event, mark = "intake_officer", "dossier.accepted", ""
	case "route":
		role, event, body = "intake_officer", "dossier.routed", b{"unit": mark}
	case "contact":
		role, event, body, mark = "intake_officer", "dossier.contacted", b{"means": "phone", "text": "Đã hướng dẫn qua điện thoại"}, ""
	case "progress":
		role, event, body = "specialist", "dossier.progressed", b{"title": mark}
	case "decide":
		role, event, body = "leader", "dossier.decided", b{"outcome": "granted", "number": mark}
	case "deliver":
		role, event, body, mark = "intake_officer", "dossier.delivered", b{"way": "online"}, ""
	case "return":
		role, event, path, body, mark = "intake_officer", "dossier.returned_for_supplement", "return-for-supplement", b{"missing": []string{"Văn bản ủy quyền"}}, ""
	case "return-appraisal":
		role, event, path, body, mark = "specialist", "dossier.returned_for_supplement", "return-for-supplement", b{"missing": []string{"Văn bản ủy quyền"}}, ""
	case "supplement":
		role, event, body = "applicant", "dossier.supplemented", b{"papers": []b{{"component": "Văn bản ủy quyền", "hash": mark}}}
	case "charge":
		role, event, path, mark = "intake_officer", "dossier.payment_requested", "request-payment", ""
		body = b{"obligation": obligation, "name": "Lệ phí", "kind": "fee", "amount": 8000, "due_point": 1, "waits": true}
	case "pay":
		role, event, body = "cashier", "dossier.paid", b{"obligation": obligation, "amount": 8000, "transaction": mark}
	case "refuse":
		role, event, body = "intake_officer", "dossier.refused", b{"reason": "Không thuộc thẩm quyền", "legal_basis": mark}
	case "stop":
		role, event, body = "leader", "dossier.stopped", b{"reason": "Theo đề nghị", "legal_basis": mark}
	case "withdraw":
		role, event, mark = "applicant", "dossier.withdrawn", ""
	default:
		panic(step)
	}
	auth := l.tokens[role+agency]
	if role == "applicant" {
		auth = l.tokens[role]
	}
	return wish{event, "/api/v1/dossiers/" + dossier + "/" + path, auth, uuid.NewString(), body, mark, dossier}
}

// send sends a wish and writes the answer down; false when none came. A refusal
// fails the test: every wish of a life is allowed.
func (l *load) send(w wish) (receipt, bool) {
	var r receipt
	c := &client{loadHTTP, l.base, w.auth}
	err := c.do("POST", w.path, w.key, w.body, &r)
	l.mu.Lock()
	defer l.mu.Unlock()
	var no *refusal
	switch {
	case err == nil:
		l.done = append(l.done, acknowledged{w, r})
		return r, true
	case errors.As(err, &no) && no.status < 500:
		l.t.Errorf("%s %s: %v", w.event, w.dossier, no)
	}
	l.unclear = append(l.unclear, w)
	return r, false
}

// resend sends what had no clear answer again, with the same keys. Where the
// first try was done it must answer its receipt, else do it now: nothing came
// between, so any refusal fails the test.
func (l *load) resend(base string) (sent int) {
	l.base = base
	l.mu.Lock()
	again := l.unclear
	l.unclear = nil
	l.mu.Unlock()
	for _, w := range again {
		l.send(w)
	}
	return len(again)
}
