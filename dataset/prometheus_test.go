package dataset

import (
	"bytes"
	"compress/gzip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const queryRange = `{"status":"success","data":{"resultType":"matrix","result":[
{"metric":{"__name__":"cpu","instance":"a","job":"node"},"values":[[1700000000,"1"],[1700000060,"2.5"],[1700000120,"NaN"]]},
{"metric":{"__name__":"cpu","instance":"b","job":"node"},"values":[[1700000060,"7"],[1700000120,"8"]]},
{"metric":{"__name__":"mem","instance":"a","job":"node"},"values":[[1700000000.5,"1e9"],[1700000060.5,"2e9"],[1700000120.5,"3e9"],[1700000180.5,"4e9"]]}]}}`

func TestReadQueryRange(t *testing.T) {
	got, err := ReadPrometheus(strings.NewReader(queryRange))
	require.NoError(t, err)
	require.Equal(t, []string{`cpu{instance="a"}`, `cpu{instance="b"}`, `mem{instance="a"}`}, got.Columns, "what all series share is no part of a name")
	want := [][]float64{{1, nan, 1e9}, {2.5, 7, 2e9}, {nan, 8, 3e9}, {nan, nan, 4e9}}
	rows, _ := got.X.Dims()
	require.Equal(t, len(want), rows)
	for i, row := range want {
		for j, v := range row {
			require.True(t, v == got.X.At(i, j) || v != v && got.X.At(i, j) != got.X.At(i, j), "row %d, column %d: %g", i, j, got.X.At(i, j))
		}
	}
	require.Equal(t, "2023-11-14T22:14:20Z", got.Times[1].Format("2006-01-02T15:04:05Z07:00"))

	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, err = w.Write([]byte(queryRange))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	again, err := ReadPrometheus(&zipped)
	require.NoError(t, err)
	require.Equal(t, got.Times, again.Times)
}

// Each host's series are a table, whose columns have the same names whatever host they are of.
func TestPrometheusHosts(t *testing.T) {
	const export = `{"metric":{"__name__":"io","instance":"a","zone":"x","device":"sda"},"values":[1,2],"timestamps":[1700000000000,1700000060000]}
{"metric":{"__name__":"io","instance":"b","zone":"y","device":"sda"},"values":[5,6,7],"timestamps":[1700000000000,1700000060000,1700000120000]}
{"metric":{"__name__":"io","instance":"a","zone":"x","device":"sdb"},"values":[3,4],"timestamps":[1700000000000,1700000060000]}
{"metric":{"__name__":"io","instance":"c","zone":"y","device":"sda"},"values":[],"timestamps":[]}
{"metric":{"__name__":"up"},"values":[1],"timestamps":[1700000000000]}
`
	got, err := ReadPrometheusRecordings(strings.NewReader(export), "instance")
	require.NoError(t, err)
	require.Len(t, got.Each, 4)
	a, b := got.Each[0], got.Each[1]
	require.Equal(t, "a", a.Key)
	require.Equal(t, []string{`io{device="sda"}`, `io{device="sdb"}`}, a.Table.Columns)
	require.Equal(t, []float64{1, 3, 2, 4}, a.Table.X.RawMatrix().Data)
	require.Equal(t, "b", b.Key)
	require.Equal(t, []string{`io{device="sda"}`}, b.Table.Columns)
	require.Equal(t, []float64{5, 6, 7}, b.Table.X.RawMatrix().Data)
	require.ErrorIs(t, got.Each[2].Err, ErrNoRows)
	require.Equal(t, "", got.Each[3].Key)
	require.Equal(t, []string{"up"}, got.Each[3].Table.Columns)

	_, err = ReadPrometheusRecordings(strings.NewReader(export), "host")
	require.ErrorIs(t, err, ErrNoColumn)
	require.ErrorContains(t, err, `Key: no series has a label "host"; they have "device", "instance", "zone"`)

	one, err := ReadPrometheus(strings.NewReader(queryRange))
	require.NoError(t, err)
	require.Contains(t, strings.Join(one.Notes, "\n"), `the label "instance" names 2 hosts, whose series are columns of one table: give Key "instance" to read each host by itself`)
}

// Series that are scraped seven seconds apart make complete rows.
func TestReadExport(t *testing.T) {
	got, err := ReadPrometheus(strings.NewReader(`{"metric":{"__name__":"up","job":"x"},"values":[1,0,null],"timestamps":[1700000000000,1700000060000,1700000120000]}
{"metric":{"__name__":"load","job":"x"},"values":[0.5,0.6,0.7],"timestamps":[1700000007000,1700000067000,1700000127000]}
`))
	require.NoError(t, err)
	require.Equal(t, []string{"up", "load"}, got.Columns)
	require.Equal(t, []float64{1, .5, 0, .6}, got.X.RawMatrix().Data[:4])
	require.Len(t, got.Times, 3)
}

func TestTwoSamplesAtATime(t *testing.T) {
	got, err := ReadPrometheus(strings.NewReader(`{"metric":{},"values":[1,2,3],"timestamps":[1,1,2]}`))
	require.NoError(t, err)
	require.Equal(t, []float64{2, 3}, got.X.RawMatrix().Data)
	require.Equal(t, []string{"value"}, got.Columns)
}

func TestBadPrometheusJSON(t *testing.T) {
	for text, want := range map[string]error{
		``:                                     ErrJSON,
		`{`:                                    ErrJSON,
		`[]`:                                   ErrJSON,
		`{"a":1}`:                              ErrJSON,
		`{"status":"error","error":"timeout"}`: ErrJSON,
		`{"status":"success","data":{"resultType":"vector","result":[]}}`:                                                    ErrJSON,
		`{"status":"success","data":{"resultType":"matrix","result":[]}}`:                                                    ErrNoRows,
		`{"metric":{"__name__":"a"},"values":[1],"timestamps":[]}`:                                                           ErrJSON,
		`{"metric":{"__name__":"a"},"values":[1,2],"timestamps":[2,1]}`:                                                      ErrJSON,
		`{"metric":{"__name__":"a"},"values":[1],"timestamps":[99999999999999]}`:                                             ErrJSON,
		`{"metric":{"__name__":"a"},"values":["x"],"timestamps":[1]}`:                                                        ErrNotNumber,
		`{"metric":{"__name__":"a"},"values":["+Inf"],"timestamps":[1]}`:                                                     ErrInfinite,
		`{"metric":{"__name__":"a"},"values":[1],"timestamps":[1]}{"metric":{"__name__":"a"},"values":[1],"timestamps":[1]}`: ErrJSON,
		`{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1700000000]]}]}}`:               ErrJSON,
	} {
		_, err := ReadPrometheus(strings.NewReader(text))
		require.ErrorIs(t, err, want, text)
	}
}

func FuzzReadPrometheus(f *testing.F) {
	f.Add([]byte(queryRange))
	f.Add([]byte(`{"metric":{"__name__":"up"},"values":[1,0],"timestamps":[1700000000000,1700000060000]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := ReadPrometheus(bytes.NewReader(text))
		if err != nil {
			return
		}
		rows, columns := got.X.Dims()
		require.Equal(t, rows, len(got.Times))
		require.Equal(t, columns, len(got.Columns))
		for i := 1; i < rows; i++ {
			require.True(t, got.Times[i].After(got.Times[i-1]))
		}
	})
}
