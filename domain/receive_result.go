package domain

// ReceiveResult records that the numbered, signed result is at the desk.
type ReceiveResult struct {
	Number string `json:"number,omitempty"`
	Place  string `json:"place,omitempty"` // empty: where the dossier was received
}

// CommandName names the command.
func (ReceiveResult) CommandName() string { return "receive_result" }

// Decide answers result_received, nothing when it waits there under that number.
func (c ReceiveResult) Decide(d Dossier, _ Env) ([]Event, error) {
	f := formOn(d)
	e := ResultReceived{Number: f.text("number", c.Number, MaxCode), Place: f.text("place", c.Place, MaxCode)}
	if e.Place == "" {
		e.Place = d.ReceivedBy
	}
	if d.ResultPlace != "" && d.ResultPlace == e.Place && (e.Number == "" || e.Number == d.DecisionNumber) {
		return nil, nil
	}
	return f.answer(d, e)
}
