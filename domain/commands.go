package domain

// Commands lists a zero value of each command, in the order of a dossier's life.
func Commands() []Command {
	return []Command{
		SubmitDossier{}, Number{}, AcceptDossier{}, ReturnForSupplement{}, Supplement{}, LapseSupplement{}, Refuse{},
		Route{}, Progress{}, ExtendDueDate{}, Stop{}, Withdraw{}, DecideDossier{},
		RequestPayment{}, Pay{}, CancelPayment{}, ReconcilePayment{}, RefundPayment{},
		ReceiveResult{}, CompareOriginals{}, ProposeCancellation{}, CancelResult{}, ReportViolation{}, Deliver{},
		Contact{}, Rate{}, RequestCorrection{}, ApproveCorrection{}, DeclineCorrection{}, Redact{},
	}
}
