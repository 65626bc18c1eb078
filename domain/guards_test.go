package domain

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"hoso/domain/calendar"
)

// TestGuards tries each command in states that refuse it.
func TestGuards(t *testing.T) {
	decided := []Command{submission(), accept, granted}
	delivered := append(decided[:3:3], hand)
	mismatch := append(decided[:3:3], differs)
	day := func(n int) time.Time { return clock(t, firstMonday).AddDate(0, 0, n) }
	extend := ExtendDueDate{DueAt: day(20), Reason: "chờ ý kiến"}
	for name, c := range map[string]struct {
		past []Command
		when Command
		want *Error
	}{
		"submit twice":                 {[]Command{submission()}, submission(), ErrAlreadySubmitted},
		"accept before submit":         {nil, accept, ErrNotSubmitted},
		"accept twice":                 {[]Command{submission(), accept}, accept, ErrAlreadyAccepted},
		"accept while supplementing":   {[]Command{submission(), giveBack}, accept, ErrPaused},
		"accept while paying":          {[]Command{submission(), waiting}, accept, ErrPaused},
		"accept after refusal":         {[]Command{submission(), refuse}, accept, ErrEnded},
		"return before submit":         {nil, giveBack, ErrNotSubmitted},
		"return while open":            {[]Command{submission(), giveBack}, giveBack, ErrSupplementOpen},
		"second guide at intake":       {[]Command{submission(), giveBack, answer}, giveBack, ErrSupplementCap},
		"second guide at appraisal":    {[]Command{submission(), accept, giveBack, answer}, giveBack, ErrSupplementCap},
		"return after the end":         {decided, giveBack, ErrEnded},
		"return without words":         {[]Command{submission()}, ReturnForSupplement{}, fieldMissing},
		"answer without guide":         {[]Command{submission()}, answer, ErrNoSupplement},
		"answer twice":                 {[]Command{submission(), giveBack, answer}, answer, ErrNoSupplement},
		"answer nothing":               {[]Command{submission(), giveBack}, Supplement{Note: "  "}, fieldMissing},
		"lapse without guide":          {[]Command{submission()}, LapseSupplement{}, ErrNoSupplement},
		"lapse without limit":          {[]Command{submission(), giveBack}, LapseSupplement{}, ErrSupplementNotDue},
		"refuse without basis":         {[]Command{submission()}, Refuse{Reason: "x"}, ErrNoLegalBasis},
		"refuse without reason":        {[]Command{submission()}, Refuse{LegalBasis: "Điều 1"}, fieldMissing},
		"refuse after acceptance":      {[]Command{submission(), accept}, refuse, ErrAlreadyAccepted},
		"route before acceptance":      {[]Command{submission()}, route, ErrNotAccepted},
		"route after the end":          {decided, route, ErrEnded},
		"progress before acceptance":   {[]Command{submission()}, Progress{Title: "Thẩm định"}, ErrNotAccepted},
		"progress without title":       {[]Command{submission(), accept}, Progress{}, fieldMissing},
		"progress after the end":       {delivered, Progress{Title: "Thẩm định"}, ErrEnded},
		"extend before acceptance":     {[]Command{submission()}, extend, ErrNotAccepted},
		"extend twice":                 {[]Command{submission(), accept, extend}, ExtendDueDate{DueAt: day(30), Reason: "x"}, ErrAlreadyExtended},
		"extend backwards":             {[]Command{submission(), accept}, ExtendDueDate{DueAt: day(1), Reason: "x"}, ErrDueNotLater},
		"extend while paused":          {[]Command{submission(), accept, giveBack}, extend, ErrPaused},
		"extend after the end":         {decided, extend, ErrEnded},
		"extend without date":          {[]Command{submission(), accept}, ExtendDueDate{Reason: "x"}, fieldMissing},
		"stop before acceptance":       {[]Command{submission()}, stop, ErrNotAccepted},
		"stop without basis":           {[]Command{submission(), accept}, Stop{Reason: "x"}, ErrNoLegalBasis},
		"stop after the end":           {decided, stop, ErrEnded},
		"withdraw after the decision":  {decided, Withdraw{}, ErrAlreadyDecided},
		"withdraw after the end":       {[]Command{submission(), refuse}, Withdraw{}, ErrEnded},
		"decide before acceptance":     {[]Command{submission()}, granted, ErrNotAccepted},
		"decide while supplementing":   {[]Command{submission(), accept, giveBack}, granted, ErrPaused},
		"decide while paying":          {[]Command{submission(), accept, waiting}, granted, ErrPaused},
		"decide twice":                 {decided, granted, ErrAlreadyDecided},
		"decide after stop":            {[]Command{submission(), accept, stop}, granted, ErrEnded},
		"decide unknown":               {[]Command{submission(), accept}, DecideDossier{Outcome: UnknownOutcome}, fieldInvalid},
		"decide no without reason":     {[]Command{submission(), accept}, DecideDossier{Outcome: RefusedOutcome}, fieldMissing},
		"decide with a future date":    {[]Command{submission(), accept}, DecideDossier{Outcome: Granted, Date: "2026-11-24"}, fieldInvalid},
		"request on other terms":       {[]Command{submission(), fee}, RequestPayment{Obligation: "LP", Kind: "fee", Amount: 1, DuePoint: DueAtReturn}, ErrObligationExists},
		"request nothing":              {[]Command{submission()}, RequestPayment{Obligation: "X", Kind: "fee", DuePoint: DueAtReceipt}, ErrAmount},
		"request an odd due point":     {[]Command{submission()}, RequestPayment{Obligation: "X", Kind: "fee", Amount: 1, DuePoint: 3}, fieldInvalid},
		"wait after the end":           {decided, waiting, ErrWaitsAfterEnd},
		"pay the unknown":              {[]Command{submission()}, payFee, ErrNoObligation},
		"pay too little":               {[]Command{submission(), fee}, Pay{Obligation: "LP", Amount: 19_999, Transaction: "tx"}, ErrAmountDiffers},
		"pay what was cancelled":       {[]Command{submission(), fee, CancelPayment{"LP", "miễn"}}, payFee, ErrObligationCancelled},
		"pay again otherwise":          {[]Command{submission(), fee, payFee}, Pay{Obligation: "LP", Amount: 20_000, Transaction: "tx-2"}, ErrAlreadyPaid},
		"pay again another amount":     {[]Command{submission(), fee, payFee}, Pay{Obligation: "LP", Amount: 20_001, Transaction: "tx-1"}, ErrTransactionUsed},
		"one transaction for two":      {[]Command{submission(), fee, payFee, waiting}, Pay{Obligation: "W", Amount: 50_000, Transaction: "tx-1"}, ErrTransactionUsed},
		"pay without transaction":      {[]Command{submission(), fee}, Pay{Obligation: "LP", Amount: 20_000}, fieldMissing},
		"collect before comparing":     {[]Command{onlineSubmission(), fee, accept, granted}, payFee, ErrNotCompared},
		"cancel what is paid":          {[]Command{submission(), fee, payFee}, CancelPayment{"LP", "nhầm"}, ErrAlreadyPaid},
		"cancel the unknown":           {[]Command{submission()}, CancelPayment{"LP", "nhầm"}, ErrNoObligation},
		"cancel without reason":        {[]Command{submission(), fee}, CancelPayment{"LP", ""}, fieldMissing},
		"reconcile the unpaid":         {[]Command{submission(), fee}, ReconcilePayment{"LP", "SK-1"}, ErrNotPaid},
		"reconcile with another":       {[]Command{submission(), fee, payFee, ReconcilePayment{"LP", "SK-1"}}, ReconcilePayment{"LP", "SK-2"}, ErrAlreadyReconciled},
		"refund the unpaid":            {[]Command{submission(), fee}, RefundPayment{"LP", 1, "r", "thừa"}, ErrNotPaid},
		"refund too much":              {[]Command{submission(), fee, payFee}, RefundPayment{"LP", 20_001, "r", "thừa"}, ErrRefundTooLarge},
		"refund too much in parts":     {[]Command{submission(), fee, payFee, RefundPayment{"LP", 15_000, "r1", "thừa"}}, RefundPayment{"LP", 5_001, "r2", "thừa"}, ErrRefundTooLarge},
		"refund less than nothing":     {[]Command{submission(), fee, payFee}, RefundPayment{"LP", -1, "r", "thừa"}, ErrAmount},
		"refund by a used transaction": {[]Command{submission(), fee, payFee, RefundPayment{"LP", 1, "r1", "thừa"}}, RefundPayment{"LP", 2, "r1", "thừa"}, ErrTransactionUsed},
		"result before the decision":   {[]Command{submission(), accept}, ReceiveResult{}, ErrNotDecided},
		"result after delivery":        {delivered, ReceiveResult{}, ErrAlreadyDelivered},
		"compare before submit":        {nil, matches, ErrNotSubmitted},
		"compare after delivery":       {delivered, matches, ErrAlreadyDelivered},
		"compare after withdrawal":     {[]Command{submission(), Withdraw{}}, matches, ErrEnded},
		"propose without mismatch":     {decided, propose, ErrNoMismatch},
		"propose after a match":        {append(mismatch[:4:4], matches), propose, ErrNoMismatch},
		"propose twice":                {append(mismatch[:4:4], propose), propose, ErrAlreadyProposed},
		"propose before the decision":  {[]Command{submission(), accept, differs}, propose, ErrNotDecided},
		"void without proposal":        {mismatch, void, ErrNotProposed},
		"void without basis":           {append(mismatch[:4:4], propose), CancelResult{Reason: "x"}, ErrNoLegalBasis},
		"void after a late match":      {append(mismatch[:4:4], propose, matches), void, ErrNotProposed},
		"void twice":                   {append(mismatch[:4:4], propose, void), void, ErrResultCancelled},
		"report without mismatch":      {decided, ReportViolation{Authority: "Công an xã", Matter: "giấy giả"}, ErrNoMismatch},
		"deliver before the decision":  {[]Command{submission(), accept}, hand, ErrNotDecided},
		"deliver twice":                {delivered, hand, ErrAlreadyDelivered},
		"deliver after stop":           {[]Command{submission(), accept, stop}, hand, ErrEnded},
		"deliver what is unpaid":       {append(decided[:3:3], fee), hand, ErrUnsettled},
		"deliver online uncompared":    {[]Command{onlineSubmission(), accept, granted}, hand, ErrNotCompared},
		"deliver after a mismatch":     {mismatch, hand, ErrMismatch},
		"deliver what is void":         {append(mismatch[:4:4], propose, void), hand, ErrResultCancelled},
		"deliver to nobody":            {decided, Deliver{}, fieldMissing},
		"rate before the end":          {[]Command{submission(), accept}, Rate{Score: 5}, ErrNotEnded},
		"rate twice":                   {append(decided[:3:3], Rate{Score: 5}), Rate{Score: 4}, ErrAlreadyRated},
		"rate 0":                       {decided, Rate{}, ErrScore},
		"rate 6":                       {decided, Rate{Score: 6}, ErrScore},
		"correct an open outcome":      {[]Command{submission(), accept}, RequestCorrection{Field: CorrectOutcome, Outcome: Granted, Reason: "x"}, ErrNothingToCorrect},
		"correct an unknown field":     {decided, RequestCorrection{Field: "status", Reason: "x"}, fieldInvalid},
		"correct to no name":           {decided, RequestCorrection{Field: CorrectOwnerName, Reason: "x"}, fieldMissing},
		"approve what nobody asked":    {decided, ApproveCorrection{Request: "1"}, ErrNoCorrection},
		"decline what nobody asked":    {decided, DeclineCorrection{Request: "1", Reason: "x"}, ErrNoCorrection},
		"contact without words":        {[]Command{submission()}, Contact{Means: "phone"}, fieldMissing},
		"contact by pigeon":            {[]Command{submission()}, Contact{Means: "pigeon", Text: "x"}, fieldInvalid},
		"redact an open dossier":       {[]Command{submission()}, Redact{Subject: owner}, ErrStillOpen},
		"redact before delivery":       {decided, Redact{Subject: owner}, ErrStillOpen},
		"redact a stranger":            {decided, Redact{Subject: deputy}, ErrNotParty},
		"write about an erased person": {append(delivered[:4:4], Redact{Subject: owner}), Contact{Means: "phone", Text: "x"}, ErrPersonErased},
		"a text too long":              {[]Command{submission()}, AcceptDossier{Note: strings.Repeat("ă", MaxText+1)}, fieldTooLong},
		"a text that is none":          {[]Command{submission()}, AcceptDossier{Note: "\xff"}, fieldInvalid},
	} {
		t.Run(name, func(t *testing.T) { given(t, c.past...).when(c.when).refused(c.want) })
	}
}

