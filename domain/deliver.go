package domain

// Deliver hands the result over.
type Deliver struct {
	Way      ReceivingWay `json:"way,omitempty"`      // empty: as the applicant wished
	Receiver string       `json:"receiver,omitempty"` // required at the counter
	Proof    string       `json:"proof,omitempty"`
	Place    string       `json:"place,omitempty"` // empty: where the result waits, else where the dossier was received
}

// CommandName names the command.
func (Deliver) CommandName() string { return "deliver" }

// Decide answers delivered.
func (c Deliver) Decide(d Dossier, env Env) ([]Event, error) {
	f := formOn(d)
	way := c.Way
	if way == "" {
		way = d.Receiving.Way
	}
	e := Delivered{
		Way:      pick(f, "way", way, AtCounter, ByEmail, ByPost),
		Receiver: f.personal("receiver", c.Receiver),
		Proof:    f.personal("proof", c.Proof),
		Place:    f.text("place", c.Place, MaxCode),
	}
	if e.Way == AtCounter && e.Receiver.IsZero() && !f.erased {
		f.missing("receiver")
	}
	if e.Place == "" {
		e.Place = d.ResultPlace
	}
	if e.Place == "" {
		e.Place = d.ReceivedBy
	}
	if broken := Violation(d, e); broken != nil {
		return nil, broken
	}
	if env.Rules.Procedure.CompareOriginals && d.Compared == nil {
		return nil, ErrNotCompared
	}
	return f.answer(d, e)
}
