package dagmm_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/train"
)

func save(t testing.TB, m *dagmm.Model) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, m.Save(&b))
	return b.Bytes()
}

var checksumValue = regexp.MustCompile(`"checksum":"[0-9a-f]*"`)

// seal puts the right checksum on an altered file, so that what is behind it is tested.
func seal(text []byte) []byte {
	at := checksumValue.FindIndex(text)
	if at == nil {
		return text
	}
	covered := text[:at[0]+len(`"checksum":"`)]
	sum := sha256.Sum256(covered)
	return append(bytes.Clone(covered), hex.EncodeToString(sum[:])+"\"}\n"...)
}

func TestLoadedModelIsTheSaved(t *testing.T) {
	x := host(200, 2, true)
	for name, m := range everyModel(t) {
		text := save(t, m)
		back, err := dagmm.Load(bytes.NewReader(text))
		require.NoError(t, err, name)
		require.Equal(t, string(text), string(save(t, back)), "%s: the same bytes", name)
		want, err := m.Series(nil, x)
		require.NoError(t, err)
		got, err := back.Series(nil, x)
		require.NoError(t, err)
		equalBits(t, want, got, name)
		require.Equal(t, m.Threshold(), back.Threshold())
		require.Equal(t, m.Columns(), back.Columns())
		require.Equal(t, m.Training(), back.Training())
		require.Equal(t, m.HasContext(), back.HasContext())
		require.Equal(t, m.TrainingEnergies(), back.TrainingEnergies())
		a, err := m.ExplainSeries(x, 100)
		require.NoError(t, err)
		b, err := back.ExplainSeries(x, 100)
		require.NoError(t, err)
		require.Equal(t, a.Contributions, b.Contributions)
		require.Equal(t, a.String(), b.String())
	}
}

func TestFileNamesItsFormat(t *testing.T) {
	var head struct {
		Format   string
		Version  int
		Columns  []string
		Training struct {
			Rows, Epochs, Steps int
			Seed                uint64
			Preset              string
			Loss                float64
			Version             string `json:"library_version"`
		}
	}
	require.NoError(t, json.Unmarshal(save(t, metricsModel(t)), &head))
	require.Equal(t, "dagmm-model", head.Format)
	require.Equal(t, 1, head.Version)
	require.Equal(t, []string{"cpu", "mem", "disk", "net_in"}, head.Columns)
	require.Equal(t, 1000, head.Training.Rows)
	require.GreaterOrEqual(t, head.Training.Steps, 300)
	require.Positive(t, head.Training.Epochs)
	require.Equal(t, uint64(3), head.Training.Seed)
	require.Equal(t, "metrics", head.Training.Preset)
	require.NotZero(t, head.Training.Loss)
	require.NotEmpty(t, head.Training.Version)
}

func TestNamesSurvive(t *testing.T) {
	cfg := small(train.Metrics())
	cfg.Optimizer.MinSteps = 5
	cfg.Columns = []string{"CPU <%> & \"user\"", "Speicher (°C) \u2028", "磁盘\n", "\ufffd\x00"}
	m := fit(t, host(100, 1, false), cfg)
	back, err := dagmm.Load(bytes.NewReader(save(t, m)))
	require.NoError(t, err)
	require.Equal(t, cfg.Columns, back.Columns())
}

func TestTruncatedFileIsAnError(t *testing.T) {
	text := save(t, seriesModel(t))
	end := len(bytes.TrimRight(text, "\n"))
	for n := 0; n < end; n += 1 + n/37 {
		checkBroken(t, text[:n], "")
	}
	checkBroken(t, text[:end-1], "")
	m, err := dagmm.Load(bytes.NewReader(text[:end]))
	require.NoError(t, err, "the last newline may be missing")
	require.Equal(t, seriesModel(t).Threshold(), m.Threshold())
}

