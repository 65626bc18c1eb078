package http

import (
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/labstack/echo/v4"
)

// answer writes a value as JSON.
func answer(c echo.Context, status int, v any) error {
	body, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderContentLength, strconv.Itoa(len(body)))
	return c.Blob(status, "application/json; charset=utf-8", body)
}
