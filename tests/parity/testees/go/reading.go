package main

import (
	"encoding/json"
)

func object(doing string, reply *Reply) (fields, error) {
	if !reply.ok() {
		return nil, statusError(doing, reply.Status, reply.Body)
	}
	var answer fields
	if json.Unmarshal(reply.Body, &answer) != nil || answer == nil {
		return nil, badReply(doing, reply, "no JSON object")
	}
	return answer, nil
}

// bareJob reads a job that is documented bare, and stands under "job" in some sources.
func bareJob(doing string, reply *Reply) (*Job, error) {
	answer, err := object(doing, reply)
	if err != nil {
		return nil, err
	}
	raw := json.RawMessage(reply.Body)
	if under, there := answer["job"]; there {
		raw = under
	}
	job, there := readJob(raw, nil)
	if !there {
		return nil, badReply(doing, reply, "a job without an id")
	}
	return job, nil
}

func bareFile(doing string, reply *Reply) (*StoredFile, error) {
	if _, err := object(doing, reply); err != nil {
		return nil, err
	}
	file, there := readFile(reply.Body)
	if !there {
		return nil, badReply(doing, reply, "a file without an id")
	}
	return file, nil
}

func decoded(body []byte) fields {
	var answer fields
	if json.Unmarshal(body, &answer) != nil {
		return nil
	}
	return answer
}
