package dataset

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// A cell may hold a quantity, which is a number and its unit: 1.02 GiB, 45.2 %, 350m. It is
// read in the base unit of its kind, so that 900 MiB and 1.02 GiB of one column compare.

// unit is what a text after a number means.
type unit struct {
	base   string // B, bit, s, %, … with /s for a rate; empty for a plain number such as 1.5 K
	factor float64
}

// bases are units that take the prefixes of decimal multiples. Those with binary ones too are
// marked.
var bases = []struct {
	names  []string
	base   string
	binary bool
}{
	{[]string{"B", "Byte", "Bytes", "byte", "bytes"}, "B", true},
	{[]string{"bit", "bits", "Bit"}, "bit", true},
	{[]string{"B/s", "Bps", "Byte/s", "byte/s", "Bytes/s", "bytes/s", "B/sec", "Bytes/sec", "bytes/sec"}, "B/s", true},
	{[]string{"bit/s", "bits/s", "b/s", "bps", "Bit/s", "bits/sec", "bit/sec"}, "bit/s", true},
	{[]string{"s", "sec", "secs"}, "s", false},
	{[]string{"W"}, "W", false}, {[]string{"Wh"}, "Wh", false}, {[]string{"J"}, "J", false},
	{[]string{"V"}, "V", false}, {[]string{"A"}, "A", false}, {[]string{"VA"}, "VA", false},
	{[]string{"Hz"}, "Hz", false},
}

// decimalPrefixes are those of decimal multiples. Tools that write KB and mean 1024 do so
// throughout a column, which then is off by one factor throughout.
var decimalPrefixes = map[string]float64{
	"": 1, "n": 1e-9, "u": 1e-6, "µ": 1e-6, "μ": 1e-6, "\xb5": 1e-6, "m": 1e-3, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15,
}

