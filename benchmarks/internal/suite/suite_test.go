package suite

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

// write puts a file below dir, compressed where its name says so.
func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
	var b bytes.Buffer
	if strings.HasSuffix(name, ".gz") {
		z := gzip.NewWriter(&b)
		_, err := z.Write([]byte(text))
		require.NoError(t, err)
		require.NoError(t, z.Close())
	} else {
		b.WriteString(text)
	}
	require.NoError(t, os.WriteFile(path, b.Bytes(), 0o666))
}

func TestLoadSeries(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "asd/b_train.csv.gz", "m0,m1,label\n1,2,0\n3,4,0\n")
	write(t, dir, "asd/b_test.csv.gz", "m0,m1,label\n5,6e2,1\n")
	write(t, dir, "asd/a_train.csv", "m0,label\n1,0\n")
	found, err := Machines(dir, "asd")
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b"}, found)
	s, err := LoadSeries(dir, "asd", "b")
	require.NoError(t, err)
	require.Equal(t, []string{"m0", "m1"}, s.Columns)
	require.Equal(t, []float64{1, 2, 3, 4}, s.Train.RawMatrix().Data)
	require.Equal(t, []float64{5, 600}, s.Test.RawMatrix().Data)
	require.Equal(t, []bool{true}, s.Labels)
	require.Equal(t, 288., s.PerDay)
	_, err = LoadSeries(dir, "asd", "a")
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestBadFilesSayWhere(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		"a,label\n1,0\n2,maybe\n": "line 3",
		"a,b\n1,0\n":              "label",
		"":                        "x.csv",
	} {
		write(t, dir, "adbench/x.csv", text)
		_, err := loadTabular(dir, "tabular", "x")
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, "x.csv")
	}
}

// arrhythmia is a table of the shape of the paper's fourth set: 452 rows, 274
// columns in raw units of which 17 are constant, 66 anomalies.
func arrhythmia(t *testing.T, dir string) {
	rng := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	for j := range 274 {
		fmt.Fprintf(&b, "x%d,", j)
	}
	b.WriteString("label\n")
	for i := range 452 {
		anomalous := i%6 == 3 && i/6 < 66
		for j := range 274 {
			switch {
			case j%16 == 5 && j/16 < 17:
				b.WriteString("0,")
			case anomalous && j%3 == 0:
				fmt.Fprintf(&b, "%.6g,", 80+25*rng.NormFloat64())
			default:
				fmt.Fprintf(&b, "%.6g,", 40+float64(1+j%50)*rng.NormFloat64())
			}
		}
		fmt.Fprintln(&b, map[bool]int{true: 1}[anomalous])
	}
	write(t, dir, "paper/arrhythmia.csv.gz", b.String())
}

func TestPaperSets(t *testing.T) {
	dir := t.TempDir()
	_, err := tabularNames(dir, "paper")
	require.Error(t, err)
	arrhythmia(t, dir)
	write(t, dir, "paper/kddcup99_10pct_onehot.csv.gz", "c0,label\n10,1\n11,0\n12,0\n13,1\n")
	write(t, dir, "paper/kddcup99_rev_rows.csv.gz", "row,label\n0,0\n2,1\n3,0\n")
	names, err := tabularNames(dir, "paper")
	require.NoError(t, err)
	require.Equal(t, []string{"kddcup", "kddcup-rev", "arrhythmia"}, names)

	rev, err := loadTabular(dir, "paper", "kddcup-rev")
	require.NoError(t, err)
	require.Equal(t, []float64{10, 12, 13}, rev.X.RawMatrix().Data)
	require.Equal(t, []bool{false, true, false}, rev.Labels)
	write(t, dir, "paper/kddcup99_rev_rows.csv.gz", "row,label\n4,0\n")
	_, err = loadTabular(dir, "paper", "kddcup-rev")
	require.ErrorContains(t, err, "row 4 of 4")

	arr, err := loadTabular(dir, "paper", "arrhythmia")
	require.NoError(t, err)
	rows, columns := arr.X.Dims()
	require.Equal(t, [2]int{452, 274}, [2]int{rows, columns})
	constant := 0
	for j := range columns {
		if c := mat.Col(nil, j, arr.X); mat.Max(mat.NewVecDense(rows, c)) == mat.Min(mat.NewVecDense(rows, c)) {
			constant++
		}
	}
	require.Equal(t, 17, constant)
	require.Equal(t, 66./452, arr.Share())
}

func labelled(n, every int) *Tabular {
	t := &Tabular{Name: "made", X: mat.NewDense(n, 1, nil), Labels: make([]bool, n)}
	for i := range n {
		t.X.Set(i, 0, float64(i))
		t.Labels[i] = i%every == 0
	}
	return t
}

func TestHalve(t *testing.T) {
	set := labelled(1000, 10)
	s, err := set.Halve(1, 0)
	require.NoError(t, err)
	train, _ := s.Train.Dims()
	test, _ := s.Test.Dims()
	require.Equal(t, 500, test)
	require.Equal(t, .1, s.Share)
	require.Zero(t, s.Contamination)
	seen := map[float64]bool{}
	anomalies := 0
	for i := range test {
		row := s.Test.At(i, 0)
		seen[row] = true
		require.Equal(t, int(row)%10 == 0, s.Labels[i])
		if s.Labels[i] {
			anomalies++
		}
	}
	for i := range train {
		row := s.Train.At(i, 0)
		require.NotZero(t, int(row)%10, "an anomalous row was trained on")
		require.False(t, seen[row], "a test row was trained on")
	}
	require.Equal(t, 500-(100-anomalies), train, "the first half without its anomalies")

	again, err := set.Halve(1, 0)
	require.NoError(t, err)
	require.Equal(t, s, again)
	other, err := set.Halve(2, 0)
	require.NoError(t, err)
	require.NotEqual(t, s.Labels, other.Labels)
}

func TestHalveContaminates(t *testing.T) {
	set := labelled(1000, 10)
	for _, want := range []float64{.01, .05} {
		s, err := set.Halve(3, want)
		require.NoError(t, err)
		n, _ := s.Train.Dims()
		dirty := 0
		for i := range n {
			if int(s.Train.At(i, 0))%10 == 0 {
				dirty++
			}
		}
		require.Equal(t, s.Contamination, float64(dirty)/float64(n))
		require.InDelta(t, want, s.Contamination, 2e-3)
	}
	all, err := set.Halve(3, .9)
	require.NoError(t, err)
	require.InDelta(t, .1, all.Contamination, .03, "no more anomalies than the half has")
	_, err = set.Halve(3, 1)
	require.Error(t, err)
}
