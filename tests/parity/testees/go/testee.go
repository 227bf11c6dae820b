package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"os"
	"time"
)

type call struct {
	Hello     json.RawMessage   `json:"hello"`
	ID        int               `json:"id"`
	Operation string            `json:"operation"`
	Arguments map[string]string `json:"arguments"`
	Config    struct {
		BaseURL        string   `json:"base_url"`
		APIKey         string   `json:"api_key"`
		MaxRetries     *int     `json:"max_retries"`
		TimeoutSeconds *float64 `json:"timeout_seconds"`
	} `json:"config"`
}

var operations = []string{
	"create_batch", "get_batch", "list_batches", "cancel_batch", "upload", "list_files", "retrieve", "delete",
}

func perform(made call) (any, error) {
	maxRetries, timeout := 4, time.Minute
	if made.Config.MaxRetries != nil {
		maxRetries = *made.Config.MaxRetries
	}
	if made.Config.TimeoutSeconds != nil {
		timeout = inSeconds(*made.Config.TimeoutSeconds)
	}
	client, err := New(made.Config.BaseURL, made.Config.APIKey, timeout, maxRetries)
	if err != nil {
		return nil, err
	}
	ctx, given := context.Background(), made.Arguments
	switch made.Operation {
	case "create_batch":
		return client.Create(ctx, given["file_id"], given["endpoint"])
	case "get_batch":
		return client.Get(ctx, given["id"])
	case "list_batches":
		return client.List(ctx)
	case "cancel_batch":
		return client.Cancel(ctx, given["id"])
	case "upload":
		return client.Upload(ctx, given["path"], given["purpose"])
	case "list_files":
		return client.ListFiles(ctx)
	case "retrieve":
		return client.Retrieve(ctx, given["id"])
	default:
		return client.Delete(ctx, given["id"])
	}
}

func answer(made call) map[string]any {
	if made.Hello != nil {
		return map[string]any{"testee": "go", "version": "0.1.0", "operations": operations}
	}
	value, err := perform(made)
	if err == nil {
		return map[string]any{"id": made.ID, "value": value}
	}
	kind := "unexpected"
	if known := (*Error)(nil); errors.As(err, &known) {
		kind = known.Kind
	}
	return map[string]any{"id": made.ID, "error": map[string]string{"kind": kind, "message": err.Error()}}
}

func main() {
	in, out := bufio.NewReader(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		var made call
		if err := json.Unmarshal(line, &made); err != nil {
			panic(err)
		}
		if err := out.Encode(answer(made)); err != nil {
			panic(err)
		}
	}
}
