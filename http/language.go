package http

import (
	"github.com/labstack/echo/v4"
	"golang.org/x/text/language"

	"hoso/http/api"
)

// lang is a language that the server speaks.
type lang string

const (
	vietnamese lang = "vi"
	english    lang = "en"
)

var spoken = language.NewMatcher([]language.Tag{language.Vietnamese, language.English})

// say picks the text in the language.
func (l lang) say(vi, en string) string {
	if l == english && en != "" {
		return en
	}
	return vi
}

// languageOf is what Accept-Language asks for, else Vietnamese.
func languageOf(c echo.Context) lang {
	header := c.Request().Header.Get("Accept-Language")
	if header == "" || len(header) > 200 {
		return vietnamese
	}
	tags, _, err := language.ParseAcceptLanguage(header)
	if err != nil {
		return vietnamese
	}
	if _, i, _ := spoken.Match(tags...); i == 1 {
		return english
	}
	return vietnamese
}

// text is a pair of texts; the English falls back on the Vietnamese.
func text(vi, en string) api.Text {
	if en == "" {
		en = vi
	}
	return api.Text{Vi: vi, En: en}
}
