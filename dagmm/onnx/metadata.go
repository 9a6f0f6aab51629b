package onnx

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/metric-streams/anomaly/dagmm"
)

// property is an entry of the file's metadata.
type property struct{ key, value string }

func metadata(m *dagmm.Model, opt Options) ([]property, error) {
	p := m.Parameters()
	var list []property
	var failed error
	text := func(key, value string) {
		if !utf8.ValidString(value) && failed == nil {
			failed = fmt.Errorf("the property %s, %q, is not UTF-8: %w", key, value, ErrModel)
		}
		list = append(list, property{key, value})
	}
	value := func(key string, v any) {
		written, err := exactJSON(v)
		if err != nil && failed == nil {
			failed = fmt.Errorf("the property %s, %q: %w: %w", key, v, ErrModel, err)
		}
		text(key, written)
	}

	text("format", format)
	text("format_version", formatVersion)
	text("library_version", p.Training.Version)
	text("preset", p.Training.Preset)
	value("columns", p.Columns)
	value("threshold", p.Threshold)
	value("quantile", p.Quantile)
	text("precision", map[bool]string{false: "double", true: "float"}[opt.Float32])
	if p.Training.Interval > 0 {
		value("interval_seconds", p.Training.Interval)
	}
	if m.HasContext() {
		value("smoothing", p.RecentLevels.Alphas)
		text("warm_up", strconv.Itoa(dagmm.ContextWarmUp))
	}
	if hasSeason(p) {
		zone := p.Season.Zone().String()
		if _, err := time.LoadLocation(zone); err != nil || zone == "Local" {
			return nil, fmt.Errorf("the season is of the time zone %q, which nobody else knows: %w", zone, ErrModel)
		}
		text("season_zone", zone)
	}
	if p.Reading != nil {
		value("reading", *p.Reading)
	}
	return list, failed
}

// exactJSON returns the JSON of v. Bytes that are not UTF-8, which JSON would replace, are an
// error: it writes \ufffd for them, but the character of that number as it is.
func exactJSON(v any) (string, error) {
	written, err := json.Marshal(v)
	text := string(written)
	if err == nil && strings.Contains(strings.ReplaceAll(text, `\\`, ""), `\ufffd`) {
		err = errors.New("not UTF-8")
	}
	return text, err
}
