package domain

import (
	"strings"
	"testing"

	"github.com/google/uuid"
)

// listed is a procedure with a list of components.
func listed(r *Rules) {
	r.Procedure.Components = []Component{{Name: "Tờ khai đăng ký khai sinh theo mẫu", Required: true}, {Name: "Giấy chứng sinh"}}
}

// TestComponentsOfTheList: what is handed in bears the names of the
// procedure's list, as the list spells them.
func TestComponentsOfTheList(t *testing.T) {
	with := func(name string) SubmitDossier {
		c := submission()
		c.Papers = []Paper{{Component: name}}
		return c
	}
	for typed, want := range map[string]string{
		"Giấy chứng sinh": "Giấy chứng sinh", "  giay  CHUNG sinh ": "Giấy chứng sinh",
		"Gi\u00e2\u0301y ch\u01b0\u0301ng sinh": "Giấy chứng sinh", // letters and marks apart
	} {
		events, err := with(typed).Decide(NewDossier(uuid.Nil), given(t).under(listed).env)
		if err != nil || events[0].(Submitted).Papers[0].Component != want {
			t.Errorf("%q: %v, %v", typed, events, err)
		}
	}
	for _, typed := range []string{"Ảnh nhà hàng xóm", "Giấy chứng sinh của Nguyễn Văn A", "Giấy"} {
		_, err := with(typed).Decide(NewDossier(uuid.Nil), given(t).under(listed).env)
		if CodeOf(err) != "field_invalid" || !strings.Contains(err.Error(), "papers[0].component") || !strings.Contains(err.Error(), "Tờ khai đăng ký khai sinh theo mẫu; Giấy chứng sinh") {
			t.Errorf("%q: %v", typed, err)
		}
	}
	given(t).under(listed).when(with("")).refused(fieldMissing)
	given(t).under(listed).and(submission()).status(StatusSubmitted)
}

// TestComponentsWithoutAList are free, but for numbers that tell a person.
func TestComponentsWithoutAList(t *testing.T) {
	for name, good := range map[string]bool{
		"Đơn theo Mẫu số 18 - QĐ số 73/2026/QĐ-UBND ngày 03/7/2026": true, "Ảnh 4x6, 02 tấm, trong 06 tháng": true,
		"CCCD 001099000123": false, "Giấy tờ số 001.099 000-123": false, "điện thoại 0912 345 678": false,
	} {
		c := submission()
		c.Papers = []Paper{{Component: name}}
		if _, err := c.Decide(NewDossier(uuid.Nil), given(t).env); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// TestMissingIsOfTheList: what a guide names as missing is public for ever, so
// it is on the procedure's list; all else is said in the guide, which is sealed.
func TestMissingIsOfTheList(t *testing.T) {
	back := func(name string) ReturnForSupplement { return ReturnForSupplement{Missing: []string{name}, Guide: "x"} }
	given(t, submission()).under(listed).when(back(" giấy CHỨNG sinh")).then(ReturnedForSupplement{
		Stage: AtIntake, Missing: []string{"Giấy chứng sinh"}, Guide: About(owner, "x"), Remaining: 470}).status(StatusSupplement)
	for _, name := range []string{"Giấy ủy quyền của bà Nguyễn Thị Mẫu", "Giấy chứng sinh của cháu A", "Đơn"} {
		given(t, submission()).under(listed).when(back(name)).refused(fieldInvalid)
		given(t, submission()).when(back(name)).refused(fieldInvalid) // no list
	}
	given(t, submission()).under(listed).when(back(" ")).refused(fieldMissing)
	given(t, submission()).when(ReturnForSupplement{Guide: "Xin nộp đơn"}).then(ReturnedForSupplement{Stage: AtIntake, Guide: About(owner, "Xin nộp đơn"), Remaining: 470}).status(StatusSupplement)
}

// TestComponentsOfASupplement are the list's and those the guide asked for,
// which in old logs may be others; an imported dossier's papers keep the names
// they had.
func TestComponentsOfASupplement(t *testing.T) {
	guide := ReturnForSupplement{Missing: []string{"Giấy chứng sinh"}}
	paper := func(name string) Supplement { return Supplement{Papers: []Paper{{Component: name}}} }
	for name, good := range map[string]bool{
		"tờ khai đăng ký khai sinh theo mẫu": true, "Bản dịch có chứng thực": true, "Ảnh nhà hàng xóm": false,
	} {
		s := given(t).under(listed).and(submission(), accept, guide)
		s.d.Supplement.Missing = append(s.d.Supplement.Missing, "Bản dịch có chứng thực")
		if good {
			s.and(paper(name)).status(StatusProcessing)
			continue
		}
		s.when(paper(name)).refused(fieldInvalid)
		s.d = s.d.reapplied(func(a *Application) { a.SourceID = "case-1" })
		s.and(paper(name)).status(StatusProcessing)
	}
}
