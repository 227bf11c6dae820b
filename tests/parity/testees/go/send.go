package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// direct sends each request once: http.Client would follow redirects, and repeat a GET by itself on a kept connection.
type direct struct{ transport *http.Transport }

func (d direct) Do(request *http.Request) (*http.Response, error) {
	return d.transport.RoundTrip(request)
}

// attempt repeats what is safe to repeat; repeated says whether an earlier try may have been acted on.
func (b *Batches) attempt(
	ctx context.Context, doing string, timeout time.Duration, call func(context.Context) (*http.Response, error),
) (reply *Reply, repeated bool, err error) {
	for tries := 0; ; tries++ {
		outcome := b.send(ctx, timeout, call)
		wait, again := pause(outcome, Safe, tries, b.maxRetries)
		switch {
		case again:
			repeated = repeated || !mayRepeat(outcome, Unsent)
			if err := sleep(ctx, wait); err != nil {
				return nil, repeated, err
			}
		case outcome.Reply == nil:
			return nil, repeated, &Error{Kind: "connection", Message: doing + ": no answer", Cause: outcome.Failure}
		default:
			return outcome.Reply, repeated, nil
		}
	}
}

func (b *Batches) send(
	ctx context.Context, timeout time.Duration, call func(context.Context) (*http.Response, error),
) Outcome {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var connected atomic.Bool
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }}
	response, err := call(httptrace.WithClientTrace(ctx, trace))
	if err != nil {
		return Outcome{Failure: err, Sent: connected.Load()}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return Outcome{Failure: err, Sent: true}
	}
	reply := &Reply{Status: response.StatusCode, Header: response.Header, Body: body}
	if !reply.ok() {
		// What a service says of an error may repeat the key.
		reply.Body = bytes.ReplaceAll(body, []byte(b.key), []byte("[key]"))
	}
	return Outcome{Reply: reply}
}

func sleep(ctx context.Context, wait time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(wait):
		return nil
	}
}
