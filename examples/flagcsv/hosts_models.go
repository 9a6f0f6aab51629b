package main

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/metric-streams/anomaly/dagmm"
)

// modelPath is the file of a host's model: * in a pattern stands for the host's name.
func modelPath(pattern, host string) string {
	dir, base := filepath.Split(pattern)
	return dir + strings.Replace(base, "*", url.PathEscape(host), 1)
}

// hostModels are loaded models, by their files. They are nil where none is to be loaded.
type hostModels map[string]*dagmm.Model

// loadModels loads the models that -load names. All were trained on rows that were read in one way: that of the first is taken for the
// rows that come.
func loadModels(opt *options) (hostModels, error) {
	if opt.load == "" {
		return nil, nil
	}
	files, err := filepath.Glob(opt.load)
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("-load: no model is called %s", opt.load)
	}
	models := hostModels{}
	for _, file := range files {
		if models[file], err = dagmm.LoadFile(file); err != nil {
			return nil, err
		}
	}
	applyReading(opt, models[files[0]])
	return models, nil
}

// give sets the model of a host, and the columns that it was trained on. It is an error if there is no such model, or if the host's
// rows are read in another way than the model's were.
func (m hostModels) give(j *job, opt *options) error {
	file := modelPath(opt.load, j.host)
	model, found := m[filepath.Clean(file)]
	if !found {
		return fmt.Errorf("no model %s", file)
	}
	table, err := j.table.Select(model.Columns()...)
	if err != nil {
		return fmt.Errorf("%w (the model %s was trained on it)", err, file)
	}
	j.table, j.model, j.modelFile = table, model, file
	return checkReading(opt, model, table)
}
