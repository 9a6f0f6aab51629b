package dagmm

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/metric-streams/anomaly/dagmm/season"
	"github.com/metric-streams/anomaly/dataset"
	"github.com/metric-streams/anomaly/internal/atomicfile"
)

const (
	fileFormat  = "dagmm-model"
	fileVersion = 1
	// maxFile bounds a model file; the largest preset on a thousand metrics needs less.
	maxFile = 1 << 28
)

// file is version 1 of the model file.
type file struct {
	Format       string          `json:"format"`
	Version      int             `json:"version"`
	Columns      []string        `json:"columns"`
	Scaler       dataset.Scaler  `json:"scaler"`
	RecentLevels RecentLevels    `json:"context"`
	Members      []Member        `json:"members"`
	Quantile     float64         `json:"quantile"`
	Threshold    float64         `json:"threshold"`
	Calibration  Calibration     `json:"calibration"`
	Prototypes   [][]float64     `json:"prototypes"`
	Bound        float64         `json:"bound,omitempty"`
	Training     Training        `json:"training"`
	Season       *season.Profile `json:"season,omitempty"`
	Reading      *Reading        `json:"reading,omitempty"`
	Checksum     string          `json:"checksum"` // SHA-256, in hexadecimal, of the file up to this value
}

// A file ends with its checksum, which covers every byte before it.
const (
	checksumKey = `"checksum":"`
	fileEnd     = `"}`
)

// splitChecksum splits the text of a file into what its checksum covers and the checksum.
func splitChecksum(text []byte) (covered []byte, sum string, ok bool) {
	text = bytes.TrimRight(text, "\r\n")
	at := len(text) - len(fileEnd) - hex.EncodedLen(sha256.Size)
	if at < 0 || !bytes.HasSuffix(text, []byte(fileEnd)) || !bytes.HasSuffix(text[:at], []byte(checksumKey)) {
		return nil, "", false
	}
	return text[:at], string(text[at : len(text)-len(fileEnd)]), true
}

func checksum(covered []byte) string {
	sum := sha256.Sum256(covered)
	return hex.EncodeToString(sum[:])
}

// Save writes the model as JSON. Every float64 survives exactly, so the loaded model gives
// the same bits.
func (m *Model) Save(w io.Writer) error {
	p := &m.p
	text, err := json.Marshal(file{Format: fileFormat, Version: fileVersion, Columns: p.Columns, Scaler: p.Scaler,
		RecentLevels: p.RecentLevels, Members: p.Members, Bound: p.Bound, Quantile: p.Quantile, Threshold: p.Threshold,
		Calibration: p.Calibration.whole(), Prototypes: m.prototypes.rows(), Training: p.Training, Season: p.Season, Reading: p.Reading})
	if err == nil {
		covered := bytes.TrimSuffix(text, []byte(fileEnd))
		_, err = w.Write(append(covered, checksum(covered)+fileEnd+"\n"...))
	}
	if err != nil {
		return fmt.Errorf("dagmm: save: %w", err)
	}
	return nil
}

// SaveFile writes the model to the file path, all or nothing: it writes a temporary file
// beside it, syncs that and renames it. When SaveFile returns without an error, the file
// survives a power failure. An existing file keeps its permissions.
func (m *Model) SaveFile(path string) error {
	if err := atomicfile.Replace(path, m.Save); err != nil {
		return fmt.Errorf("dagmm: save %s: %w", path, err)
	}
	return nil
}

// Load reads a model that Save wrote, in this version or any earlier one. It checks all of
// it: a truncated, altered or foreign file is ErrModel, which names the field. Whatever loads,
// its energies are finite, its p-values lie in (0, 1], and its expected ranges have Low ≤ High.
func Load(r io.Reader) (*Model, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("dagmm: load: %w", err)
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("dagmm: load: more than %d bytes: %w", maxFile, ErrModel)
	}
	var head struct {
		Format  string `json:"format"`
		Version int    `json:"version"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return nil, fmt.Errorf("dagmm: load: %w: %w", ErrModel, err)
	}
	if head.Format != fileFormat {
		return nil, fmt.Errorf("dagmm: load: format is %q, want %q: %w", head.Format, fileFormat, ErrModel)
	}
	if head.Version != fileVersion {
		return nil, fmt.Errorf("dagmm: load: version is %d, this library reads %d: %w", head.Version, fileVersion, ErrModel)
	}
	if covered, sum, ok := splitChecksum(text); !ok || sum != checksum(covered) {
		return nil, fmt.Errorf("dagmm: load: checksum does not match, the file has been altered: %w", ErrModel)
	}
	var f file
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, fmt.Errorf("dagmm: load: %w: %w", ErrModel, err)
	}
	m, err := New(Parameters{Columns: f.Columns, Scaler: f.Scaler, RecentLevels: f.RecentLevels, Members: f.Members, Bound: f.Bound,
		Quantile: f.Quantile, Threshold: f.Threshold, Calibration: f.Calibration, Prototypes: f.Prototypes, Training: f.Training, Season: f.Season, Reading: f.Reading})
	if err == nil {
		err = m.checkPrototypes()
	}
	if err != nil {
		return nil, fmt.Errorf("dagmm: load: %w: %w", ErrModel, err)
	}
	return m, nil
}

// LoadFile reads a model from the file path, as Load does.
func LoadFile(path string) (*Model, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("dagmm: load: %w", err)
	}
	defer f.Close()
	m, err := Load(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}
