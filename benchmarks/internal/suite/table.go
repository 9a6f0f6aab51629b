// Package suite loads the data of the quality benchmark and splits it as each
// protocol demands.
package suite

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/mat"
)

// table is a file of numbers with an optional last column "label".
type table struct {
	columns []string
	x       *mat.Dense
	labels  []bool // nil without a label column
}

// locate returns the path of name with the extension .csv.gz or .csv,
// whichever exists.
func locate(dir, name string) (string, error) {
	for _, ext := range []string{".csv.gz", ".csv"} {
		path := filepath.Join(dir, filepath.FromSlash(name)+ext)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("suite: %s: neither %s.csv.gz nor %s.csv: %w", dir, name, name, fs.ErrNotExist)
}

// readTable reads a file of the form that README.md describes.
func readTable(dir, name string) (*table, error) {
	path, err := locate(dir, name)
	if err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	in := bufio.NewReaderSize(file, 1<<16)
	var r io.Reader = in
	if magic, _ := in.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("suite: %s: %w", path, err)
		}
		defer z.Close()
		r = z
	}
	t, err := parseTable(r)
	if err != nil {
		return nil, fmt.Errorf("suite: %s: %w", path, err)
	}
	return t, nil
}

func parseTable(r io.Reader) (*table, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	if !lines.Scan() {
		return nil, errors.Join(errors.New("no header"), lines.Err())
	}
	t := &table{columns: strings.Split(strings.TrimSpace(lines.Text()), ",")}
	width := len(t.columns)
	labelled := t.columns[width-1] == "label"
	if labelled {
		t.columns = t.columns[:width-1]
	}
	var values []float64
	rows := 0
	for lines.Scan() {
		rest := strings.TrimSpace(lines.Text())
		for j := range width {
			field, tail, more := strings.Cut(rest, ",")
			v, err := strconv.ParseFloat(field, 64)
			if err != nil || more != (j < width-1) {
				return nil, fmt.Errorf("line %d: field %d of %d: %q", rows+2, j+1, width, field)
			}
			if rest = tail; labelled && j == width-1 {
				t.labels = append(t.labels, v != 0)
			} else {
				values = append(values, v)
			}
		}
		rows++
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if rows == 0 || len(t.columns) == 0 {
		return nil, fmt.Errorf("%d rows, %d columns", rows, len(t.columns))
	}
	t.x = mat.NewDense(rows, len(t.columns), values)
	return t, nil
}