func TestEveryAlteredByteIsNoticed(t *testing.T) {
	text := save(t, seriesModel(t))
	end := len(bytes.TrimRight(text, "\n"))
	step := 97
	if raceEnabled {
		step = 997
	}
	for i := 0; i < end; i++ {
		if i > 400 && i < end-200 && i%step != 0 {
			continue // the head and the end entirely, the rest sampled
		}
		for _, flip := range []byte{1, ' ', 0x80} { // the second changes the case of a letter
			broken := bytes.Clone(text)
			broken[i] ^= flip
			checkBroken(t, broken, "")
		}
	}
	checkBroken(t, append(bytes.Clone(text), text...), "")
	checkBroken(t, append(bytes.Clone(text[:end]), 'x'), "")
	checkBroken(t, append([]byte{'\n'}, text...), "")
}

func checkBroken(t testing.TB, text []byte, want string) {
	t.Helper()
	m, err := dagmm.Load(bytes.NewReader(text))
	require.ErrorIs(t, err, dagmm.ErrModel)
	require.ErrorContains(t, err, "dagmm: load: ")
	require.ErrorContains(t, err, want)
	require.True(t, m == nil)
}

// What a wrong file holds is named.
func TestLoadNamesTheField(t *testing.T) {
	text := string(save(t, seriesModel(t)))
	replace := func(old, new string) []byte {
		require.Regexp(t, old, text)
		done := false
		return seal([]byte(regexp.MustCompile(old).ReplaceAllStringFunc(text, func(s string) string {
			if done {
				return s
			}
			done = true
			return regexp.MustCompile(old).ReplaceAllString(s, new)
		})))
	}
	for name, c := range map[string]struct {
		text []byte
		want string
	}{
		"foreign":             {[]byte(`{"a":1}`), `format is ""`},
		"text":                {[]byte("metric,cpu\n"), "invalid character"},
		"list":                {[]byte("[]"), "cannot unmarshal array"},
		"format":              {replace(`"dagmm-model"`, `"other"`), `format is "other"`},
		"version":             {replace(`"version":1`, `"version":2`), "version is 2, this library reads 1"},
		"version 0":           {replace(`"version":1`, `"version":0`), "version is 0"},
		"no checksum":         {[]byte(checksumValue.ReplaceAllString(text, `"check":""`)), "checksum"},
		"checksum":            {[]byte(strings.Replace(text, `"quantile":0.99`, `"quantile":0.98`, 1)), "checksum"},
		"type":                {replace(`"threshold":[^,]*`, `"threshold":"high"`), "threshold"},
		"quantile":            {replace(`"quantile":0.99`, `"quantile":1.5`), "quantile 1.5"},
		"columns missing":     {replace(`"columns":\[[^]]*\]`, `"columns":["a"]`), "1 columns and 4 scales"},
		"columns none":        {replace(`"columns":\[[^]]*\]`, `"columns":null`), "0 columns"},
		"columns twice":       {replace(`"columns":\["cpu","mem"`, `"columns":["cpu","cpu"`), `two columns are named "cpu"`},
		"scale":               {replace(`"scale":[0-9.e+-]*`, `"scale":0`), "column 0"},
		"transform":           {replace(`"transform":"linear"`, `"transform":"odd"`), `"odd"`},
		"smoothing":           {replace(`"alphas":\[0.05`, `"alphas":[1.05`), "smoothing factor 1.05"},
		"members":             {replace(`"members":\[.*\],"quantile"`, `"members":[],"quantile"`), "0 members"},
		"network":             {replace(`"network":\{"encoder":\[`, `"network":{"encoder":[],"x":[`), "member 0"},
		"layer":               {replace(`"in":[0-9]+,"out":16`, `"in":3,"out":16`), "layer 0"},
		"layer huge":          {replace(`"in":[0-9]+,"out":16`, `"in":1000000000,"out":1000000000`), "layer 0"},
		"layer negative":      {replace(`"in":[0-9]+,"out":16`, `"in":-1,"out":-1`), "layer 0"},
		"features":            {replace(`"features":"residual"`, `"features":"odd"`), `features "odd"`},
		"inputs":              {replace(`"inputs":\[0`, `"inputs":[99`), "feature 99"},
		"inputs negative":     {replace(`"inputs":\[0`, `"inputs":[-1`), "feature -1"},
		"targets":             {replace(`"targets":\[0,`, `"targets":[`), "targets"},
		"clip":                {replace(`"clip":10`, `"clip":-1`), "clip -1"},
		"mixture null":        {replace(`"mixtures":\[`, `"mixtures":[null,`), "mixture 0"},
		"weight":              {replace(`"phi":\[[0-9.e-]+`, `"phi":[-1`), "weight is -1"},
		"mean":                {replace(`"mu":\[\[[0-9.e+-]+,`, `"mu":[[`), "component 0"},
		"calibration":         {replace(`"calibration":\{"n":[0-9]+`, `"calibration":{"n":1`), "calibration of 1 energies"},
		"calibration missing": {replace(`"calibration":`, `"calibrated":`), "calibration"},
		"prototypes":          {replace(`"prototypes":\[\[[0-9.e+-]+,`, `"prototypes":[[`), "prototype 0"},
		"number too large":    {replace(`"threshold":[^,]*`, `"threshold":1e999`), "threshold"},
	} {
		t.Run(name, func(t *testing.T) { checkBroken(t, c.text, c.want) })
	}
}

