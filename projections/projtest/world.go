// Package projtest makes logs full of dossiers for the tests of everything
// that projects them.
package projtest

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/calendar"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
)

// World is a log and the keys that open it. Append may be called while others read.
type World struct {
	Log   eventlog.Log
	Codec codec.Codec

	t    testing.TB
	mu   sync.Mutex
	tips map[string]codec.Tip
	gone map[domain.SubjectID]bool
	down error
	ids  uint64
}

// New makes a world around an empty log.
func New(t testing.TB, log eventlog.Log) *World {
	w := &World{Log: log, t: t, tips: map[string]codec.Tip{}, gone: map[domain.SubjectID]bool{}}
	w.Codec = codec.Codec{Keys: w.key, NewID: w.newID}
	return w
}

// newID gives ids that are the same in every run.
func (w *World) newID() uuid.UUID {
	w.ids++
	return ID("event", int(w.ids))
}

// ID makes an id that is the same in every run.
func ID(kind string, n int) uuid.UUID {
	return uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "%s %d", kind, n))
}

func (w *World) key(s domain.SubjectID) (cipher.AEAD, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.down != nil {
		return nil, w.down
	}
	if w.gone[s] {
		return nil, codec.ErrErased
	}
	secret := sha256.Sum256(s[:])
	block, err := aes.NewCipher(secret[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// DestroyKey erases a person.
func (w *World) DestroyKey(s domain.SubjectID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gone[s] = true
}

// KeysDown makes the key store fail; nil repairs it.
func (w *World) KeysDown(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down = err
}

// Append puts events at the end of a stream, as of one moment. One goroutine may append.
func (w *World) Append(stream string, at time.Time, events ...domain.Event) eventlog.Appended {
	return w.AppendMeta(stream, codec.Meta{RecordedAt: at}, events...)
}

// AppendMeta is Append with metadata, such as an occurred-at.
func (w *World) AppendMeta(stream string, meta codec.Meta, events ...domain.Event) eventlog.Appended {
	w.t.Helper()
	tip, ok := w.tips[stream]
	if !ok {
		tip = codec.EmptyTip
	}
	if meta.Actor == (domain.Actor{}) {
		meta.Actor = domain.Actor{Role: domain.IntakeOfficer, Agency: "H99.14", ID: "officer-1"}
	}
	meta.Command = w.newID()
	drafts := make([]codec.Draft, len(events))
	for i, e := range events {
		drafts[i] = codec.Draft{Event: e, Meta: meta}
	}
	proposed, next, err := w.Codec.Encode(stream, tip, drafts)
	if err != nil {
		w.t.Fatal(err)
	}
	done, err := w.Log.Append(context.Background(), stream, tip.Revision, proposed)
	if err != nil {
		w.t.Fatal(err)
	}
	w.tips[stream] = next
	return done
}

// Stream is a dossier's stream.
func Stream(dossier uuid.UUID) string { return "dossier-" + dossier.String() }

// Calendar is the working calendar that Catalogue publishes.
func Calendar() *calendar.Calendar {
	day := func(s string) calendar.Date {
		d, err := calendar.ParseDate(s)
		if err != nil {
			panic(err)
		}
		return d
	}
	c, err := calendar.New(calendar.Definition{
		ID: domain.DefaultCalendar, Name: "Lịch chung", Week: calendar.StandardWeek(),
		CoversFrom: day("2026-01-01"), CoversTo: day("2026-12-31"),
		Days: []calendar.Day{
			{Date: day("2026-01-01"), Kind: calendar.Off, Name: "Tết Dương lịch"},
			{Date: day("2026-04-30"), Kind: calendar.Off, Name: "Ngày Chiến thắng"},
			{Date: day("2026-05-01"), Kind: calendar.Off, Name: "Ngày Quốc tế lao động"},
		},
	})
	if err != nil {
		panic(err)
	}
	return c
}

// PublishProcedure publishes a version of a procedure, in force since 2025.
func (w *World) PublishProcedure(at time.Time, code, name, version string) {
	from, _ := calendar.ParseDate("2025-01-01")
	w.Append("procedure-"+code, at, domain.ProcedurePublished{Version: version, Procedure: domain.Procedure{
		Code: code, Name: name, NameEN: "EN " + name, Field: "Hộ tịch", EffectiveFrom: from,
	}})
}

// PublishAgency publishes a version of an agency, in force since 2025.
func (w *World) PublishAgency(at time.Time, code, name string) {
	from, _ := calendar.ParseDate("2025-01-01")
	w.Append("agency-"+code, at, domain.AgencyEstablished{Agency: domain.Agency{Code: code, Name: name, Level: "commune", EffectiveFrom: from}})
}

// Catalogue publishes two procedures, two agencies and the calendar.
func (w *World) Catalogue(at time.Time) {
	w.Append("calendar-default", at, domain.CalendarPublished{Calendar: Calendar().Definition(), Version: Calendar().Version()})
	w.PublishAgency(at, "H99.14", "Ủy ban nhân dân phường Đông Hà")
	w.PublishAgency(at, "H99.02", "Sở Tư pháp")
	w.PublishProcedure(at, "1.000656", "Đăng ký khai tử", "khai-tu-1")
	w.PublishProcedure(at, "1.001193", "Đăng ký khai sinh", "khai-sinh-1")
}

// Person makes a person whose values carry the number, so that tests can look for them.
func Person(n int) domain.Person {
	s := ID("person", n)
	about := func(text string) domain.Personal { return domain.About(s, text) }
	return domain.Person{
		Subject: s, Kind: domain.Citizen, Name: about(fmt.Sprintf("Đỗ Thị Mẫu Số%d", n)),
		IDNumber: about(fmt.Sprintf("001199%06d", n)), Phone: about(fmt.Sprintf("09 12 34 %04d", n%10000)),
	}
}

// Submission is the event that opens a dossier of a person.
func Submission(n int) domain.Submitted {
	p := Person(n)
	return domain.Submitted{
		Procedure: []string{"1.000656", "1.001193"}[n%2], Agency: "H99.14", Competent: []string{"H99.14", "H99.02"}[n/2%2],
		Channel: domain.Online, Submitter: p, Owner: p, Summary: domain.About(p.Subject, fmt.Sprintf("xin giải quyết việc bí mật số %d", n)),
		Receiving: domain.Receiving{Way: domain.AtCounter}, CalendarVersion: Calendar().Version(),
	}
}

// Lives appends the lives of dossiers first to last, mixed in time, from a
// moment on, and returns when the last event happened. The seed decides all.
func (w *World) Lives(seed uint64, start time.Time, first, last int) time.Time {
	rnd := rand.New(rand.NewPCG(seed, 1))
	todo := make(map[int][]domain.Event, last-first)
	var open []int
	for n := first; n < last; n++ {
		todo[n] = life(rnd, n, start)
		open = append(open, n)
	}
	at := start
	for len(open) > 0 {
		i := rnd.IntN(min(len(open), 200))
		n := open[i]
		at = at.Add(time.Duration(rnd.IntN(600)) * time.Second)
		k := min(1+rnd.IntN(2), len(todo[n]))
		w.Append(Stream(ID("dossier", n)), at, todo[n][:k]...)
		if todo[n] = todo[n][k:]; len(todo[n]) == 0 {
			open = append(open[:i], open[i+1:]...)
		}
	}
	return at
}

func life(rnd *rand.Rand, n int, start time.Time) []domain.Event {
	due := start.AddDate(0, 0, rnd.IntN(20)).Truncate(time.Second)
	until := due.AddDate(0, 0, 5)
	who := ID("person", n)
	events := []domain.Event{
		Submission(n),
		domain.Numbered{Code: fmt.Sprintf("H99.14-260105-%04d", n), Agency: "H99.14", Day: "260105", Number: n},
	}
	if rnd.IntN(10) == 0 {
		return append(events, domain.Refused{LegalBasis: "Điều 1", Reason: domain.About(who, "không đủ")})
	}
	version := []string{"khai-tu-1", "khai-sinh-1"}[n%2]
	events = append(events, domain.Accepted{ReceivedAt: start, ProcedureVersion: version,
		Deadline: &domain.Deadline{Due: due, Remaining: 480, Procedure: version, Calendar: Calendar().Version(), Basis: "1 working_day"}})
	events = append(events, domain.Routed{Agency: "H99.02", Unit: "Phòng Hộ tịch", Assignee: "officer-2", From: "H99.14"})
	if rnd.IntN(4) == 0 {
		events = append(events, domain.ReturnedForSupplement{Stage: domain.AtAppraisal, Missing: []string{"Giấy khai sinh"}, Guide: domain.About(who, "nộp thêm"), Until: &until, Remaining: 100})
		if rnd.IntN(4) == 0 {
			return events
		}
		events = append(events, domain.Supplemented{Deadline: &domain.Deadline{Due: due, Calendar: Calendar().Version()}})
	}
	if rnd.IntN(3) == 0 {
		events = append(events, domain.PaymentRequested{Obligation: "LP", Name: "Lệ phí", Kind: "fee", Amount: 1250000, Currency: "VND", DuePoint: domain.DueAtReturn},
			domain.Paid{Obligation: "LP", Amount: 1250000, Transaction: fmt.Sprint("t", n), Method: "online"})
	}
	for range rnd.IntN(3) {
		events = append(events, domain.Progressed{Title: "Thẩm định", Text: domain.About(who, "đã xem xét")})
	}
	events = append(events, domain.Decided{Outcome: domain.Granted, Number: fmt.Sprint(n, "/QĐ"), Late: rnd.IntN(8) == 0},
		domain.ResultReceived{Place: "H99.14"}, domain.Delivered{Way: domain.AtCounter, Place: "H99.14"})
	if rnd.IntN(3) == 0 {
		events = append(events, domain.Rated{Score: 5, Comment: domain.About(who, "tốt")})
	}
	return events
}
