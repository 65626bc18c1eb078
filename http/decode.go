package http

import (
	"errors"
	"fmt"
	"io"
	"mime"
	nethttp "net/http"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/labstack/echo/v4"
)

// decode reads a JSON object into a value and gives the body as it was sent.
// An absent body is an empty object.
func decode(c echo.Context, into any) ([]byte, error) {
	body, err := io.ReadAll(c.Request().Body)
	var tooLarge *nethttp.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, refuse(nethttp.StatusRequestEntityTooLarge, "too_large",
			fmt.Sprintf("Nội dung vượt quá %d byte: hãy rút gọn.", tooLarge.Limit), fmt.Sprintf("The body exceeds %d bytes: shorten it.", tooLarge.Limit))
	case err != nil:
		return nil, refuse(nethttp.StatusBadRequest, "body_incomplete", "Nội dung gửi đến không trọn vẹn: hãy gửi lại.", "The body did not arrive whole: send it again.")
	case len(body) == 0:
		body = []byte("{}")
	default:
		if kind, _, err := mime.ParseMediaType(c.Request().Header.Get("Content-Type")); err != nil || kind != "application/json" {
			return nil, refuse(nethttp.StatusUnsupportedMediaType, "not_json", "Hãy gửi nội dung với Content-Type: application/json.", "Send the body with Content-Type: application/json.")
		}
	}
	if err := json.Unmarshal(body, into, json.RejectUnknownMembers(true)); err != nil {
		return nil, malformed(err)
	}
	if jsontext.Value(body).Kind() != '{' { // null decodes into anything
		return nil, malformed(&json.SemanticError{JSONKind: jsontext.Value(body).Kind()})
	}
	return body, nil
}

// malformed says what is wrong with a body, and where, never what it holds
// beside the names of members.
func malformed(err error) error {
	var syntax *jsontext.SyntacticError
	var semantic *json.SemanticError
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName) && errors.As(err, &syntax):
		name := string(syntax.JSONPointer)
		p := refuse(nethttp.StatusBadRequest, "duplicate_field", "Trường "+name+" xuất hiện hai lần: hãy bỏ bớt một.", "The member "+name+" is there twice: leave one out.")
		p.pointer, p.offset = name, int(syntax.ByteOffset)
		return p
	case errors.As(err, &syntax):
		at := int(syntax.ByteOffset)
		p := refuse(nethttp.StatusBadRequest, "malformed_json",
			fmt.Sprintf("JSON sai cú pháp ở byte %d: hãy kiểm tra dấu ngoặc, dấu phẩy và dấu nháy quanh đó.", at),
			fmt.Sprintf("The JSON is malformed at byte %d: check brackets, commas and quotes around it.", at))
		p.pointer, p.offset = string(syntax.JSONPointer), at
		return p
	case errors.As(err, &semantic) && errors.Is(err, json.ErrUnknownName):
		name := string(semantic.JSONPointer)
		p := refuse(nethttp.StatusBadRequest, "unknown_field", "Không có trường "+name+": hãy xem /openapi.yaml.", "There is no member "+name+" here: see /openapi.yaml.")
		p.pointer, p.offset = name, int(semantic.ByteOffset)
		return p
	case errors.As(err, &semantic):
		return wrongType(semantic)
	}
	return refuse(nethttp.StatusBadRequest, "malformed_json", "Không đọc được JSON.", "The JSON cannot be read.")
}

func wrongType(e *json.SemanticError) error {
	vi, en := "Nội dung", "The body"
	if e.JSONPointer != "" {
		vi, en = "Trường "+string(e.JSONPointer), "The member "+string(e.JSONPointer)
	}
	wantVI, wantEN := "một đối tượng JSON", "a JSON object"
	if e.GoType != nil {
		wantVI, wantEN = jsonTypes(e.GoType.String())
	}
	p := refuse(nethttp.StatusBadRequest, "wrong_type", vi+" phải là "+wantVI+".", en+" must be "+wantEN+".")
	p.pointer, p.offset = string(e.JSONPointer), int(e.ByteOffset)
	return p
}

// jsonTypes words what a Go type takes in JSON.
func jsonTypes(goType string) (vi, en string) {
	goType = strings.TrimPrefix(goType, "*")
	switch {
	case goType == "time.Time":
		return "thời điểm theo RFC 3339, ví dụ 2026-11-24T08:00:00+07:00", "an RFC 3339 instant such as 2026-11-24T08:00:00+07:00"
	case goType == "uuid.UUID":
		return "mã định danh UUID, ví dụ 7ca8af04-28a0-56ad-8027-d6ff091f9e96", "an id (UUID) such as 7ca8af04-28a0-56ad-8027-d6ff091f9e96"
	case goType == "bool":
		return "true hoặc false", "true or false"
	case goType == "int" || goType == "int64" || goType == "domain.DuePoint":
		return "số nguyên", "an integer"
	case strings.HasPrefix(goType, "[]"):
		return "một danh sách", "a list"
	case goType == "string" || goType == "domain.Channel" || goType == "domain.ReceivingWay" || goType == "domain.PersonKind" ||
		goType == "domain.Outcome" || goType == "domain.CorrectedField":
		return "chuỗi ký tự", "a string"
	}
	return "một đối tượng JSON", "a JSON object"
}
