package commands

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/calendar"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
	"hoso/domain/eventlog/memory"
)

// The cast of the tests: two desks and an agency that decides for both.
const (
	deskA   = "H99.01"
	deskB   = "H99.02"
	decider = "H99.14"
)

var monday = time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC) // 09:00 in Viet Nam

// testKeys keeps keys in memory: what the key store does, without its files.
type testKeys struct {
	mu       sync.Mutex
	keys     map[domain.SubjectID][]byte
	ids      map[string]domain.SubjectID
	bars     map[domain.SubjectID]bool // true: of an instance that died
	own      map[domain.SubjectID]bool // between Bar and Unbar
	unsure   bool                      // not Current
	barred   []func(context.Context, domain.SubjectID) error
	gone     []func(domain.SubjectID)
	atBarred func() // called when a bar stands
}

func newTestKeys() *testKeys {
	return &testKeys{keys: map[domain.SubjectID][]byte{}, ids: map[string]domain.SubjectID{},
		bars: map[domain.SubjectID]bool{}, own: map[domain.SubjectID]bool{}}
}

func (k *testKeys) Watch(barred func(context.Context, domain.SubjectID) error, destroyed func(domain.SubjectID)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.barred, k.gone = append(k.barred, barred), append(k.gone, destroyed)
}

func (k *testKeys) Bar(ctx context.Context, subject domain.SubjectID) error {
	k.mu.Lock()
	if k.own[subject] {
		k.mu.Unlock()
		return domain.ErrBeingErased
	}
	k.bars[subject], k.own[subject] = false, true
	watching, then := k.barred, k.atBarred
	k.mu.Unlock()
	for _, drain := range watching {
		if err := drain(ctx, subject); err != nil {
			k.Unbar(ctx, subject)
			return err
		}
	}
	if then != nil {
		then()
	}
	return nil
}

func (k *testKeys) Unbar(_ context.Context, subject domain.SubjectID) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.bars, subject)
	delete(k.own, subject)
	return nil
}

func (k *testKeys) Barred(subject domain.SubjectID) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	_, there := k.bars[subject]
	return there
}

func (k *testKeys) Current() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return !k.unsure
}

// orphan has persons barred by an instance that died.
func (k *testKeys) orphan(subjects ...domain.SubjectID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, subject := range subjects {
		k.bars[subject] = true
		delete(k.own, subject)
	}
}

func (k *testKeys) Bars() (out []domain.SubjectID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for subject, orphan := range k.bars {
		if orphan {
			out = append(out, subject)
		}
	}
	return out
}

func (k *testKeys) Make(ctx context.Context, candidate domain.SubjectID) error {
	_, err := k.Resolve(ctx, candidate)
	return err
}

func (k *testKeys) Resolve(_ context.Context, candidate domain.SubjectID, ids ...string) (domain.SubjectID, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	subject := candidate
	for _, id := range ids {
		if s, ok := k.ids[id]; ok {
			subject = s
			break
		}
	}
	if k.keys[subject] == nil {
		k.keys[subject] = make([]byte, 32)
		rand.Read(k.keys[subject])
	}
	for _, id := range ids {
		if _, ok := k.ids[id]; !ok {
			k.ids[id] = subject
		}
	}
	return subject, nil
}

func (k *testKeys) raw(subject domain.SubjectID) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if key := k.keys[subject]; key != nil {
		return key, nil
	}
	return nil, codec.ErrErased
}

func (k *testKeys) Key(subject domain.SubjectID) (cipher.AEAD, error) {
	key, err := k.raw(subject)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func (k *testKeys) Digest(subject domain.SubjectID, body []byte) (string, error) {
	key, err := k.raw(subject)
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil)), nil
}

func (k *testKeys) Destroy(_ context.Context, subject domain.SubjectID) error {
	k.mu.Lock()
	delete(k.keys, subject)
	for id, s := range k.ids {
		if s == subject {
			delete(k.ids, id)
		}
	}
	watching := k.gone
	k.mu.Unlock()
	for _, let := range watching {
		let(subject)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.bars, subject)
	return nil
}

// shop is a one-stop shop under test.
type shop struct {
	*Handler
	t    testing.TB
	log  eventlog.Log
	keys *testKeys
	mu   sync.Mutex
	at   time.Time
}

func (s *shop) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at
}

