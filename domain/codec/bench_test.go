package codec

import (
	"crypto/cipher"
	"testing"
	"time"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/eventlog"
)

// benchEvents are what a log mostly holds: one large event with nine sealed
// values, and the small ones of processing.
func benchEvents() map[string]domain.Event {
	at := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	about := func(s string) domain.Personal { return domain.About(testSubject, s) }
	who := domain.Person{
		Subject: testSubject, Kind: domain.Citizen, Name: about("Nguyễn Thị Đào"), IDNumber: about("001085000001"),
		Address: about("12 đường Láng, Hà Nội"), Phone: about("0900000000"),
	}
	return map[string]domain.Event{
		"submitted": domain.Submitted{
			Procedure: "2.000635", Agency: "H99.14", Competent: "H99.14", Channel: domain.Online, Submitter: who, Owner: who,
			Papers:    []domain.Paper{{Component: "Tờ khai", Kind: "original", Copies: 1}, {Component: "Giấy chứng sinh", Kind: "original", Copies: 1}},
			Receiving: domain.Receiving{Way: domain.AtCounter, Place: "H99.14"}, Summary: about("Đăng ký khai sinh"),
			Intake: &domain.Deadline{Due: at, Remaining: 480, Calendar: "c0ffee", Basis: "8 working_hour"},
		},
		"accepted": domain.Accepted{
			ReceivedAt: at, ProcedureVersion: "0123456789abcdef", Note: about("Đủ giấy tờ"),
			Deadline: &domain.Deadline{Due: at, Remaining: 7200, Procedure: "0123456789abcdef", Calendar: "fedcba9876543210", Basis: "15 working_day"},
		},
		"routed": domain.Routed{Agency: "H99.14", Unit: "Phòng Tư pháp", Assignee: "officer-7"},
	}
}

func benchCodec(b *testing.B) *Codec {
	aead, err := keyring{}.key(testSubject)
	if err != nil {
		b.Fatal(err)
	}
	return &Codec{Keys: func(domain.SubjectID) (cipher.AEAD, error) { return aead, nil }}
}

func BenchmarkEncode(b *testing.B) {
	c := benchCodec(b)
	for name, e := range benchEvents() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := c.Encode("dossier-0d9c1c3e-55f1-4a57-9a4e-0b7d5b1c2d02", EmptyTip, []Draft{{e, testMeta()}}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) { benchRead(b, false) }

// BenchmarkRead checks the hash as well.
func BenchmarkRead(b *testing.B) { benchRead(b, true) }

func benchRead(b *testing.B, checked bool) {
	c := benchCodec(b)
	for name, e := range benchEvents() {
		b.Run(name, func(b *testing.B) {
			stream := "dossier-" + uuid.NewString()
			p, _, err := c.Encode(stream, EmptyTip, []Draft{{e, testMeta()}})
			if err != nil {
				b.Fatal(err)
			}
			r := eventlog.Recorded{ID: p[0].ID, Stream: stream, Type: p[0].Type, Data: p[0].Data, Meta: p[0].Meta}
			b.SetBytes(int64(len(r.Data) + len(r.Meta)))
			b.ReportAllocs()
			for b.Loop() {
				if checked {
					_, err = c.Read(Hash{}, r)
				} else {
					_, err = c.Decode(r)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
