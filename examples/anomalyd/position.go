package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"
)

// position is how far the source has been read, and which streams it has had. It is kept in a
// file. Where the file is older than what the Monitor knows, samples come again, and the Monitor
// drops them.
type position struct {
	path    string
	Until   time.Time        `json:"until"` // of the last step that was taken
	Streams map[string]*seen `json:"streams"`
}

// seen is what is known of a stream beside its samples.
type seen struct {
	Labels []string  `json:"labels"` // values of the labels that name it
	Last   time.Time `json:"last"`   // sample
}

func openPosition(path string) (*position, error) {
	p := &position{path: path, Streams: map[string]*seen{}}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return p, os.MkdirAll(filepath.Dir(path), 0o700)
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, p); err != nil || p.Streams == nil {
		slog.Warn("the position is damaged; reading the lookback again", "file", path, "err", err)
		return &position{path: path, Streams: map[string]*seen{}}, nil
	}
	return p, nil
}

func (p *position) save() error {
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return replaceFile(p.path, text)
}

// replaceFile writes a file, all or nothing.
func replaceFile(path string, text []byte) error {
	if err := os.WriteFile(path+".tmp", text, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".tmp", path)
}
