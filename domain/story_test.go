package domain

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"

	"hoso/domain/calendar"
)

// Times in stories are civil times in Viet Nam; 23 November 2026 is a Monday.
const firstMonday = "2026-11-23 08:00"

var (
	owner     = uuid.MustParse("00000000-0000-4000-8000-000000000001")
	deputy    = uuid.MustParse("00000000-0000-4000-8000-000000000002")
	applicant = Actor{Role: Applicant, ID: "a-1"}
	officer   = Actor{Role: IntakeOfficer, Agency: "H99.14", ID: "o-1"}
	leader    = Actor{Role: Leader, Agency: "H99.14", ID: "l-1"}
)

func clock(t testing.TB, s string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", s, calendar.Zone)
	if err != nil {
		t.Fatal(err)
	}
	return at.UTC()
}

func standardCalendar(t testing.TB) *calendar.Calendar {
	t.Helper()
	c, err := calendar.New(calendar.Definition{ID: "week", Name: "Tuần", Week: calendar.StandardWeek()})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func standardRules(t testing.TB) Rules {
	t.Helper()
	cal := standardCalendar(t)
	from := calendar.NewDate(2025, time.July, 1)
	desk := Agency{Code: "H99.14", EffectiveFrom: from, Offers: []Offer{{Procedure: "9.000001", From: from}}}
	return Rules{
		Procedure: Procedure{
			Code: "9.000001", Name: "Thủ tục thử", Level: Wholly, EffectiveFrom: from,
			Duration: calendar.Duration{Quantity: 5, Unit: calendar.WorkingDay},
			Fees:     []Fee{{Code: "LP", Name: "Lệ phí", Kind: "fee", Amount: 20_000, DuePoint: DueAtReturn}},
		},
		ProcedureVersion: "v1", Agency: desk, Competent: desk, Reception: cal, Processing: cal,
	}
}

func person() PersonInput {
	return PersonInput{Subject: owner, Kind: Citizen, Name: "Người nộp", IDNumber: "001099000123", Email: "nguoi.nop@example.vn"}
}

func submission() SubmitDossier {
	return SubmitDossier{Procedure: "9.000001", Agency: "H99.14", Channel: Direct, Submitter: person(), Receiving: ReceivingInput{Way: AtCounter}}
}

func onlineSubmission() SubmitDossier {
	c := submission()
	c.Channel = Online
	return c
}

// story is a dossier with a past; each command of it happened ten minutes
// after the one before, unless the clock was set.
type story struct {
	t   testing.TB
	d   Dossier
	env Env
	rev uint64
}

func given(t testing.TB, past ...Command) *story {
	t.Helper()
	s := &story{t: t, d: NewDossier(uuid.Nil), env: Env{Actor: applicant, Rules: standardRules(t)}}
	s.at(firstMonday)
	return s.and(past...)
}

func (s *story) at(civil string) *story { s.t.Helper(); s.env.Now = clock(s.t, civil); return s }
func (s *story) by(a Actor) *story      { s.env.Actor = a; return s }
func (s *story) under(change func(*Rules)) *story {
	change(&s.env.Rules)
	return s
}

// and lets commands happen that no guard may refuse.
func (s *story) and(past ...Command) *story {
	s.t.Helper()
	for _, c := range past {
		events, err := c.Decide(s.d, s.env)
		if err != nil {
			s.t.Fatalf("given %s: %v", c.CommandName(), err)
		}
		s.facts(events...)
		s.env.Now = s.env.Now.Add(10 * time.Minute)
	}
	return s
}

// facts lets events happen whatever the rules say.
func (s *story) facts(events ...Event) *story {
	for _, e := range events {
		s.d = Evolve(s.d, Fact{Event: e, At: s.env.Now, Recorded: s.env.Now, By: s.env.Actor, Revision: s.rev})
		s.rev++
	}
	return s
}

func (s *story) when(c Command) outcome {
	events, err := c.Decide(s.d, s.env)
	return outcome{s, events, err}
}

type outcome struct {
	*story
	events []Event
	err    error
}

func (o outcome) then(want ...Event) *story {
	o.t.Helper()
	if o.err != nil {
		o.t.Fatalf("refused: %v", o.err)
	}
	if len(o.events) != len(want) || len(want) > 0 && !reflect.DeepEqual(o.events, want) {
		o.t.Fatalf("got  %+v\nwant %+v", o.events, want)
	}
	return o.facts(o.events...)
}

func (o outcome) nothing() *story { o.t.Helper(); return o.then() }

func (o outcome) refused(want *Error) {
	o.t.Helper()
	if !errors.Is(o.err, want) {
		o.t.Fatalf("got %v with %d events, want %s", o.err, len(o.events), want.Code)
	}
	if len(o.events) > 0 {
		o.t.Fatalf("refused, and yet %d events", len(o.events))
	}
}

// field errors are told apart by their code alone.
var (
	fieldMissing = &Error{Code: "field_missing"}
	fieldInvalid = &Error{Code: "field_invalid"}
	fieldTooLong = &Error{Code: "field_too_long"}
)

func (s *story) status(want Status) *story {
	s.t.Helper()
	if got := s.d.Status(); got != want {
		s.t.Fatalf("status %d (%s), want %d (%s)", got, got.EN(), want, want.EN())
	}
	return s
}

func (s *story) due(civil string) *story {
	s.t.Helper()
	if got := s.d.Clock.Due; !got.Equal(clock(s.t, civil)) {
		s.t.Fatalf("due %s, want %s", got.In(calendar.Zone).Format("2006-01-02 15:04"), civil)
	}
	return s
}

// The commands most stories need.
var (
	accept   = AcceptDossier{}
	giveBack = ReturnForSupplement{Guide: "Xin nộp giấy khai sinh"}
	answer   = Supplement{Papers: []Paper{{Component: "Giấy khai sinh", Kind: "original", Copies: 1}}}
	route    = Route{Unit: "Phòng chuyên môn"}
	granted  = DecideDossier{Outcome: Granted, Number: "12/QĐ"}
	fee      = RequestPayment{Obligation: "LP"}
	payFee   = Pay{Obligation: "LP", Amount: 20_000, Transaction: "tx-1"}
	waiting  = RequestPayment{Obligation: "W", Name: "Phí thẩm định", Kind: "charge", Amount: 50_000, DuePoint: DueAtSupplement, Waits: true}
	payWait  = Pay{Obligation: "W", Amount: 50_000, Transaction: "tx-w"}
	matches  = CompareOriginals{Match: true}
	differs  = CompareOriginals{Components: []ComparisonInput{{Component: "Giấy khai sinh", Match: false, Note: "khác ngày sinh"}}}
	hand     = Deliver{Receiver: "Người nộp"}
	refuse   = Refuse{Reason: "sai thẩm quyền", LegalBasis: "Điều 17 NĐ 61/2018/NĐ-CP"}
	stop     = Stop{Reason: "hết căn cứ", LegalBasis: "Điều 19 NĐ 61/2018/NĐ-CP"}
	propose  = ProposeCancellation{Reason: "không khớp bản chính"}
	void     = CancelResult{Reason: "không khớp", LegalBasis: "Điều 20 NĐ 61/2018/NĐ-CP"}
)
