package main

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// Job is a batch job as the service last described it; only ID is always there.
type Job struct {
	ID            string  `json:"id"`
	UserID        *string `json:"user_id"`
	InputFileID   *string `json:"input_file_id"`
	FileSizeBytes *int64  `json:"file_size_bytes"`
	// Status is one of contract.BatchJobStatus, or what this version does not know.
	Status       *string `json:"status"`
	JobDeadline  *Moment `json:"job_deadline"`
	CreatedAt    *Moment `json:"created_at"`
	Endpoint     *string `json:"endpoint"`
	Progress     float64 `json:"progress"`
	ModelID      *string `json:"model_id"`
	OutputFileID *string `json:"output_file_id"`
	ErrorFileID  *string `json:"error_file_id"`
	Error        *string `json:"error"`
	CompletedAt  *Moment `json:"completed_at"`
	Warning      *string `json:"warning"`
}

// StoredFile is a file that the service holds; only ID is always there. CreatedAt is in seconds since 1970.
type StoredFile struct {
	ID        string   `json:"id"`
	Filename  *string  `json:"filename"`
	Bytes     *int64   `json:"bytes"`
	Purpose   *string  `json:"purpose"`
	CreatedAt *float64 `json:"created_at"`
	Object    *string  `json:"object"`
	FileType  *string  `json:"file_type"`
	Processed *bool    `json:"processed"`
	LineCount *int64   `json:"line_count"`
}

// Deleted is the service's word that a file is gone.
type Deleted struct {
	ID      string `json:"id"`
	Deleted bool   `json:"deleted"`
}

// fields is a JSON object whose members are looked at before they are believed: the generated types would refuse a
// whole job for one time that is written another way.
type fields map[string]json.RawMessage

// take is a member, or nil where it is absent, null or of another type.
func take[T any](sent fields, name string) *T {
	var value *T
	if json.Unmarshal(sent[name], &value) != nil {
		return nil
	}
	return value
}

// identity is the id of an object; ids are opaque, so that a whole number is one as good as any.
func identity(sent fields) (string, bool) {
	if text := take[string](sent, "id"); text != nil {
		return *text, *text != ""
	}
	if number := take[json.Number](sent, "id"); number != nil {
		_, err := strconv.ParseInt(number.String(), 10, 64)
		return number.String(), err == nil
	}
	return "", false
}

// readJob is the job that a reply describes; false where it has no id.
func readJob(raw json.RawMessage, warning *string) (*Job, bool) {
	var sent fields
	if json.Unmarshal(raw, &sent) != nil {
		return nil, false
	}
	id, there := identity(sent)
	job := &Job{
		ID:            id,
		UserID:        take[string](sent, "user_id"),
		InputFileID:   take[string](sent, "input_file_id"),
		FileSizeBytes: take[int64](sent, "file_size_bytes"),
		Status:        take[string](sent, "status"),
		JobDeadline:   take[Moment](sent, "job_deadline"),
		CreatedAt:     take[Moment](sent, "created_at"),
		Endpoint:      take[string](sent, "endpoint"),
		ModelID:       take[string](sent, "model_id"),
		OutputFileID:  take[string](sent, "output_file_id"),
		ErrorFileID:   take[string](sent, "error_file_id"),
		Error:         take[string](sent, "error"),
		CompletedAt:   take[Moment](sent, "completed_at"),
		Warning:       warning,
	}
	if progress := take[float64](sent, "progress"); progress != nil {
		job.Progress = *progress
	}
	return job, there
}

// readFile is the file that a reply describes; false where it has no id.
func readFile(raw json.RawMessage) (*StoredFile, bool) {
	var sent fields
	if json.Unmarshal(raw, &sent) != nil {
		return nil, false
	}
	id, there := identity(sent)
	return &StoredFile{
		ID:        id,
		Filename:  take[string](sent, "filename"),
		Bytes:     take[int64](sent, "bytes"),
		Purpose:   take[string](sent, "purpose"),
		CreatedAt: take[float64](sent, "created_at"),
		Object:    take[string](sent, "object"),
		FileType:  take[string](sent, "FileType"),
		Processed: take[bool](sent, "Processed"),
		LineCount: take[int64](sent, "LineCount"),
	}, there
}

// Moment is a time, read from any of the common forms of ISO 8601 and written in UTC with microseconds.
type Moment struct{ time.Time }

var dates = []string{"2006-01-02", "20060102"}
var clocks = []string{"T15:04:05", "T15:04", "T150405", "T1504", ""}
var zones = []string{"Z07:00", "Z0700", "Z07", ""}

// UnmarshalJSON reads a time; one without an offset is in UTC.
func (m *Moment) UnmarshalJSON(data []byte) error {
	var text string
	err := json.Unmarshal(data, &text)
	if err != nil {
		return err
	}
	text = strings.Replace(strings.ToUpper(strings.TrimSpace(text)), " ", "T", 1)
	for _, date := range dates {
		for _, clock := range clocks {
			for _, zone := range zones {
				// Fractions of any length are read whatever the layout says.
				if m.Time, err = time.Parse(date+clock+zone, text); err == nil {
					return nil
				}
			}
		}
	}
	return err
}

// MarshalJSON writes RFC 3339 in UTC with microseconds.
func (m Moment) MarshalJSON() ([]byte, error) {
	return json.Marshal(m.UTC().Format("2006-01-02T15:04:05.000000Z"))
}