// TestGuardsOfCircumstance tries what depends on catalogue, clock and actor.
func TestGuardsOfCircumstance(t *testing.T) {
	t.Run("withdraw by an officer", func(t *testing.T) {
		given(t, onlineSubmission()).by(officer).when(Withdraw{AskedBy: AskedByOwner, Reason: "thôi"}).refused(ErrNotApplicant)
		given(t, submission()).by(leader).when(Withdraw{AskedBy: AskedByOwner, Reason: "thôi"}).refused(ErrNotApplicant)
		paper := given(t, submission()).by(officer)
		paper.when(Withdraw{Reason: "thôi"}).refused(fieldInvalid)
		paper.when(Withdraw{AskedBy: "neighbour", Reason: "thôi"}).refused(fieldInvalid)
		paper.when(Withdraw{AskedBy: AskedByOwner}).refused(fieldMissing)
	})
	t.Run("withdraw in another's name", func(t *testing.T) {
		given(t, submission()).when(Withdraw{AskedBy: AskedByOwner}).refused(fieldInvalid)
		given(t, submission()).when(Withdraw{Paper: "12/ĐN"}).refused(fieldInvalid)
	})
	t.Run("agency ended", func(t *testing.T) {
		given(t).under(func(r *Rules) { r.Agency.EffectiveTo = calendar.NewDate(2026, time.November, 22) }).when(submission()).refused(ErrNotOffered)
	})
	t.Run("offered from tomorrow", func(t *testing.T) {
		given(t).under(func(r *Rules) {
			r.Agency.Offers = []Offer{{Procedure: "9.000001", From: calendar.NewDate(2026, time.November, 24)}}
		}).
			when(submission()).refused(ErrNotOffered)
	})
	t.Run("procedure ended", func(t *testing.T) {
		given(t).under(func(r *Rules) { r.Procedure.EffectiveTo = calendar.NewDate(2026, time.November, 22) }).when(submission()).refused(ErrNotInForce)
	})
	t.Run("not online", func(t *testing.T) {
		given(t).under(func(r *Rules) { r.Procedure.Level = Information }).when(onlineSubmission()).refused(ErrNotOnline)
	})
	t.Run("a second guide where the procedure allows two", func(t *testing.T) {
		s := given(t).under(func(r *Rules) { r.Procedure.SupplementCap = 2 }).and(submission(), giveBack, answer, giveBack, answer)
		s.when(giveBack).refused(ErrSupplementCap)
	})
	t.Run("extension on the day before is in time", func(t *testing.T) {
		// Accepted on Monday: 5 working days are over on Monday 30 November.
		s := given(t, submission(), accept).due("2026-11-30 08:10")
		extend := ExtendDueDate{DueAt: clock(t, "2026-12-04 17:00"), Reason: "chờ ý kiến"}
		s.at("2026-11-27 16:59").and(extend).due("2026-12-04 17:00")
	})
	for _, late := range []string{"2026-11-28 09:00", "2026-11-29 09:00", "2026-11-30 07:30"} {
		t.Run("extension too late "+late, func(t *testing.T) {
			given(t, submission(), accept).at(late).
				when(ExtendDueDate{DueAt: clock(t, "2026-12-04 17:00"), Reason: "chờ ý kiến"}).refused(ErrExtendedTooLate)
		})
	}
	t.Run("no due date to extend", func(t *testing.T) {
		given(t).under(func(r *Rules) { r.Procedure.Duration = calendar.Duration{} }).and(submission(), accept).
			when(ExtendDueDate{DueAt: clock(t, "2026-12-04 17:00"), Reason: "x"}).refused(ErrNoDueDate)
	})
	t.Run("procedure asks for comparing", func(t *testing.T) {
		s := given(t).under(func(r *Rules) { r.Procedure.CompareOriginals = true }).and(submission(), fee, accept, granted)
		s.when(payFee).refused(ErrNotCompared)
		s.when(hand).refused(ErrUnsettled) // the state's own guard speaks first
		s.and(matches, payFee, hand).status(StatusDelivered)
	})
	t.Run("collect after a mismatch", func(t *testing.T) {
		given(t, submission(), fee, accept, granted, differs).when(payFee).refused(ErrMismatch)
	})
	t.Run("lapse in time and answer too late", func(t *testing.T) {
		s := given(t).under(func(r *Rules) { r.Procedure.SupplementDays = 5 }).and(submission(), giveBack)
		// 5 calendar days from Monday end on Saturday, rolled to Monday 30 November.
		s.at("2026-11-30 23:59").when(LapseSupplement{}).refused(ErrSupplementNotDue)
		s.at("2026-12-01 00:00").when(answer).refused(ErrSupplementExpired)
		s.and(LapseSupplement{}).status(StatusNotAccepted)
		s.when(LapseSupplement{}).refused(ErrEnded)
	})
	t.Run("corrections need two", func(t *testing.T) {
		s := given(t, submission(), accept, granted).by(officer)
		s.and(RequestCorrection{Field: CorrectNote, Text: "ghi nhầm phòng", Reason: "nhầm"})
		s.when(ApproveCorrection{Request: "1"}).refused(ErrSamePerson)
		s.when(DeclineCorrection{Request: "1", Reason: "x"}).refused(ErrSamePerson)
		s.by(Actor{Role: Leader}).when(ApproveCorrection{Request: "1"}).refused(ErrSamePerson)
		s.by(leader).and(ApproveCorrection{Request: "1"})
		s.when(ApproveCorrection{Request: "1"}).refused(ErrNoCorrection)
	})
	t.Run("impossible times of correction", func(t *testing.T) {
		s := given(t, submission(), accept, granted)
		early, future := clock(t, "2026-11-22 08:00"), clock(t, "2026-11-25 08:00")
		s.when(RequestCorrection{Field: CorrectDecidedAt, Time: &early, Reason: "x"}).refused(fieldInvalid)
		s.when(RequestCorrection{Field: CorrectDecidedAt, Time: &future, Reason: "x"}).refused(fieldInvalid)
		s.when(RequestCorrection{Field: CorrectDueAt, Time: &early, Reason: "x"}).refused(fieldInvalid)
		s.when(RequestCorrection{Field: CorrectDueAt, Reason: "x"}).refused(fieldMissing)
	})
	t.Run("due date of a paused dossier", func(t *testing.T) {
		later := clock(t, "2026-12-25 17:00")
		given(t, submission(), accept, giveBack).when(RequestCorrection{Field: CorrectDueAt, Time: &later, Reason: "x"}).refused(ErrPaused)
	})
	t.Run("another code", func(t *testing.T) {
		s := given(t, submission(), Number{"H99.14-261123-0001", "H99.14", "261123", 1})
		s.when(Number{"H99.14-261123-0002", "H99.14", "261123", 2}).refused(ErrAlreadyNumbered)
		given(t, submission()).when(Number{"H99.14-261123-0001", "H99.14", "261123", 2}).refused(fieldInvalid)
	})
	t.Run("a submission without subject", func(t *testing.T) {
		c := submission()
		c.Submitter.Subject = uuid.Nil
		if _, err := c.Decide(NewDossier(uuid.Nil), given(t).env); err == nil {
			t.Fatal("decided without a subject")
		}
	})
}

