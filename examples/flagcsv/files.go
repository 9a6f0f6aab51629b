package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
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
		t, err := readFile(f, opt)
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

func readFile(path string, opt dataset.CSVOptions) (*dataset.Table, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readFrom(f, path, opt)
}

// readFrom reads CSV, or the JSON of Prometheus and VictoriaMetrics, as the content says.
func readFrom(r io.Reader, name string, opt dataset.CSVOptions) (*dataset.Table, error) {
	br := bufio.NewReaderSize(r, 64<<10)
	if isJSON(br) {
		t, err := readJSON(br, opt)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return t, nil
	}
	t, err := dataset.ReadCSV(br, opt)
	if e := (*dataset.CSVError)(nil); errors.As(err, &e) {
		e.File = name
	}
	return t, err
}

// isJSON reports whether the text, plain or gzip'd, begins as a JSON object does. CSV does not.
func isJSON(r *bufio.Reader) bool {
	head, _ := r.Peek(4 << 10)
	if zr, err := gzip.NewReader(bytes.NewReader(head)); err == nil {
		plain := make([]byte, 64)
		n, _ := io.ReadFull(zr, plain)
		head = plain[:n]
	}
	return bytes.HasPrefix(bytes.TrimLeft(head, " \t\r\n"), []byte("{"))
}

// readJSON reads series; of the options only the columns mean something to them.
func readJSON(r io.Reader, opt dataset.CSVOptions) (*dataset.Table, error) {
	if err := checkJSON(opt); err != nil {
		return nil, err
	}
	t, err := dataset.ReadPrometheus(r)
	if err != nil || len(opt.Columns) == 0 {
		return t, err
	}
	return t.Select(opt.Columns...)
}

// checkJSON refuses options that would change values.
func checkJSON(opt dataset.CSVOptions) error {
	for _, f := range []struct {
		name  string
		given bool
	}{{"counters", len(opt.Counters) > 0}, {"scale", len(opt.Scale) > 0}, {"sentinels", len(opt.Sentinels)+len(opt.ColumnSentinels) > 0}, {"missing", len(opt.Missing) > 0}} {
		if f.given {
			return fmt.Errorf("-%s does not go with JSON: let the query do it, as with rate(…)", f.name)
		}
	}
	return nil
}

// named names several files in a heading.
func named(files []string) string {
	if len(files) == 1 {
		return files[0]
	}
	return fmt.Sprintf("%s and %s", files[0], counted(len(files)-1, "more file"))
}
