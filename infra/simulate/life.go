package simulate

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"hoso/commands"
	"hoso/domain"
	"hoso/domain/calendar"
)

// life is one dossier's story, told by a script that waits in between.
type life struct {
	*world
	arrival
	index int
	rng   *rand.Rand
	yield func(time.Time) bool
	asked int // commands so far: numbers their ids

	dossier   uuid.UUID
	submitter *person
	owner     *person
	competent *desk
	place     *desk // where the result is collected
	way       domain.ReceivingWay
	duties    domain.Actor // the specialist in charge
	due       time.Time    // zero without a time limit
	decided   time.Time
	paid      []paid
	compared  bool
}

// paid is an obligation that was settled.
type paid struct {
	obligation string
	amount     int64
}

// arrive opens each planned dossier in its time.
func (w *world) arrive(l *life, arrivals []arrival) error {
	for i, a := range arrivals {
		if err := l.until(a.at); err != nil {
			return err
		}
		w.spawn(a.at, func(l *life) error {
			l.arrival = a
			return l.live()
		})
		w.report.Dossiers++
		if w.Progress != nil {
			w.Progress(i + 1)
		}
	}
	return nil
}

// live is a dossier from its submission to the hand-over.
func (l *life) live() error {
	if err := l.submit(); err != nil {
		return err
	}
	for _, chapter := range []func() error{l.intake, l.process, l.result} {
		if err := chapter(); err != nil {
			return err
		}
	}
	return nil
}

// ended closes the dossier's account with its people: nothing is owed to them.
func (l *life) ended() {
	l.submitter.open--
	if l.owner != l.submitter {
		l.owner.open--
	}
}

// until waits for a time; errOver when that does not come any more.
func (l *life) until(at time.Time) error {
	if now := l.Clock.Now(); at.Before(now) {
		at = now
	}
	if !l.yield(at) {
		return errOver
	}
	return nil
}

// do waits, then gives a command.
func (l *life) do(at time.Time, by domain.Actor, cmd domain.Command) error {
	if err := l.until(at); err != nil {
		return err
	}
	_, err := l.Handler.Do(l.ctx, l.request(by), l.dossier, cmd)
	return l.note(cmd.CommandName(), err)
}

func (l *life) request(by domain.Actor) commands.Request {
	l.asked++
	req := commands.Request{Actor: by, ID: uuid.NewSHA1(l.space, fmt.Appendf(nil, "%d.%d", l.index, l.asked))}
	if l.dossier != uuid.Nil {
		req.Correlation = l.dossier
	}
	return req
}

// aside begins another script about the same dossier, e.g. the bank's.
func (l *life) aside(at time.Time, script func(*life) error) {
	l.spawn(at, func(side *life) error {
		index, rng, yield, world := side.index, side.rng, side.yield, side.world
		*side = *l
		side.index, side.rng, side.yield, side.world, side.asked = index, rng, yield, world, 0
		return script(side)
	})
}

// deskTime is the time so many working minutes of the receiving desk from now.
func (l *life) deskTime(minutes int) time.Time {
	at, _ := l.desk.reception.AddMinutes(l.Clock.Now(), max(1, minutes))
	return at.Add(l.seconds())
}

// workTime is the time so many working minutes of the deciding agency from now.
func (l *life) workTime(minutes int) time.Time {
	at, _ := l.competent.processing.AddMinutes(l.Clock.Now(), max(1, minutes))
	return at.Add(l.seconds())
}

// daytime is an hour at which people sit at home and answer, days from now.
func (l *life) daytime(days int) time.Time {
	at := calendar.DateOf(l.Clock.Now()).AddDays(days).Start().Add(time.Duration(8*60+l.rng.IntN(13*60)) * time.Minute)
	return at.Add(l.seconds())
}

func (l *life) seconds() time.Duration { return time.Duration(l.rng.IntN(50)) * time.Second }

// between draws from a range, both ends included.
func (l *life) between(from, to int) int { return from + l.rng.IntN(to-from+1) }

// chance is true so many times in a hundred.
func (l *life) chance(percent int) bool { return l.rng.IntN(100) < percent }

// say picks one of several texts.
func (l *life) say(texts []string) string { return texts[l.rng.IntN(len(texts))] }

// basis is a provision of the procedure to refer to.
func (l *life) basis() string {
	if b := l.procedure.LegalBasis; len(b) > 0 {
		return b[l.rng.IntN(len(b))]
	}
	return l.procedure.Decision
}

// officer is who works the counter today.
func (l *life) officer() domain.Actor {
	return l.desk.person(domain.IntakeOfficer, l.between(1, 2))
}

func (l *life) leader() domain.Actor { return l.competent.person(domain.Leader, 1) }
func (l *life) clerk() domain.Actor  { return l.competent.person(domain.Clerk, 1) }
func (l *life) cashier() domain.Actor {
	return l.desk.person(domain.Cashier, 1)
}

// bySubmitter is an actor who may act for the applicant: they themselves
// online, else the officer who takes their paper in.
func (l *life) bySubmitter() domain.Actor {
	if l.channel == domain.Online {
		return l.submitter.actor
	}
	return l.officer()
}

// papers are the components handed in, with a content hash each.
func (l *life) papers(all bool) []domain.Paper {
	var out []domain.Paper
	for _, c := range l.procedure.Components {
		if !all && !c.Required && !l.chance(35) {
			continue
		}
		p := domain.Paper{Component: c.Name, Kind: "photocopy", Copies: max(1, c.Copies), Hash: l.hash(), Source: "upload"}
		if l.channel != domain.Online {
			p.Source = "counter"
			if c.Originals > 0 {
				p.Kind, p.Copies = "original", c.Originals
			}
		}
		if l.chance(8) {
			p.Source, p.Kind = "store", "certified_copy"
		}
		out = append(out, p)
	}
	return out
}

func (l *life) hash() string {
	var b [16]byte
	for i := range b {
		b[i] = byte(l.rng.Uint32())
	}
	return hex.EncodeToString(b[:])
}
