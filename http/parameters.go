package http

import (
	"context"
	nethttp "net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"hoso/domain"
	"hoso/domain/calendar"
	"hoso/domain/eventlog"
	"hoso/projections"
)

func badParameter(name, vi, en string) error {
	p := refuse(nethttp.StatusBadRequest, "bad_parameter", "Tham số "+name+" "+vi+".", "The parameter "+name+" "+en+".")
	p.pointer = name
	return p
}

// parameters reads a query. The first thing wrong is kept in err.
type parameters struct {
	c     echo.Context
	known []string
	err   error
}

func (p *parameters) get(name string) string {
	p.known = append(p.known, name)
	value := p.c.QueryParam(name)
	if !utf8.ValidString(value) {
		p.wrong(name, "không phải UTF-8", "is not UTF-8")
		return ""
	}
	return value
}

func (p *parameters) wrong(name, vi, en string) {
	if p.err == nil {
		p.err = badParameter(name, vi, en)
	}
}

// list reads comma-separated values.
func (p *parameters) list(name string) []string {
	return strings.FieldsFunc(p.get(name), func(r rune) bool { return r == ',' || r == ' ' })
}

// moment reads an RFC 3339 instant or a date, which begins at midnight in Viet Nam.
func (p *parameters) moment(name string) time.Time {
	text := p.get(name)
	if text == "" {
		return time.Time{}
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.UTC()
	}
	d, err := calendar.ParseDate(text)
	if err != nil {
		p.wrong(name, "phải là ngày (2026-11-24) hoặc thời điểm RFC 3339", "must be a date (2026-11-24) or an RFC 3339 instant")
		return time.Time{}
	}
	return d.Start().UTC()
}

func (p *parameters) limit() int {
	text := p.get("limit")
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 200 {
		p.wrong("limit", "phải từ 1 đến 200", "must be from 1 to 200")
	}
	return n
}

// statuses reads status keys or numbers.
func (p *parameters) statuses() []domain.Status {
	var out []domain.Status
	for _, word := range p.list("status") {
		n, _ := strconv.Atoi(word)
		for st := domain.StatusSubmitted; st <= domain.StatusDelivered; st++ {
			if st.Key() == word {
				n = int(st)
			}
		}
		if n < int(domain.StatusSubmitted) || n > int(domain.StatusDelivered) {
			p.wrong("status", "phải gồm khóa hoặc số trạng thái từ 1 đến 10", "must be status keys or numbers from 1 to 10")
			return nil
		}
		out = append(out, domain.Status(n))
	}
	return out
}

// clocks reads the states of the clock.
func (p *parameters) clocks() (out []projections.ClockState) {
	for _, word := range p.list("clock") {
		if out = append(out, projections.ClockState(word)); !slices.Contains(projections.ClockStates, out[len(out)-1]) {
			p.wrong("clock", "phải gồm overdue, due_soon, in_time, paused, no_limit hoặc ended", "must be overdue, due_soon, in_time, paused, no_limit or ended")
		}
	}
	return out
}

// channel reads how dossiers came in.
func (p *parameters) channel() domain.Channel {
	switch c := domain.Channel(p.get("channel")); c {
	case "", domain.Direct, domain.Online, domain.Post:
		return c
	}
	p.wrong("channel", "phải là direct, online hoặc post", "must be direct, online or post")
	return ""
}

// facets reads what is to be counted.
func (p *parameters) facets() (out []projections.Facet) {
	for _, word := range p.list("facets") {
		f := projections.Facet(word)
		if !slices.Contains(projections.Facets, f) || slices.Contains(out, f) {
			p.wrong("facets", "phải gồm status, agency, procedure, field, channel hoặc clock, mỗi thứ một lần", "must be status, agency, procedure, field, channel or clock, each once")
		}
		out = append(out, f)
	}
	return out
}

// soonHours reads within how many working hours a dossier is due soon.
func (p *parameters) soonHours() int {
	text := p.get("due_soon")
	if text == "" {
		return projections.SoonHours
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxSoonHours {
		p.wrong("due_soon", "phải từ 1 đến 240 giờ làm việc", "must be from 1 to 240 working hours")
	}
	return n
}

func (p *parameters) sort() projections.Sort {
	switch by := projections.Sort(p.get("sort")); by {
	case "":
		return projections.SortNewest
	case projections.SortSubmitted, projections.SortNewest, projections.SortDue:
		return by
	}
	p.wrong("sort", "phải là submitted_at, -submitted_at hoặc due_at", "must be submitted_at, -submitted_at or due_at")
	return ""
}

// done gives what is wrong with the query: a parameter nobody asks for, too.
func (p *parameters) done() error {
	for name := range p.c.QueryParams() {
		if p.err == nil && !slices.Contains(p.known, name) {
			p.err = badParameter(name, "không có ở đây; xem /openapi.yaml", "is not known here; see /openapi.yaml")
		}
	}
	return p.err
}

// atLeast waits until a projection has seen min_position, where that is asked for.
func (s *Server) atLeast(ctx context.Context, projection, position string) error {
	if position == "" {
		return nil
	}
	commit, prepare, found := strings.Cut(position, "-")
	var at eventlog.Position
	var err, err2 error
	at.Commit, err = strconv.ParseUint(commit, 10, 64)
	at.Prepare = at.Commit
	if found {
		at.Prepare, err2 = strconv.ParseUint(prepare, 10, 64)
	}
	if err != nil || err2 != nil {
		return badParameter("min_position", "phải là position của một biên nhận", "must be the position of a receipt")
	}
	if s.reached(ctx, projection, at) == nil {
		return nil
	}
	return viewBehind()
}

// viewBehind says that what is asked for may be in the log already.
func viewBehind() error {
	p := refuse(nethttp.StatusServiceUnavailable, "view_behind", "Dữ liệu tra cứu chưa theo kịp: hãy thử lại sau ít giây.", "The view has not got there yet: try again in a few seconds.")
	p.retryAfter = viewTimeout
	return p
}

// reached waits a moment for a projection.
func (s *Server) reached(ctx context.Context, projection string, at eventlog.Position) error {
	ctx, cancel := context.WithTimeout(ctx, viewTimeout)
	defer cancel()
	return s.Views.Wait(ctx, projection, at)
}