// faulty fails after some bytes.
type faulty struct{ left int }

var errDisk = errors.New("disk full")

func (f *faulty) Write(p []byte) (int, error) {
	if len(p) > f.left {
		return f.left, errDisk
	}
	f.left -= len(p)
	return len(p), nil
}

func (f *faulty) Read([]byte) (int, error) { return 0, errDisk }

func TestWriterAndReaderErrorsArePassedOn(t *testing.T) {
	err := metricsModel(t).Save(&faulty{left: 1000})
	require.ErrorIs(t, err, errDisk)
	require.ErrorContains(t, err, "dagmm: save: ")
	_, err = dagmm.Load(io.MultiReader(strings.NewReader(`{"format"`), &faulty{}))
	require.ErrorIs(t, err, errDisk)
	require.ErrorContains(t, err, "dagmm: load: ")
}

func TestSaveFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "host.model")
	m := metricsModel(t)
	require.NoError(t, m.SaveFile(path))
	back, err := dagmm.LoadFile(path)
	require.NoError(t, err)
	require.Equal(t, save(t, m), save(t, back))

	require.NoError(t, os.Chmod(path, 0o600))
	require.NoError(t, paperModel(t).SaveFile(path), "replaced")
	info, err := os.Stat(path)
	require.NoError(t, err)
	if runtime.GOOS != "windows" {
		require.Equal(t, fs.FileMode(0o600), info.Mode().Perm(), "the file keeps its permissions")
	}
	back, err = dagmm.LoadFile(path)
	require.NoError(t, err)
	require.Equal(t, paperModel(t).Threshold(), back.Threshold())
	onlyFile(t, dir, "host.model")
}

// onlyFile checks that no temporary file was left.
func onlyFile(t testing.TB, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	require.ElementsMatch(t, names, got)
}

func TestSaveFileLeavesThingsAsTheyWereOnFailure(t *testing.T) {
	dir := t.TempDir()
	m := metricsModel(t)
	err := m.SaveFile(filepath.Join(dir, "missing", "host.model"))
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, "dagmm: save "+filepath.Join(dir, "missing", "host.model"))

	taken := filepath.Join(dir, "taken")
	require.NoError(t, os.Mkdir(taken, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(taken, "file"), nil, 0o600))
	require.Error(t, m.SaveFile(taken), "a directory is in the way")
	onlyFile(t, dir, "taken")
	onlyFile(t, taken, "file")

	if runtime.GOOS == "windows" || os.Getuid() == 0 {
		return // nothing is forbidden to root
	}
	path := filepath.Join(taken, "host.model")
	require.NoError(t, os.WriteFile(path, []byte("before"), 0o644))
	require.NoError(t, os.Chmod(taken, 0o555))
	defer os.Chmod(taken, 0o755)
	require.ErrorIs(t, m.SaveFile(path), fs.ErrPermission)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "before", string(text))
}

func TestLoadFileNamesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "host.model")
	_, err := dagmm.LoadFile(path)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, "dagmm: load")
	require.NoError(t, os.WriteFile(path, []byte("{}"), 0o600))
	_, err = dagmm.LoadFile(path)
	require.ErrorIs(t, err, dagmm.ErrModel)
	require.ErrorContains(t, err, path)
}
