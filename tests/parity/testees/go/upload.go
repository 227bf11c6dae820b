package main

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"parity/contract"
)

// How storage says that a presigned address is not, or no longer, good.
var presignedRefused = []int{400, 401, 403, 404, 410}

// Upload announces a file, sends its bytes to the address that the service names, and has it made usable.
func (b *Batches) Upload(ctx context.Context, path, purpose string) (*StoredFile, error) {
	name := filepath.Base(path)
	fileType := strings.TrimPrefix(strings.ToLower(filepath.Ext(name)), ".")
	if !slices.Contains([]string{"jsonl", "parquet", "csv"}, fileType) {
		return nil, invalid("%s ends in none of .jsonl, .parquet, .csv", name)
	}
	about, err := regular(path)
	if err != nil {
		return nil, err
	}
	if about.Size() == 0 || about.Size() > singleUploadBytes {
		return nil, invalid("%s is empty, or too large for one request", name)
	}
	body := contract.StartUploadRequest{Purpose: purpose, FileName: name, FileType: fileType}
	for tries := 0; ; tries++ {
		id, address, err := b.startUpload(ctx, body)
		if err != nil {
			return nil, err
		}
		if address == "" {
			return b.Retrieve(ctx, id)
		}
		timeout := b.timeout + time.Duration(about.Size()/uploadPace)*time.Second
		reply, _, err := b.attempt(ctx, "upload", timeout, func(ctx context.Context) (*http.Response, error) {
			return b.put(ctx, address, path, about.Size())
		})
		if err != nil {
			return nil, err
		}
		if slices.Contains(presignedRefused, reply.Status) && tries < b.maxRetries {
			continue
		}
		if !reply.ok() {
			// The words of storage may quote what was signed.
			return nil, statusError("upload: storage", reply.Status, nil)
		}
		if now, err := regular(path); err != nil || now.Size() != about.Size() || now.ModTime() != about.ModTime() {
			return nil, &Error{Kind: "reply", Message: name + " changed while it was sent"}
		}
		return b.preprocess(ctx, id, about.Size())
	}
}

// startUpload is the id of the new file and where to send its bytes; nowhere when the service has them already.
func (b *Batches) startUpload(ctx context.Context, body contract.StartUploadRequest) (id, address string, err error) {
	reply, _, err := b.attempt(ctx, "upload", b.timeout, func(ctx context.Context) (*http.Response, error) {
		return b.api.StartUploadWithFormdataBody(ctx, body)
	})
	if err != nil {
		return "", "", err
	}
	if reply.Status == 409 {
		if known := take[string](decoded(reply.Body), "file_id"); known != nil {
			return *known, "", nil
		}
	}
	if reply.Status != 302 {
		if !reply.ok() {
			return "", "", statusError("upload", reply.Status, reply.Body)
		}
		return "", "", badReply("upload", reply, "no place to send the bytes to")
	}
	id, location := reply.Header.Get("X-Together-File-Id"), reply.Header.Get("Location")
	if id == "" || location == "" {
		return "", "", badReply("upload", reply, "a redirect without Location or X-Together-File-Id")
	}
	base, err := url.Parse(b.baseURL + "/files")
	if err != nil {
		return "", "", err
	}
	// Refused: other schemes, a step down from https, a user name.
	target, err := base.Parse(location)
	if err != nil || target.Hostname() == "" || target.User != nil ||
		(target.Scheme != "https" && (target.Scheme != "http" || base.Scheme != "http")) {
		return "", "", badReply("upload", reply, "an unusable address")
	}
	return id, target.String(), nil
}

// put sends the bytes without the key, and without a Content-Type that was not signed.
func (b *Batches) put(ctx context.Context, address, path string, size int64) (*http.Response, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, address, file) // closed by the transport
	if err != nil {
		file.Close()
		return nil, err
	}
	request.ContentLength = size
	return b.http.Do(request)
}

func (b *Batches) preprocess(ctx context.Context, id string, size int64) (*StoredFile, error) {
	if err := checkID(id); err != nil {
		return nil, err
	}
	reply, _, err := b.attempt(ctx, "upload", b.timeout, func(ctx context.Context) (*http.Response, error) {
		return b.api.PreprocessFile(ctx, id)
	})
	if err != nil {
		return nil, err
	}
	file, err := bareFile("upload", reply)
	if err == nil && file.Bytes != nil && *file.Bytes != size {
		return nil, badReply("upload", reply, "the service holds another number of bytes")
	}
	return file, err
}