// TestSubmissionFields changes one field at a time.
func TestSubmissionFields(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*SubmitDossier)
		want   *Error
		names  string
	}{
		"no name":           {func(c *SubmitDossier) { c.Submitter.Name = " " }, fieldMissing, "submitter.name"},
		"wrong ID number":   {func(c *SubmitDossier) { c.Submitter.IDNumber = "12" }, &Error{Code: "id_number_invalid"}, "submitter.id_number"},
		"wrong other ID":    {func(c *SubmitDossier) { c.Submitter.OtherID = "x" }, &Error{Code: "id_number_invalid"}, "submitter.other_id"},
		"wrong kind":        {func(c *SubmitDossier) { c.Submitter.Kind = "" }, fieldInvalid, "submitter.kind"},
		"wrong phone":       {func(c *SubmitDossier) { c.Submitter.Phone = "12345" }, fieldInvalid, "submitter.phone"},
		"wrong e-mail":      {func(c *SubmitDossier) { c.Submitter.Email = "a@b" }, fieldInvalid, "submitter.email"},
		"wrong channel":     {func(c *SubmitDossier) { c.Channel = "fax" }, fieldInvalid, "channel"},
		"wrong way":         {func(c *SubmitDossier) { c.Receiving.Way = "" }, fieldInvalid, "receiving.way"},
		"post nowhere":      {func(c *SubmitDossier) { c.Receiving.Way = ByPost }, fieldMissing, "receiving.address"},
		"online nowhere":    {func(c *SubmitDossier) { c.Receiving.Way, c.Submitter.Email = ByEmail, "" }, fieldMissing, "submitter.email"},
		"paper unnamed":     {func(c *SubmitDossier) { c.Papers = []Paper{{Kind: "original"}} }, fieldMissing, "papers[0].component"},
		"paper of a kind":   {func(c *SubmitDossier) { c.Papers = []Paper{{Component: "Đơn", Kind: "scan"}} }, fieldInvalid, "papers[0].kind"},
		"too many papers":   {func(c *SubmitDossier) { c.Papers = make([]Paper, MaxList+1) }, fieldInvalid, "papers"},
		"owner without ID":  {func(c *SubmitDossier) { c.Owner = &PersonInput{Subject: deputy, Kind: Business} }, fieldMissing, "owner.name"},
		"another procedure": {func(c *SubmitDossier) { c.Procedure = "9.000002" }, fieldInvalid, "procedure"},
		"no agency":         {func(c *SubmitDossier) { c.Agency = "" }, fieldMissing, "agency"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := submission()
			c.change(&cmd)
			o := given(t).when(cmd)
			o.refused(c.want)
			if e := o.err.(*Error); !strings.Contains(e.EN, "("+c.names+")") || !strings.Contains(e.VI, "("+c.names+")") {
				t.Fatalf("does not name %s: %s / %s", c.names, e.VI, e.EN)
			}
		})
	}
}
