package commands

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"hoso/domain"
)

var update = flag.Bool("update", false, "write the golden files again")

// stance is a way somebody can stand to a dossier.
type stance struct {
	name string
	req  func(domain.Role) Request
}

var (
	person  = uuid.MustParse("11111111-1111-4111-8111-111111111111")
	nobody  = uuid.MustParse("22222222-2222-4222-8222-222222222222")
	stances = []stance{
		{"own dossier, by ID number", func(r domain.Role) Request {
			return Request{Actor: domain.Actor{Role: r, ID: "x"}, Subject: person}
		}},
		{"own dossier, by account", func(r domain.Role) Request { return Request{Actor: domain.Actor{Role: r, ID: "account"}} }},
		{"another's dossier", func(r domain.Role) Request {
			return Request{Actor: domain.Actor{Role: r, ID: "x"}, Subject: nobody}
		}},
		{"receiving agency", at("R", "x")},
		{"place of collection", at("P", "x")},
		{"competent agency", at("C", "x")},
		{"current agency, in charge", at("N", "in-charge")},
		{"current agency, another is in charge", at("N", "x")},
		{"unrelated agency", at("U", "in-charge")},
		{"no agency", at("", "x")},
	}
)

func at(agency, id string) func(domain.Role) Request {
	return func(r domain.Role) Request { return Request{Actor: domain.Actor{Role: r, Agency: agency, ID: id}} }
}

// TestPolicyMatrix holds every combination of command, role, stance and state
// against a table that people read and approve. What the table lacks is denied.
func TestPolicyMatrix(t *testing.T) {
	var got []string
	for _, cmd := range domain.Commands() {
		for _, role := range domain.Roles() {
			for _, s := range stances {
				for _, accepted := range []bool{false, true} {
					d := domain.Dossier{Current: "N", Assignee: "in-charge", Application: &domain.Application{ReceivedBy: "R", Competent: "C",
						Receiving: domain.Receiving{Place: "P"}, Owner: domain.Person{Subject: person},
						SubmittedBy: domain.Actor{Role: domain.Applicant, ID: "account"}}}
					state := "before acceptance"
					if accepted {
						d.AcceptedAt = time.Unix(1, 0)
						state = "after acceptance"
					}
					if Allowed(s.req(role), cmd.CommandName(), d) == nil {
						got = append(got, fmt.Sprintf("%-22s %-15s %-38s %s", cmd.CommandName(), role, s.name, state))
					}
				}
			}
		}
	}
	text := strings.Join(got, "\n") + "\n"
	const golden = "testdata/policy.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if text != string(want) {
		t.Errorf("the policy differs from %s; read the difference, then run with -update:\n%s", golden, text)
	}
}

// TestWhoHandlesMayRead: nobody whom the policy lets work on a dossier is kept
// from reading it, the system's own deeds aside.
func TestWhoHandlesMayRead(t *testing.T) {
	d := domain.Dossier{Current: "N", Application: &domain.Application{ReceivedBy: "R", Competent: "C",
		Receiving: domain.Receiving{Place: "P"}, Owner: domain.Person{Subject: person},
		SubmittedBy: domain.Actor{Role: domain.Applicant, ID: "account"}}}
	p := Parties{Received: "R", Competent: "C", Current: "N", Place: "P", Owner: person, SubmittedBy: d.SubmittedBy}
	for _, cmd := range domain.Commands() {
		for _, role := range domain.Roles() {
			for _, s := range stances {
				req := s.req(role)
				if cmd.CommandName() != "submit" && Allowed(req, cmd.CommandName(), d) == nil && !MayRead(req, p) {
					t.Errorf("%s as %s, %s: may do it, and may not read the dossier", cmd.CommandName(), role, s.name)
				}
			}
		}
	}
}

// TestPolicyKeepsOut states what must never be allowed, whatever the table says.
func TestPolicyKeepsOut(t *testing.T) {
	d := domain.Dossier{Current: "N", AcceptedAt: time.Unix(1, 0),
		Application: &domain.Application{ReceivedBy: "R", Competent: "C", Owner: domain.Person{Subject: person}}}
	for _, cmd := range domain.Commands() {
		name := cmd.CommandName()
		for _, role := range []domain.Role{domain.Auditor, domain.Analyst, domain.Administrator, "", "root"} {
			for _, s := range stances {
				if Allowed(s.req(role), name, d) == nil {
					t.Errorf("%s as %q, %s: allowed", name, role, s.name)
				}
			}
		}
		for _, role := range domain.Roles() {
			if role == domain.System || name == "submit" {
				continue
			}
			if Allowed(at("U", "x")(role), name, d) == nil {
				t.Errorf("%s as %s of an unrelated agency: allowed", name, role)
			}
		}
		if _, known := policy[name]; !known {
			t.Errorf("%s: no row in the policy: who may do it?", name)
		}
	}
	if Allowed(Request{Actor: domain.Actor{Role: domain.System}}, "no such command", d) == nil {
		t.Error("an unknown command is allowed")
	}
	names := []string{}
	for _, cmd := range domain.Commands() {
		names = append(names, cmd.CommandName())
	}
	for name := range policy {
		if !slices.Contains(names, name) {
			t.Errorf("policy speaks of %s, which is no command", name)
		}
	}
}

func TestMayRead(t *testing.T) {
	p := Parties{Received: "R", Competent: "C", Current: "N", Place: "P", Owner: person,
		SubmittedBy: domain.Actor{Role: domain.Applicant, ID: "account"}}
	for _, c := range []struct {
		who  Request
		want bool
	}{
		{Request{Actor: domain.Actor{Role: domain.Applicant}, Subject: person}, true},
		{Request{Actor: domain.Actor{Role: domain.Applicant}, Subject: nobody}, false},
		{Request{Actor: domain.Actor{Role: domain.Applicant}}, false},
		{Request{Actor: domain.Actor{Role: domain.Applicant, ID: "account"}}, true},
		{Request{Actor: domain.Actor{Role: domain.Applicant, ID: "another"}}, false},
		{Request{Actor: domain.Actor{Role: domain.Auditor + "x", ID: "account"}}, false},
		{at("R", "x")(domain.IntakeOfficer), true},
		{at("C", "x")(domain.Leader), true},
		{at("N", "x")(domain.Specialist), true},
		{at("P", "x")(domain.IntakeOfficer), true},
		{at("P", "x")(domain.Analyst), false},
		{at("U", "x")(domain.Leader), false},
		{at("", "x")(domain.Leader), false},
		{at("R", "x")(domain.Analyst), false},
		{at("", "x")(domain.Auditor), true},
		{at("R", "x")(""), false},
	} {
		if got := MayRead(c.who, p); got != c.want {
			t.Errorf("%+v: %v, want %v", c.who, got, c.want)
		}
	}
}