var binaryPrefixes = map[string]float64{"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40, "Pi": 1 << 50}

// units are all units that are known, by the text after the number.
var units = func() map[string]unit {
	all := map[string]unit{
		"%": {"%", 1}, "percent": {"%", 1},
		"°C": {"°C", 1}, "\xb0C": {"°C", 1}, "℃": {"°C", 1}, "°F": {"°F", 1}, "\xb0F": {"°F", 1}, "RPM": {"rpm", 1}, "rpm": {"rpm", 1}, "dB": {"dB", 1}, "dBm": {"dBm", 1},
		"min": {"s", 60}, "mins": {"s", 60}, "hour": {"s", 3600}, "hours": {"s", 3600}, "day": {"s", 86400}, "days": {"s", 86400},
		"h": {"s", 3600}, "hr": {"s", 3600}, "hrs": {"s", 3600}, "d": {"s", 86400},
		"/s": {"/s", 1}, "ops/s": {"/s", 1}, "req/s": {"/s", 1}, "reqps": {"/s", 1}, "iops": {"/s", 1}, "io/s": {"/s", 1}, "rps": {"/s", 1},
		"pps": {"/s", 1}, "p/s": {"/s", 1}, "#/s": {"/s", 1}, "#": {"", 1}, "msg/s": {"/s", 1}, "packets/s": {"/s", 1}, "cps": {"/s", 1},
		"Mil": {"", 1e6}, "Bil": {"", 1e9}, "Tri": {"", 1e12},
	}
	for prefix, factor := range decimalPrefixes {
		if prefix != "" {
			all[prefix] = unit{"", factor}
		}
		for _, b := range bases {
			tiny := factor < 1 && b.binary // no millibytes: mb and mB are megabytes, if anything
			for _, name := range b.names {
				if !tiny {
					all[prefix+name] = unit{b.base, factor}
				}
			}
		}
	}
	for prefix, factor := range binaryPrefixes {
		all[prefix] = unit{"", factor}
		for _, b := range bases {
			for _, name := range b.names {
				if b.binary {
					all[prefix+name] = unit{b.base, factor}
				}
			}
		}
	}
	return all
}()

// splitUnit cuts a quantity into its number and its unit. ok is false for what is none, such
// as a number without a unit.
func splitUnit(cell []byte) (number []byte, u unit, ok bool) {
	const longest = 12 // bytes of a unit
	n := len(cell)
	end := n // of the number
	for end > 0 && n-end <= longest && (cell[end-1] < '0' || cell[end-1] > '9') {
		end--
	}
	if end == 0 || end == n || n-end > longest {
		return nil, u, false
	}
	text := trimBlanks(cell[end:])
	u, ok = units[string(text)]
	if ok && len(text) < n-end && tight[string(text)] {
		return nil, u, false
	}
	return cell[:end], u, ok
}

// tight are units only without a blank before them: 350m is .35 cores, and 5 m five metres
// or minutes.
var tight = map[string]bool{"m": true, "n": true, "u": true}

// quantityOf is splitUnit for a cell whose number can be read. A duration of several parts, such as
// 1h30m, is one too.
func quantityOf(cell []byte) (number []byte, u unit, ok bool) {
	if number, u, ok = splitUnit(cell); ok && numberLike(number) {
		return number, u, true
	}
	if ns, ok := parseDuration(cell); ok {
		return strconv.AppendInt(nil, ns, 10), unit{"s", 1e-9}, true
	}
	return number, u, false
}

// quantityLike reports whether a cell is a number with a unit.
func quantityLike(b []byte) bool {
	_, _, ok := quantityOf(b)
	return ok
}

// clearQuantity reports whether a cell is a number with a unit that no name looks like: the
// columns of load averages are named 1m and 5m.
func clearQuantity(b []byte) bool {
	number, u, ok := splitUnit(b)
	if !ok || !numberLike(number) {
		_, parts := parseDuration(b)
		return parts
	}
	return u.base != "" && u.base != "s" || blankBefore(b[len(number):]) > 0
}

// unitColumn is what a column of quantities has shown of its unit.
type unitColumn struct {
	known   bool
	minutes bool // 5m are five minutes, not five thousandths
	base    string
	example string // the first cell with a unit
	bare    string // the first number but 0 without one
}

// strip returns the number of a cell and the factor of its unit. A cell without a unit keeps
// all. It is an error where the units of the column differ.
func (c *unitColumn) strip(cell []byte) (number []byte, factor float64, err error) {
	number, u, ok := quantityOf(cell)
	if !ok {
		if c.bare == "" && numberLike(cell) && strings.Trim(string(cell), "+-0.,") != "" {
			c.bare = string(cell)
		}
		return cell, 1, c.check()
	}
	if c.minutes && isMinutes(cell) {
		u = unit{"s", 60}
	}
	if !c.known {
		c.known, c.base, c.example = true, u.base, string(cell)
	}
	if u.base != c.base {
		return nil, 0, fmt.Errorf("%s beside %s: these units do not compare", shown(string(cell)), shown(c.example))
	}
	return number, u.factor, c.check()
}

// check returns an error for numbers without a unit among quantities. A plain number is one of
// 1.5 K, and a percentage is one whether it has its sign or not.
func (c *unitColumn) check() error {
	if !c.known || c.bare == "" || c.base == "" || c.base == "%" {
		return nil
	}
	return fmt.Errorf("%s beside %s: one has a unit and the other has none", shown(c.bare), shown(c.example))
}

// times multiplies v by the factor of a unit. 344 µs are .000344 s and not a little less: a fraction
// is no exact number, and what it is a fraction of is.
func times(v, factor float64) float64 {
	if factor < 1 {
		return v / math.Round(1/factor)
	}
	return v * factor
}

// unitText returns the base unit of the column's values, as far as it is known.
func (m *metricColumn) unitText() string {
	if m.unit == nil || m.scale != 1 || m.unit.base == "" {
		return ""
	}
	if m.rate != nil {
		return m.unit.base + "/s"
	}
	return m.unit.base
}

// units returns the units of some metrics, by index; nil where none is known.
func (r *rowReader) units(metrics []int) []string {
	out, known := make([]string, len(metrics)), false
	for k, i := range metrics {
		out[k] = r.metrics[i].unitText()
		known = known || out[k] != ""
	}
	if !known {
		return nil
	}
	return out
}
