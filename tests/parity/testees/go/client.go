// A client of the Batches API: create, get, list, cancel and upload over what oapi-codegen makes of the contract.
package main

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"

	"parity/contract"
)

const (
	// The service has no other.
	completionWindow  = "24h"
	singleUploadBytes = 5 << 30
	// The slowest line, in bytes a second, that an upload is given the time for.
	uploadPace = 1 << 20
)

// Batches is a client; goroutines may share it.
type Batches struct {
	api        *contract.Client
	http       direct
	key        string
	baseURL    string
	timeout    time.Duration
	maxRetries int
	// Creates of one client wait for one another, so that none takes another's job.
	creating sync.Mutex
	taken    map[string]bool
}

// New makes a client; baseURL may come with or without /v1.
func New(baseURL, key string, timeout time.Duration, maxRetries int) (*Batches, error) {
	base, err := checkedBaseURL(baseURL)
	if err != nil {
		return nil, err
	}
	key = strings.TrimSpace(key)
	if key == "" || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, invalid("the API key is blank or no key")
	}
	sender := direct{&http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}}
	api, err := contract.NewClient(base, contract.WithHTTPClient(sender), contract.WithRequestEditorFn(
		func(_ context.Context, request *http.Request) error {
			request.Header.Set("Authorization", "Bearer "+key)
			request.Header.Set("User-Agent", "together-batches-go/0.1.0")
			request.Header.Set("Accept", "application/json")
			return nil
		}))
	if err != nil {
		return nil, invalid("the base URL cannot be used")
	}
	return &Batches{
		api: api, http: sender, key: key, baseURL: base, timeout: timeout, maxRetries: maxRetries, taken: map[string]bool{},
	}, nil
}

// Get is the job as it stands.
func (b *Batches) Get(ctx context.Context, id string) (*Job, error) {
	if err := checkID(id); err != nil {
		return nil, err
	}
	reply, _, err := b.attempt(ctx, "get", b.timeout, func(ctx context.Context) (*http.Response, error) {
		return b.api.GetBatch(ctx, id)
	})
	if err != nil {
		return nil, err
	}
	return bareJob("get", reply)
}

// List is all jobs of the account.
func (b *Batches) List(ctx context.Context) ([]Job, error) {
	jobs, _, err := b.list(ctx)
	return jobs, err
}

func (b *Batches) list(ctx context.Context) ([]Job, *Reply, error) {
	reply, _, err := b.attempt(ctx, "list", b.timeout, func(ctx context.Context) (*http.Response, error) {
		return b.api.ListBatches(ctx)
	})
	if err != nil {
		return nil, nil, err
	}
	if !reply.ok() {
		return nil, nil, statusError("list", reply.Status, reply.Body)
	}
	var items []json.RawMessage // null, from some servers, for none
	if json.Unmarshal(reply.Body, &items) != nil {
		return nil, nil, badReply("list", reply, "no list of jobs")
	}
	jobs := make([]Job, 0, len(items))
	for _, item := range items {
		job, there := readJob(item, nil)
		if !there {
			return nil, nil, badReply("list", reply, "a job without an id")
		}
		jobs = append(jobs, *job)
	}
	return jobs, reply, nil
}

// Cancel stops a job; a repeated one that meets the success of the first tells of it.
func (b *Batches) Cancel(ctx context.Context, id string) (*Job, error) {
	if err := checkID(id); err != nil {
		return nil, err
	}
	reply, repeated, err := b.attempt(ctx, "cancel", b.timeout, func(ctx context.Context) (*http.Response, error) {
		return b.api.CancelBatch(ctx, id)
	})
	if err != nil {
		return nil, err
	}
	if repeated && reply.Status == 409 {
		job, err := b.Get(ctx, id)
		if err != nil || is(job.Status, string(contract.CANCELLED)) || is(job.Status, string(contract.CANCELING)) {
			return job, err
		}
	}
	return bareJob("cancel", reply)
}
