package http

import (
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/labstack/echo/v4"
)

// answer writes a value as JSON.
func answer(c echo.Context, status int, v any) error {
	body, err := render(v)
	if err != nil {
		return err
	}
	return answerBytes(c, status, body)
}

func render(v any) ([]byte, error) { return json.Marshal(v, json.Deterministic(true)) }

func answerBytes(c echo.Context, status int, body []byte) error {
	c.Response().Header().Set(echo.HeaderContentLength, strconv.Itoa(len(body)))
	return c.Blob(status, "application/json; charset=utf-8", body)
}
