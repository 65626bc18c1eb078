package cli

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"hoso/domain"
	"hoso/projections"
)

// tour is what the demo tells a visitor to try.
type tour struct {
	URL        string    `json:"url"`
	Data       string    `json:"data"`
	Delivered  string    `json:"delivered,omitempty"`  // code of a delivered dossier
	Supplement string    `json:"supplement,omitempty"` // one that waits for a supplement
	Late       string    `json:"late,omitempty"`       // one that is late
	Submitted  string    `json:"submitted,omitempty"`  // one that waits for acceptance
	IDNumber   string    `json:"id_number,omitempty"`  // of the delivered one's owner
	Users      []user    `json:"users"`
	Try        []attempt `json:"try"`
}

// attempt is a line to copy.
type attempt struct {
	What    string `json:"what"`
	Command string `json:"command"`
}

// applicant is who the demo signs in as an applicant.
type applicant struct{ subject, idNumber string }

// tour picks examples from the views and makes tokens. The officers work where
// a dossier waits for them, else at the first demo ward.
func (a *app) tour(s *stack, url string, key ed25519.PrivateKey) (*tour, error) {
	dir, err := filepath.Abs(s.dir)
	if err != nil {
		return nil, err
	}
	t := &tour{URL: url, Data: dir, Try: []attempt{}}
	agency := demoAgency
	pick := func(fits func(projections.DossierView) bool, q projections.SearchQuery) projections.DossierView {
		var v projections.DossierView
		if err == nil {
			v, err = s.example(a.ctx, agency, q, fits)
		}
		return v
	}
	submitted := pick(nil, projections.SearchQuery{Statuses: []domain.Status{domain.StatusSubmitted}})
	if submitted.Code != "" {
		t.Submitted, agency = submitted.Code, submitted.Agency
	}
	t.Supplement = pick(nil, projections.SearchQuery{Statuses: []domain.Status{domain.StatusSupplement}}).Code
	overdue := pick(nil, projections.SearchQuery{Statuses: []domain.Status{domain.StatusAccepted, domain.StatusProcessing}, DueTo: time.Now(), Sort: projections.SortDue})
	late := pick(func(v projections.DossierView) bool { return v.DecidedLate }, projections.SearchQuery{Statuses: []domain.Status{domain.StatusDecided, domain.StatusDelivered}})
	t.Late = cmp.Or(overdue.Code, late.Code)
	var who *applicant
	delivered := pick(func(v projections.DossierView) bool {
		past, folded := projections.History{Feed: s.feed}.At(a.ctx, v.ID, projections.Moment{})
		d := past.Dossier
		if folded != nil || d.Owner.Kind != domain.Citizen || d.Channel != domain.Online || d.Owner.IDNumber.Text == "" {
			return false
		}
		t.IDNumber = d.Owner.IDNumber.Text
		who = &applicant{d.SubmittedBy.ID, d.Submitter.IDNumber.Text}
		return true
	}, projections.SearchQuery{Statuses: []domain.Status{domain.StatusDelivered}})
	t.Delivered = delivered.Code
	if err != nil {
		return nil, err
	}
	if t.Users, err = issueTokens(dir, agency, key, who); err != nil {
		return nil, err
	}
	t.attempts()
	return t, nil
}

// example finds a dossier, one that the agency received if there is any.
func (s *stack) example(ctx context.Context, agency string, q projections.SearchQuery, fits func(projections.DossierView) bool) (projections.DossierView, error) {
	for _, own := range []bool{true, false} {
		q.Agencies, q.Cursor, q.Limit = nil, "", 200
		if own {
			q.Agencies = []string{agency}
		}
		for more := true; more; more = q.Cursor != "" {
			page, err := s.views.Search(ctx, q)
			if err != nil {
				return projections.DossierView{}, err
			}
			for _, v := range page.Hits {
				if v.Code != "" && (!own || v.Agency == agency) && (fits == nil || fits(v)) {
					return v, nil
				}
			}
			q.Cursor = page.Next
		}
	}
	return projections.DossierView{}, nil
}

// attempts are the curl lines.
func (t *tour) attempts() {
	header := func(role domain.Role) string {
		return fmt.Sprintf("-H @'%s'", filepath.Join(t.Data, "tokens", string(role)))
	}
	body := func(path, json string) string {
		return fmt.Sprintf("curl -s '%s%s' -H 'Content-Type: application/json' -d '%s'", t.URL, path, json)
	}
	add := func(what, command string) { t.Try = append(t.Try, attempt{what, command}) }
	if t.Delivered != "" {
		add("Anyone, by code: status and dates, no name", body("/api/v1/lookup", fmt.Sprintf(`{"code":"%s"}`, t.Delivered)))
		add("With the owner's ID number: name, timeline, the due date explained",
			body("/api/v1/lookup", fmt.Sprintf(`{"code":"%s","id_number":"%s"}`, t.Delivered, t.IDNumber)))
		add("The history from the log, as a leader", fmt.Sprintf("curl -s %s '%s/api/v1/dossiers/%s/history'", header(domain.Leader), t.URL, t.Delivered))
	}
	add("An officer searches (no accents needed)", fmt.Sprintf("curl -s %s '%s/api/v1/dossiers?q=nguyen&limit=3'", header(domain.IntakeOfficer), t.URL))
	if t.Submitted != "" {
		add("An intake officer accepts a dossier", fmt.Sprintf("curl -s %s -X POST '%s/api/v1/dossiers/%s/accept' -H 'Idempotency-Key: try-1'", header(domain.IntakeOfficer), t.URL, t.Submitted))
	}
	add("Processing times by agency", fmt.Sprintf("curl -s %s '%s/api/v1/times?by=agency'", header(domain.Analyst), t.URL))
	add("Is the log writable, do the views keep up", fmt.Sprintf("curl -s '%s/readyz'", t.URL))
	add("Verify the whole log, in another terminal", fmt.Sprintf("%s verify --data '%s'", program(), t.Data))
}

// print tells what to open and try, once it is there.
func (t *tour) print(a *app, asJSON bool) error {
	if asJSON {
		return a.document(t)
	}
	a.printf("\nHồ Sơ is ready. Open  %s/\n\n", t.URL)
	for _, row := range [][2]string{
		{"a delivered dossier", t.Delivered}, {"its owner's ID number", t.IDNumber}, {"one waiting for a supplement", t.Supplement},
		{"a late one", t.Late}, {"one not yet accepted", t.Submitted},
	} {
		if row[1] != "" {
			a.printf("  %-30s %s\n", row[0], row[1])
		}
	}
	a.printf("\nThe people, numbers and agencies (H99…) are invented. Signed in for %.0f hours, each with a file that curl sends as header:\n\n", tokenLife.Hours())
	for _, u := range t.Users {
		a.printf("  %-16s %-7s %s\n", u.Role, u.Agency, u.Header)
	}
	a.printf("\n")
	for _, try := range t.Try {
		a.printf("# %s\n%s\n\n", try.What, try.Command)
	}
	a.printf("Ctrl-C stops.\n")
	return nil
}

// program is how this program was called.
func program() string {
	path, err := os.Executable()
	if err != nil || strings.Contains(path, "go-build") {
		return "go run ."
	}
	return path
}
