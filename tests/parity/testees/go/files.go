package main

import (
	"context"
	"encoding/json"
	"net/http"
)

// ListFiles is all files of the account.
func (b *Batches) ListFiles(ctx context.Context) ([]StoredFile, error) {
	reply, _, err := b.attempt(ctx, "list_files", b.timeout, func(ctx context.Context) (*http.Response, error) {
		return b.api.ListFiles(ctx)
	})
	if err != nil {
		return nil, err
	}
	answer, err := object("list_files", reply)
	if err != nil {
		return nil, err
	}
	var items []json.RawMessage
	if raw := answer["data"]; raw != nil && json.Unmarshal(raw, &items) != nil {
		return nil, badReply("list_files", reply, "no list of files")
	}
	files := make([]StoredFile, 0, len(items))
	for _, item := range items {
		file, there := readFile(item)
		if !there {
			return nil, badReply("list_files", reply, "a file without an id")
		}
		files = append(files, *file)
	}
	return files, nil
}

// Retrieve is what the service says of a file.
func (b *Batches) Retrieve(ctx context.Context, id string) (*StoredFile, error) {
	if err := checkID(id); err != nil {
		return nil, err
	}
	reply, _, err := b.attempt(ctx, "retrieve", b.timeout, func(ctx context.Context) (*http.Response, error) {
		return b.api.GetFile(ctx, id)
	})
	if err != nil {
		return nil, err
	}
	return bareFile("retrieve", reply)
}

// Delete deletes a file; a repeated one that finds nothing is done.
func (b *Batches) Delete(ctx context.Context, id string) (*Deleted, error) {
	if err := checkID(id); err != nil {
		return nil, err
	}
	reply, repeated, err := b.attempt(ctx, "delete", b.timeout, func(ctx context.Context) (*http.Response, error) {
		return b.api.DeleteFile(ctx, id)
	})
	if err != nil {
		return nil, err
	}
	if repeated && reply.Status == 404 {
		return &Deleted{ID: id, Deleted: true}, nil
	}
	answer, err := object("delete", reply)
	if err != nil {
		return nil, err
	}
	done := &Deleted{ID: id, Deleted: true}
	if named, there := identity(answer); there {
		done.ID = named
	}
	if said := take[bool](answer, "deleted"); said != nil {
		done.Deleted = *said
	}
	return done, nil
}
