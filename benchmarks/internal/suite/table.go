package suite

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/metric-streams/anomaly/dataset"
)

// readTable reads dir/name.csv.gz or dir/name.csv, whichever exists: numbers
// and a column "label". Named columns are read alone, otherwise all are.
func readTable(dir, name string, columns ...string) (*dataset.Table, error) {
	return readAs(dir, name, dataset.CSVOptions{Columns: columns, Time: dataset.None})
}

// readAs reads the same files with other options. The label is always the column "label".
func readAs(dir, name string, opt dataset.CSVOptions) (*dataset.Table, error) {
	path, err := locate(dir, name)
	if err != nil {
		return nil, err
	}
	opt.Label = "label"
	return dataset.ReadCSVFile(path, opt)
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
