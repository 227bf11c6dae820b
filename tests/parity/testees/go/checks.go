package main

import (
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

func checkID(id string) error {
	if id == "" || id == "." || id == ".." || !utf8.ValidString(id) {
		return invalid("%q is not an id", id)
	}
	return nil
}

func checkedBaseURL(text string) (string, error) {
	text = strings.TrimSpace(text)
	base, err := url.Parse(text)
	if err != nil || (base.Scheme != "http" && base.Scheme != "https") || base.Hostname() == "" || base.User != nil ||
		strings.ContainsAny(text, "?# \t\n") {
		return "", invalid("the base URL is not one of http or https")
	}
	text = strings.TrimRight(text, "/")
	if !strings.HasSuffix(text, "/v1") {
		text += "/v1"
	}
	return text, nil
}

var errNotRegular = errors.New("not a regular file")

// regular is what is known of a file that can be sent again from its beginning.
func regular(path string) (fs.FileInfo, error) {
	about, err := os.Stat(path)
	if err == nil && !about.Mode().IsRegular() {
		err = errNotRegular
	}
	if err != nil {
		return nil, invalid("%s: %v", filepath.Base(path), err)
	}
	return about, nil
}
