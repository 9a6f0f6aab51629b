package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/metric-streams/anomaly/dataset"
)

// expand returns the files that a value of -in names: itself, or those that match it where it is
// a pattern and no file is called so.
func expand(value string) ([]string, error) {
	if value == "" {
		return nil, errors.New("the name is empty")
	}
	if _, err := os.Stat(value); err == nil || !strings.ContainsAny(value, "*?[") {
		return []string{value}, nil
	}
	files, err := filepath.Glob(value)
	if err != nil || len(files) == 0 {
		return nil, errors.New("no file matches")
	}
	return files, nil
}

// checkFiles refuses files that are named twice, and standard input beside others.
func checkFiles(files []string) error {
	for k, f := range files {
		if f == "-" && len(files) > 1 {
			return errors.New("-in - does not go with other files")
		}
		if slices.Contains(files[:k], f) {
			return fmt.Errorf("-in names %s twice", f)
		}
	}
	return nil
}

// readFiles reads the recordings of one host, each with a note of its own file.
func readFiles(files []string, opt dataset.CSVOptions) (*dataset.Table, error) {
	tables := make([]*dataset.Table, len(files))
	var notes []string
	for k, f := range files {
		t, err := dataset.ReadCSVFile(f, opt)
		if err != nil {
			return nil, err
		}
		for _, note := range t.Notes {
			notes = append(notes, filepath.Base(f)+": "+note)
		}
		tables[k] = t
	}
	if len(tables) == 1 {
		return tables[0], nil
	}
	all, err := dataset.Concat(tables...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", strings.Join(files, ", "), err)
	}
	all.Notes = notes
	return all, nil
}

// named names several files in a heading.
func named(files []string) string {
	if len(files) == 1 {
		return files[0]
	}
	return fmt.Sprintf("%s and %s", files[0], counted(len(files)-1, "more file"))
}
