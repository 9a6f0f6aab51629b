package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/common/model"
)

// streams are those that are known, and how far the source that is asked has been read. They are
// kept in a file. Where the file is older than what the Monitor knows, samples come again, and
// the Monitor drops them.
type streams struct {
	path string
	by   []model.LabelName

	mu     sync.Mutex
	kept   kept
	byText map[string]*seen // by the values of their labels
}

// kept is what is in the file.
type kept struct {
	Until   time.Time        `json:"until"` // of the last step of sources.prometheus that was taken
	Streams map[string]*seen `json:"streams"`
}

// seen is what is known of a stream beside its samples.
type seen struct {
	Labels []string  `json:"labels"` // values of the labels that name it
	Last   time.Time `json:"last"`   // sample

	name string
}

func openStreams(path string, by []string) (*streams, error) {
	s := &streams{path: path, byText: map[string]*seen{}}
	for _, l := range by {
		s.by = append(s.by, model.LabelName(l))
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		s.kept.Streams = map[string]*seen{}
		return s, os.MkdirAll(filepath.Dir(path), 0o700)
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &s.kept); err != nil || s.kept.Streams == nil {
		slog.Warn("the list of streams is damaged and begins anew; the lookback is read again", "file", path, "err", err)
		s.kept = kept{Streams: map[string]*seen{}}
	}
	for name, one := range s.kept.Streams {
		if len(one.Labels) != len(by) || s.name(one.Labels) != name { // by was another one
			delete(s.kept.Streams, name)
			continue
		}
		one.name = name
		s.byText[joined(one.Labels)] = one
	}
	return s, nil
}

// joined makes a key of the values of labels.
func joined(labels []string) string {
	if len(labels) == 1 {
		return labels[0]
	}
	var b strings.Builder
	for _, l := range labels {
		b.WriteString(strconv.Itoa(len(l)))
		b.WriteByte(':')
		b.WriteString(l)
	}
	return b.String()
}

// name returns the name of a stream.
func (s *streams) name(labels []string) string {
	m := model.Metric{}
	for i, l := range s.by {
		m[l] = model.LabelValue(labels[i])
	}
	return m.String()
}

// get returns the stream with these labels. It makes one where there are less than most; nil
// where there are not.
func (s *streams) get(labels []string, most int) (one *seen, isNew bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := joined(labels)
	if one := s.byText[key]; one != nil || len(s.byText) >= most {
		return one, false
	}
	one = &seen{Labels: labels, name: s.name(labels)}
	s.byText[key] = one
	s.kept.Streams[one.name] = one
	return one, true
}

// took notes the time of a stream's last sample.
func (s *streams) took(one *seen, t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.After(one.Last) {
		one.Last = t
	}
}

// gone returns the streams whose last sample is that old.
func (s *streams) gone(before time.Time) (out []*seen) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.kept.Streams {
		if one.Last.Before(before) {
			out = append(out, one)
		}
	}
	return out
}

func (s *streams) remove(one *seen) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.kept.Streams, one.name)
	delete(s.byText, joined(one.Labels))
}

// all returns the labels of all streams by their names.
func (s *streams) all() map[string][]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string][]string{}
	for name, one := range s.kept.Streams {
		out[name] = one.Labels
	}
	return out
}

func (s *streams) until() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kept.Until
}

func (s *streams) setUntil(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept.Until = t
}

func (s *streams) save() error {
	s.mu.Lock()
	text, err := json.Marshal(s.kept)
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return replaceFile(s.path, text)
}

// replaceFile writes a file, all or nothing.
func replaceFile(path string, text []byte) error {
	if err := os.WriteFile(path+".tmp", text, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".tmp", path)
}
