package simulate

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"hoso/commands"
	"hoso/domain"
)

// feesAtReceipt asks for what is due before acceptance: at the counter it is
// paid at once, online the dossier waits for it.
func (l *life) feesAtReceipt() error {
	fee, ok := l.feeDue(domain.DueAtReceipt)
	if !ok {
		return nil
	}
	if l.chance(6) { // the wrong one first
		wrong := domain.RequestPayment{Obligation: "PHI-KHAC", Name: "Phí khác", Kind: "charge", Amount: 20000, DuePoint: domain.DueAtReceipt}
		if err := l.do(l.deskTime(2), l.officer(), wrong); err != nil {
			return err
		}
		if err := l.do(l.deskTime(3), l.officer(), domain.CancelPayment{Obligation: wrong.Obligation, Reason: l.say(wrongFees)}); err != nil {
			return err
		}
	}
	request := domain.RequestPayment{Obligation: fee.Code, Waits: l.channel != domain.Direct}
	if l.channel == domain.Direct && l.fate != neverPaid {
		if err := l.do(l.deskTime(l.between(1, 4)), l.officer(), request); err != nil {
			return err
		}
		return l.pay(l.deskTime(l.between(1, 6)), fee.Code, fee.Amount, l.cashier(), "counter")
	}
	request.Waits = true
	if err := l.do(l.Clock.Now().Add(time.Duration(l.between(1, 8))*time.Second), domain.Actor{Role: domain.System}, request); err != nil {
		return err
	}
	if l.fate == neverPaid {
		if err := l.do(l.deskTime(l.between(3900, 4800)), l.officer(), domain.CancelPayment{Obligation: fee.Code, Reason: "Quá 8 ngày làm việc chưa nộp tiền."}); err != nil {
			return err
		}
		return l.end(l.deskTime(10), l.officer(), domain.Refuse{Reason: "Người nộp không thực hiện nghĩa vụ tài chính.", LegalBasis: l.basis()})
	}
	at := l.Clock.Now().Add(time.Duration(l.between(2, 50)) * time.Minute)
	if l.chance(15) {
		at = l.daytime(l.between(1, 3))
	}
	return l.payAway(at, fee)
}

// payAway is paying without coming: online, or by transfer for who posted.
func (l *life) payAway(at time.Time, fee domain.Fee) error {
	if l.channel == domain.Online {
		return l.pay(at, fee.Code, fee.Amount, l.submitter.actor, "online")
	}
	at, _ = l.desk.reception.AddMinutes(at, l.between(5, 90))
	return l.pay(at, fee.Code, fee.Amount, l.cashier(), "transfer")
}

// feeDue finds the procedure's fee of a due point; where it differs by channel, the right one.
func (l *life) feeDue(at domain.DuePoint) (domain.Fee, bool) {
	var found domain.Fee
	for _, f := range l.procedure.Fees {
		counter := strings.HasSuffix(f.Code, "-TT")
		if f.DuePoint == at && (found.Code == "" || counter && l.channel != domain.Online) {
			found = f
		}
	}
	return found, found.Code != ""
}

// pay settles an obligation; the bank's statement comes on its own, later.
func (l *life) pay(at time.Time, obligation string, amount int64, by domain.Actor, method string) error {
	if err := l.until(at); err != nil {
		return err
	}
	cmd := domain.Pay{Obligation: obligation, Amount: amount, Method: method,
		Transaction: fmt.Sprintf("GD%s%06d", l.Clock.Now().Format("060102"), l.index*10+len(l.paid))}
	if method == "counter" {
		cmd.Receipt = fmt.Sprintf("BL-%06d", l.index*10+len(l.paid))
	}
	if err := l.do(l.Clock.Now(), by, cmd); err != nil {
		return err
	}
	p := paid{obligation, amount}
	l.paid = append(l.paid[:len(l.paid):len(l.paid)], p)
	if l.chance(75) {
		l.aside(l.deskTime(l.between(300, 900)), func(l *life) error {
			statement := "SK-" + l.Clock.Now().Format("20060102")
			return l.do(l.deskTime(1), l.cashier(), domain.ReconcilePayment{Obligation: p.obligation, Statement: statement})
		})
	}
	return nil
}

// refund gives back all or a part.
func (l *life) refund(p paid, amount int64) error {
	return l.do(l.deskTime(1), l.cashier(), domain.RefundPayment{
		Obligation: p.obligation, Amount: amount, Transaction: fmt.Sprintf("HT%s%06d", l.Clock.Now().Format("060102"), l.index), Reason: l.say(wrongFees),
	})
}

// signedIn is a request of the submitter in person, also where the dossier was
// handed in on paper: the sign-in then tells who they are.
func (l *life) signedIn() (commands.Request, error) {
	req := l.request(l.submitter.actor)
	if l.channel == domain.Online {
		return req, nil
	}
	var err error
	req.Subject, err = l.Handler.Keys.Resolve(l.ctx, uuid.NewSHA1(req.ID, []byte("sign-in")), l.submitter.IDNumber)
	return req, err
}