// pass lets time pass.
func (s *shop) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = s.at.Add(d)
}

func newShop(t testing.TB) *shop {
	log := memory.New()
	t.Cleanup(func() { log.Close() })
	return openShop(t, log, newTestKeys())
}

// openShop opens another instance on a log.
func openShop(t testing.TB, log eventlog.Log, keys *testKeys) *shop {
	t.Helper()
	s := &shop{t: t, log: log, keys: keys, at: monday}
	c := &codec.Codec{Keys: keys.Key}
	cat, err := OpenCatalogue(t.Context(), log, c)
	if err != nil {
		t.Fatal(err)
	}
	s.Handler = New(Config{Log: log, Codec: c, Keys: keys, Catalogue: cat, Now: s.now})
	s.publish()
	return s
}

func (s *shop) publish() {
	from := calendar.DateOf(monday.AddDate(-1, 0, 0))
	def := calendar.Definition{ID: domain.DefaultCalendar, Name: "Lịch chung", Week: calendar.StandardWeek(),
		CoversFrom: from, CoversTo: calendar.DateOf(monday.AddDate(2, 0, 0))}
	p := domain.Procedure{Code: "1.000001", Name: "Thủ tục thử", Field: "Thử", Level: domain.Wholly,
		Duration: calendar.Duration{Quantity: 5, Unit: calendar.WorkingDay}, SupplementDays: 10, EffectiveFrom: from}
	events := []domain.Event{domain.CalendarPublished{Calendar: def}, domain.ProcedurePublished{Procedure: p}}
	for _, code := range []string{deskA, deskB, decider} {
		events = append(events, domain.AgencyEstablished{Agency: domain.Agency{Code: code, Name: code, Level: "commune",
			EffectiveFrom: from, Offers: []domain.Offer{{Procedure: p.Code, From: from}}}})
	}
	for _, e := range events {
		if _, err := s.Publish(s.t.Context(), Request{Actor: domain.Actor{Role: domain.Administrator, ID: "admin"}}, e); err != nil {
			s.t.Fatal(err)
		}
	}
}

var (
	citizen = domain.Actor{Role: domain.Applicant, ID: "citizen-1"}
	officer = domain.Actor{Role: domain.IntakeOfficer, Agency: deskA, ID: "officer-1"}
	chief   = domain.Actor{Role: domain.Leader, Agency: decider, ID: "chief-1"}
)

// application is a submission that holds.
func application(name, id string) domain.SubmitDossier {
	return domain.SubmitDossier{Procedure: "1.000001", Agency: deskA, Competent: decider, Channel: domain.Online,
		Submitter: domain.PersonInput{Kind: domain.Citizen, Name: name, IDNumber: id, Phone: "0912 345 678"},
		Receiving: domain.ReceivingInput{Way: domain.AtCounter}}
}

func by(a domain.Actor, key string) Request {
	return Request{Actor: a, ID: CommandID(a, key), Body: []byte(key)}
}

// submit opens a dossier and fails the test if that is refused.
func (s *shop) submit(key string) Receipt {
	s.t.Helper()
	r, err := s.Submit(s.t.Context(), by(citizen, key), application("Người Thử", ""))
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

// must does a command and fails the test if it is refused.
func (s *shop) must(req Request, id uuid.UUID, cmd domain.Command) Receipt {
	s.t.Helper()
	r, err := s.Do(s.t.Context(), req, id, cmd)
	if err != nil {
		s.t.Fatalf("%s: %v", cmd.CommandName(), err)
	}
	return r
}

// refused does a command and fails the test unless it is refused with a code.
func (s *shop) refused(code string, req Request, id uuid.UUID, cmd domain.Command) {
	s.t.Helper()
	if r, err := s.Do(s.t.Context(), req, id, cmd); domain.CodeOf(err) != code {
		s.t.Fatalf("%s: got %+v, %v; want refusal %s", cmd.CommandName(), r, err, code)
	}
}

// types lists a stream's event types as stored.
func (s *shop) types(stream string) []string {
	s.t.Helper()
	var out []string
	for r, err := range s.log.ReadStream(s.t.Context(), stream, 0) {
		if err != nil {
			s.t.Fatal(err)
		}
		out = append(out, r.Type)
	}
	return out
}

func ptr[T any](v T) *T { return &v }
