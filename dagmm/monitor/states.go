package monitor

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/metric-streams/anomaly/dagmm"
)

// errDamaged reports something stored that is not as it was written.
var errDamaged = errors.New("damaged")

// states gives names to what a Monitor stores, and reads it back.
type states struct{ Store }

const (
	statePrefix = "stream-"
	stateSuffix = ".state"
	modelPrefix = "model-"
	modelSuffix = ".json"
	setAside    = ".damaged" // follows the name of a state that cannot be used
)

// key names a stream, whose id may hold anything.
func key(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:16])
}

func stateName(id string) string { return statePrefix + key(id) + stateSuffix }

// modelName names the model of a number: later models of a stream have greater numbers.
func modelName(id string, number uint64) string {
	return fmt.Sprintf("%s%s-%010d%s", modelPrefix, key(id), number, modelSuffix)
}

// modelNumber returns the number in the name of a model.
func modelNumber(name string) (uint64, error) {
	n, err := strconv.ParseUint(strings.TrimSuffix(name[strings.LastIndexByte(name, '-')+1:], modelSuffix), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("monitor: model %q has no number: %w", name, err)
	}
	return n, nil
}

// models returns the names of the stream's models, and their numbers.
func (s states) models(id string) (names []string, numbers []uint64, err error) {
	all, err := s.Names(modelPrefix + key(id) + "-")
	if err != nil {
		return nil, nil, err
	}
	for _, name := range all {
		if n, err := modelNumber(name); err == nil {
			names, numbers = append(names, name), append(numbers, n)
		}
	}
	return names, numbers, nil
}

// removeModels removes the stream's models with a number below before.
func (s states) removeModels(id string, before uint64) error {
	names, numbers, err := s.models(id)
	if err != nil {
		return err
	}
	for i, name := range names {
		if numbers[i] >= before {
			continue
		}
		if err := s.Remove(name); err != nil {
			return err
		}
	}
	return nil
}

// nextModel returns a number above those of the stream's models.
func (s states) nextModel(id string) (uint64, error) {
	_, numbers, err := s.models(id)
	next := uint64(1)
	for _, n := range numbers {
		next = max(next, n+1)
	}
	return next, err
}

// saveModel writes a model under a number.
func (s states) saveModel(id string, number uint64, model *dagmm.Model) (name string, err error) {
	var b bytes.Buffer
	if err := model.Save(&b); err != nil {
		return "", err
	}
	name = modelName(id, number)
	return name, s.Save(name, b.Bytes())
}

// loadModel reads a model that a training has left. One that is gone or damaged is
// errDamaged.
func (s states) loadModel(name string) (*dagmm.Model, error) {
	text, err := s.Load(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	if err != nil {
		return nil, err
	}
	model, err := dagmm.Load(bytes.NewReader(text))
	if errors.Is(err, dagmm.ErrModel) {
		return nil, fmt.Errorf("%w: %s: %w", errDamaged, name, err)
	}
	return model, err
}

// putAside keeps a damaged state under another name: there may be no other copy.
func (s states) putAside(name string) error {
	data, err := s.Load(name)
	if err != nil {
		return err
	}
	if err := s.Save(name+setAside, data); err != nil {
		return err
	}
	return s.Remove(name)
}

// aside returns the name of the stream's damaged state; "" where there is none.
func (s states) aside(id string) (string, error) {
	name := stateName(id) + setAside
	names, err := s.Names(name)
	if err != nil || len(names) == 0 {
		return "", err
	}
	return name, nil
}

// erase removes everything of a stream.
func (s states) erase(id string) error {
	name := stateName(id)
	_, numbers, err := s.models(id)
	last := uint64(0)
	for _, n := range numbers {
		last = max(last, n+1)
	}
	return errors.Join(err, s.Remove(name), s.Remove(name+setAside), s.removeModels(id, last))
}
