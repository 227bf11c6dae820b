// Package contract is generated from openapi.yaml, which scripts/parity-install puts beside this module's go.mod.
package contract

//go:generate go tool oapi-codegen -config config.yaml ../openapi.yaml
