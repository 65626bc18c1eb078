// Package api holds the types of requests and answers, generated from
// openapi.yaml, the one description of the HTTP interface.
package api

//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 -config config.yaml ../openapi.yaml
