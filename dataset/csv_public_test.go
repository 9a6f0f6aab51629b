package dataset

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Real exports and public sets are not part of the repository.
func TestReadCSVPublicData(t *testing.T) {
	root := os.Getenv("ANOMALY_DATA")
	if root == "" {
		t.Skip("ANOMALY_DATA does not name a folder of public data sets")
	}
	for _, pattern := range []string{"exports/*.csv", "alibaba/*.gz", "bitbrains/*.gz", "nab/*.gz", "adbench/*.gz", "asd/*_test.csv.gz", "paper/thyroid.csv.gz"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		for _, path := range files {
			table, err := ReadCSVFile(path, CSVOptions{})
			require.NoError(t, err)
			requireSound(t, table)
		}
	}
}
