package main

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Error says what went wrong, by what a caller can do about it.
type Error struct {
	Kind    string
	Message string
	Cause   error
}

func (e *Error) Error() string { return e.Message }
func (e *Error) Unwrap() error { return e.Cause }

func invalid(format string, args ...any) error {
	return &Error{Kind: "invalid_argument", Message: fmt.Sprintf(format, args...)}
}

func badReply(doing string, reply *Reply, what string) error {
	return &Error{Kind: "reply", Message: fmt.Sprintf("%s: %s (status %d)", doing, what, reply.Status)}
}

// statusError is the error for an answer with an error status, in the service's words.
func statusError(doing string, status int, body []byte) error {
	kind := "client"
	switch {
	case status == 401 || status == 403:
		kind = "auth"
	case status == 404:
		kind = "not_found"
	case status == 409:
		kind = "conflict"
	case status == 429:
		kind = "rate_limit"
	case status >= 500:
		kind = "server"
	}
	return &Error{Kind: kind, Message: strings.TrimSpace(fmt.Sprintf("%s: %d %s", doing, status, words(body)))}
}

// words finds what an error body says: batches send {"error": "text"}, files {"error": {"message": "text"}}, the edge
// sends pages.
func words(body []byte) string {
	var text string
	if json.Unmarshal(body, &text) == nil {
		return text[:min(len(text), 300)]
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) == nil {
		for _, name := range []string{"error", "message", "detail"} {
			if value, there := fields[name]; there {
				return words(value)
			}
		}
		return ""
	}
	if strings.HasPrefix(strings.TrimSpace(string(body)), "<") {
		return "an HTML page"
	}
	return string(body[:min(len(body), 300)])
}
