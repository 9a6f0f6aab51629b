package train

import (
	"maps"
	"slices"
	"strings"
)

// named are the presets by the names that model files keep.
var named = map[string]func() Config{
	"metrics":          Metrics,
	"series":           Series,
	"table":            Table,
	"pca":              PCA,
	"autoencoder":      Autoencoder,
	"paper-kddcup":     func() Config { return Paper("kddcup") },
	"paper-kddcup-rev": func() Config { return Paper("kddcup-rev") },
	"paper-thyroid":    func() Config { return Paper("thyroid") },
	"paper-arrhythmia": func() Config { return Paper("arrhythmia") },
}

// Names returns the names of the presets, sorted.
func Names() []string { return slices.Sorted(maps.Keys(named)) }

// Named returns the preset of a name, for a flag or a configuration file. With an unknown
// name it is an error that wraps ErrConfig and lists the names.
func Named(name string) (Config, error) {
	if preset := named[name]; preset != nil {
		return preset(), nil
	}
	return Config{}, badSetting("there is no preset %q, only %s", name, strings.Join(Names(), ", "))
}
