package main

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Repeat says what repeating a request may do.
type Repeat int

const (
	// Safe to repeat: it reads, or doing it twice is as good as once.
	Safe Repeat = iota
	// Unsent requests alone may be repeated, and those that the service turned away.
	Unsent
)

const (
	basePause     = 500 * time.Millisecond
	pauseCap      = 8 * time.Second
	retryAfterCap = 60 * time.Second
)

// Reply is an answer whose body was read to its end.
type Reply struct {
	Status int
	Header http.Header
	Body   []byte
}

func (r *Reply) ok() bool { return r.Status >= 200 && r.Status < 300 }

// Outcome is a reply or a failure; Sent is false only when nothing can have reached the service.
type Outcome struct {
	Reply   *Reply
	Failure error
	Sent    bool
}

// pause decides whether to try again, and how long to wait first; attempt counts from 0.
func pause(outcome Outcome, repeat Repeat, attempt, maxRetries int) (time.Duration, bool) {
	if attempt >= maxRetries || !mayRepeat(outcome, repeat) {
		return 0, false
	}
	jitter := time.Duration(rand.Float64() * float64(min(pauseCap, basePause<<min(attempt, 10))))
	if outcome.Reply == nil {
		return jitter, true
	}
	asked, given := retryAfter(outcome.Reply.Header)
	return asked + jitter, !given || asked <= retryAfterCap
}

func mayRepeat(outcome Outcome, repeat Repeat) bool {
	if outcome.Reply == nil {
		return repeat == Safe || !outcome.Sent
	}
	switch status := outcome.Reply.Status; {
	case status == 425 || status == 429: // turned away before anything was done
		return true
	case repeat != Safe:
		return false
	case status == 409: // a conflict stays one unless the service says that it passes
		header := outcome.Reply.Header
		return header.Get("Retry-After") != "" || header.Get("X-Should-Retry") == "true"
	default:
		return status == 408 || status >= 500
	}
}

func retryAfter(header http.Header) (time.Duration, bool) {
	if milliseconds, err := parsePositive(header.Get("Retry-After-Ms")); err == nil {
		return inSeconds(milliseconds / 1000), true
	}
	text := header.Get("Retry-After")
	if seconds, err := parsePositive(text); err == nil {
		return inSeconds(seconds), true
	}
	until, err := http.ParseTime(text)
	if err != nil {
		return 0, false
	}
	// The date is on the service's clock, which may not be ours.
	now, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return max(0, until.Sub(now)), true
}

func parsePositive(text string) (float64, error) {
	value, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err == nil && !(value >= 0) {
		err = strconv.ErrRange
	}
	return value, err
}

// inSeconds is a duration, cut where it is far beyond what anybody waits.
func inSeconds(seconds float64) time.Duration {
	return time.Duration(min(seconds, 1e9) * float64(time.Second))
}
