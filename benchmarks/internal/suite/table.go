package suite

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/metric-streams/anomaly/dataset"
)

// readOwn reads a table of a folder that is not one of the known suites: like readTable, but
// a column of times is found and left out.
func readOwn(dir, name string) (*dataset.Table, error) {
	path, err := locate(dir, name)
	if err != nil {
		return nil, err
	}
	return dataset.ReadCSVFile(path, dataset.CSVOptions{Label: "label"})
}

// readTable reads dir/name.csv.gz or dir/name.csv, whichever exists: numbers
// and a column "label". Named columns are read alone, otherwise all are.
func readTable(dir, name string, columns ...string) (*dataset.Table, error) {
	path, err := locate(dir, name)
	if err != nil {
		return nil, err
	}
	return dataset.ReadCSVFile(path, dataset.CSVOptions{Columns: columns, Time: dataset.None, Label: "label"})
}

func locate(dir, name string) (string, error) {
	for _, ext := range []string{".csv.gz", ".csv"} {
		path := filepath.Join(dir, name+ext)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("suite: %s: neither %s.csv.gz nor %s.csv: %w", dir, name, name, fs.ErrNotExist)
}
