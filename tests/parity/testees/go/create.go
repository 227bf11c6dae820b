package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"
	"unicode/utf8"

	"parity/contract"
)

// Create exactly once, against a service that has no idempotency key: a create is repeated only when the service
// cannot have acted on the last one; where it may have, the list tells, and where that cannot, an error does.

// The pauses between looks at the list, which was seen to lag behind, in seconds.
var looks = []float64{0.5, 0.5, 1, 1, 2, 2, 4, 4}

const (
	// A Date header has whole seconds, and so may created_at.
	margin = 2 * time.Second
	// Without a Date header the two clocks may differ by more.
	unknownSkew = time.Minute
)

// Create makes one job, exactly, or says why not.
func (b *Batches) Create(ctx context.Context, fileID, endpoint string) (*Job, error) {
	if err := checkID(fileID); err != nil {
		return nil, err
	}
	if endpoint == "" || !utf8.ValidString(endpoint) {
		return nil, invalid("%q is not an endpoint", endpoint)
	}
	window := completionWindow
	body := contract.CreateBatchRequest{InputFileId: fileID, Endpoint: endpoint, CompletionWindow: &window}
	b.creating.Lock()
	defer b.creating.Unlock()
	started := time.Now()
	for tries := 0; ; tries++ {
		outcome := b.send(ctx, b.timeout, func(ctx context.Context) (*http.Response, error) {
			return b.api.CreateBatch(ctx, body)
		})
		accepted := outcome.Reply != nil && outcome.Reply.ok()
		lost := outcome.Failure
		if accepted {
			job, err := createdJob(outcome.Reply)
			if err == nil {
				b.taken[job.ID] = true
				return job, nil
			}
			lost = err
		}
		var wait time.Duration
		var again bool
		if !mayHaveActed(outcome) {
			if wait, again = pause(outcome, Unsent, tries, b.maxRetries); !again {
				return nil, asError(outcome)
			}
		} else {
			if b.maxRetries == 0 {
				return nil, unknownFate(fileID, lost)
			}
			if job, err := b.look(ctx, fileID, endpoint, started, lost); job != nil || err != nil {
				return job, err
			}
			// Where the service said yes, a job that the list does not show yet is likelier than none.
			if wait, again = pause(outcome, Safe, tries, b.maxRetries); !again || accepted {
				return nil, unknownFate(fileID, lost)
			}
		}
		if err := sleep(ctx, wait); err != nil {
			return nil, err
		}
	}
}

func createdJob(reply *Reply) (*Job, error) {
	answer, err := object("create", reply)
	if err != nil {
		return nil, err
	}
	job, there := readJob(answer["job"], take[string](answer, "warning"))
	if !there {
		return nil, badReply("create", reply, "no job")
	}
	return job, nil
}

func mayHaveActed(outcome Outcome) bool {
	if outcome.Reply == nil {
		return outcome.Sent
	}
	status := outcome.Reply.Status
	return status < 300 || status == 408 || status >= 500
}

// look finds the job of a create whose answer was lost; nil when the list does not show one for long enough.
func (b *Batches) look(ctx context.Context, fileID, endpoint string, started time.Time, lost error) (*Job, error) {
	for turn := 0; ; turn++ {
		jobs, reply, err := b.list(ctx)
		if err != nil {
			return nil, unknownFate(fileID, err)
		}
		// The beginning of the call, on the service's clock where it tells it.
		after := started.Add(-unknownSkew)
		if date, err := http.ParseTime(reply.Header.Get("Date")); err == nil {
			after = date.Add(-time.Since(started) - margin)
		}
		ours := slices.DeleteFunc(jobs, func(job Job) bool {
			return b.taken[job.ID] || !is(job.InputFileID, fileID) || !is(job.Endpoint, endpoint) ||
				(job.CreatedAt != nil && job.CreatedAt.Before(after))
		})
		if slices.ContainsFunc(ours, func(job Job) bool { return job.CreatedAt == nil }) {
			return nil, unknownFate(fileID, lost)
		}
		if len(ours) > 0 {
			first := slices.MinFunc(ours, func(x, y Job) int { return x.CreatedAt.Compare(y.CreatedAt.Time) })
			b.taken[first.ID] = true
			return &first, nil
		}
		if turn == len(looks) {
			return nil, nil
		}
		if err := sleep(ctx, inSeconds(looks[turn])); err != nil {
			return nil, unknownFate(fileID, err)
		}
	}
}

func is(value *string, wanted string) bool { return value != nil && *value == wanted }

func asError(outcome Outcome) error {
	if outcome.Reply == nil {
		return &Error{Kind: "connection", Message: "create: no answer", Cause: outcome.Failure}
	}
	return statusError("create", outcome.Reply.Status, outcome.Reply.Body)
}

func unknownFate(fileID string, cause error) error {
	message := fmt.Sprintf("create: a job for file %s may exist and cost money: look before you create again", fileID)
	return &Error{Kind: "unknown_fate", Message: message, Cause: cause}
}
