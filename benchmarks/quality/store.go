package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// store is the results file: one JSON line a run, appended as runs end, so a
// run that was cut short goes on where it stopped.
type store struct {
	file *os.File
	done map[key]result
}

type key struct {
	job
	protocol string
}

// openStore reads what is there. A last line that was cut off is dropped.
func openStore(path string) (*store, error) {
	s := &store{done: map[key]result{}}
	end, err := s.read(path)
	if err != nil {
		return nil, err
	}
	if s.file, err = os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o666); err != nil {
		return nil, err
	}
	if err := s.file.Truncate(end); err != nil {
		return nil, errors.Join(err, s.file.Close())
	}
	if _, err := s.file.Seek(end, 0); err != nil {
		return nil, errors.Join(err, s.file.Close())
	}
	return s, nil
}

// read loads the complete lines and returns where the last of them ends.
func (s *store) read(path string) (int64, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	} else if err != nil {
		return 0, err
	}
	defer file.Close()
	var end int64
	in := bufio.NewReader(file)
	for number := 1; ; number++ {
		line, err := in.ReadBytes('\n')
		if err != nil { // the end, or a line without one
			return end, nil
		}
		var r result
		if err := json.Unmarshal(line, &r); err != nil {
			return 0, fmt.Errorf("%s, line %d: %w", path, number, err)
		}
		s.done[key{r.job, r.Protocol}] = r
		end += int64(len(line))
	}
}

// add appends a result.
func (s *store) add(r result) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	s.done[key{r.job, r.Protocol}] = r
	_, err = s.file.Write(append(line, '\n'))
	return err
}

func (s *store) close() error { return s.file.Close() }
