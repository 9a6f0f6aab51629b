package main

import (
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/metric-streams/anomaly/dataset"
)

// options is the command line.
type options struct {
	in                                            []string // none for the embedded recording
	out, report, json, markdown, save, load, onnx string

	csv     dataset.CSVOptions
	preset  string
	typed   map[string]string // flags on the command line, as they were given
	exclude []interval

	seed     uint64
	quantile float64
	epochs   int
}

const usage = `Usage: flagcsv [flags]

Finds the odd rows of a CSV export of host metrics, and says why they are odd.
Without -in it reads the recording of a host that it carries along.

`

// onlyTraining are flags that mean nothing to a model that is loaded.
var onlyTraining = []string{"columns", "seed", "quantile", "epochs", "preset", "exclude", "save"}

func parse(args []string, help io.Writer) (*options, error) {
	o := &options{typed: map[string]string{}}
	fs := flag.NewFlagSet("flagcsv", flag.ContinueOnError)
	fs.SetOutput(io.Discard) // a mistake is one line, not the whole list of flags
	o.fileFlags(fs)
	o.trainingFlags(fs)
	o.formatFlags(fs)
	if err := fs.Parse(args); errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(help, usage)
		fs.SetOutput(help)
		fs.PrintDefaults()
		return nil, err
	} else if err != nil {
		return nil, input(fmt.Errorf("%w (flagcsv -help lists the flags)", err))
	}
	return o, input(o.check(fs))
}

func (o *options) fileFlags(fs *flag.FlagSet) {
	fs.Func("in", "`file` to read, plain or gzip'd: CSV, or the JSON of Prometheus' query_range or VictoriaMetrics' export; - is standard input (default: the embedded recording).\nMore than one, or a pattern such as 'host-*.csv', are recordings of one host, one after the other", func(s string) error {
		files, err := expand(s)
		o.in = append(o.in, files...)
		return err
	})
	fs.StringVar(&o.out, "out", "", "CSV `file` to write: every row with its energy, p-value and verdict")
	fs.StringVar(&o.report, "report", "", "HTML `file` to write: incidents, plots and explanations for the browser, complete in itself")
	fs.StringVar(&o.json, "json", "", "JSON `file` to write: the incidents, that is, the flagged rows that lie close together, for programs")
	fs.StringVar(&o.markdown, "markdown", "", "Markdown `file` to write: the incidents as a table")
	fs.StringVar(&o.save, "save", "", "`file` to write the trained model to; with -host a file a host, as in 'models/*.model'")
	fs.StringVar(&o.onnx, "onnx", "", "`file` to write the model to for runtimes of other languages, in the format ONNX; with -host a file a host, as for -save")
	fs.StringVar(&o.load, "load", "", "model `file` to score with, instead of training; its columns are looked up by name, and the file\nis read as in training: -series, -value, -counters, -sentinels, -missing and -scale are known. With -host a file a host, as for -save")
}

func (o *options) trainingFlags(fs *flag.FlagSet) {
	fs.StringVar(&o.preset, "preset", "", "`name` of the settings. metrics: each row for itself; series: rows are consecutive samples of one host, also\ncompared with those before; table: records that are no samples of a host; pca: principal\ncomponents in place of a network, each row for itself; paper, or paper- and kddcup,\nkddcup-rev, thyroid or arrhythmia: the model of the paper (paper alone is paper-thyroid)\n(default: series where the rows look like that and lie 15 s or more apart, otherwise metrics;\nabove 100 metrics principal components)")
	fs.Uint64Var(&o.seed, "seed", 1, "of everything random; the same seed and rows give the same model")
	fs.Float64Var(&o.quantile, "quantile", .99, "of the training energies that is the threshold, between 0 and 1")
	fs.IntVar(&o.epochs, "epochs", 0, "passes over the rows in training (default: enough for 2000 steps)")
	fs.Func("exclude", "`ranges` of rows or times to leave out of training (known incidents), such as 120-180 or\n2026-03-01T10:00..2026-03-01T11:30, separated by commas", func(s string) error {
		ranges, err := parseIntervals(s)
		o.exclude = append(o.exclude, ranges...)
		return err
	})
}

func (o *options) formatFlags(fs *flag.FlagSet) {
	c := &o.csv
	parsed := func(name, usage string, parse func(string) error) {
		fs.Func(name, usage, func(s string) error {
			o.typed[name] = strings.TrimPrefix(o.typed[name]+","+s, ",")
			return parse(s)
		})
	}
	names := func(dst *[]string) func(string) error {
		return func(s string) (err error) { *dst, err = list(s); return err }
	}
	parsed("columns", "metrics, in order, by `names` or numbers from 1 (default: every column of numbers but time and label)", names(&c.Columns))
	parsed("series", "`columns` that tell series apart where the file has a row for each series and time: they become columns;\n- reads the rows as they are", names(&c.Series))
	parsed("host", "`column` of hosts' names in a file of several hosts, or label in JSON: each gets a model of its own, and a section in report and\nsummary. With -series, each host has the columns of its own series", func(s string) error { c.Key = s; return nil })
	parsed("value", "`columns` with the values of -series (default: every column of numbers)", names(&c.Value))
	fs.StringVar(&c.Time, "time", "", "`column` of times; - for none (default: found by name and content)")
	fs.StringVar(&c.Label, "label", "", "`column` of labels, to measure against, not to learn from; - for none (default: found by name)")
	parsed("delimiter", "`character` between fields, or tab (default: found)", func(s string) (err error) { c.Comma, err = character(s); return err })
	parsed("decimal", "decimal `sign`, a dot or a comma (default: found)", func(s string) (err error) { c.Decimal, err = character(s); return err })
	parsed("header", "header `rows`: none, one or two (default: found)", func(s string) error {
		mode, ok := map[string]dataset.HeaderMode{"auto": dataset.HeaderAuto, "none": dataset.HeaderNone, "one": dataset.HeaderOne, "two": dataset.HeaderTwo}[s]
		if !ok {
			return errors.New("want none, one or two")
		}
		c.Header = mode
		return nil
	})
	fs.IntVar(&c.SkipLines, "skip-lines", 0, "`number` of lines to leave out at the beginning")
	fs.BoolVar(&c.SkipBadRows, "skip-bad-rows", false, "leave out rows with another number of fields than the others, or without a time that can be read;\nwhat is known to be no row, such as a comment or a total, is left out without it")
	fs.StringVar(&c.TimeLayout, "time-layout", "", "how times are written: a `layout` of Go's package time, s, ms, us or ns since 1970, or days of a spreadsheet (default: found)")
	parsed("zone", "`place` such as Europe/Berlin of times without an offset (default: UTC)", func(s string) (err error) { c.Location, err = time.LoadLocation(s); return err })
	fs.IntVar(&c.Year, "year", 0, "of the first row, where times have none")
	parsed("missing", "`texts` that mean no value, besides the usual ones", names(&c.Missing))
	parsed("sentinels", "`numbers` that mean no value, everywhere (-1,101) or in one column (mem=9999)", func(s string) error { return sentinels(c, s) })
	parsed("anomalous", "`texts` of the label column that mean anomalous", names(&c.Anomalous))
	parsed("normal", "`texts` of the label column that mean normal", names(&c.Normal))
	parsed("counters", "`columns` that hold running totals: they become the increase per second", names(&c.Counters))
	parsed("scale", "`factors` for columns: net=8 makes bits of bytes", func(s string) (err error) { c.Scale, err = factors(s); return err })
}

func (o *options) check(fs *flag.FlagSet) error {
	fs.Visit(func(f *flag.Flag) {
		if o.typed[f.Name] == "" {
			o.typed[f.Name] = f.Value.String()
		}
	})
	given := func(name string) bool { _, ok := o.typed[name]; return ok }
	if fs.NArg() > 0 {
		return fmt.Errorf("unknown argument %q: the file to read is named by -in", fs.Arg(0))
	}
	if err := checkFiles(o.in); err != nil {
		return err
	}
	if o.load != "" {
		for _, name := range onlyTraining {
			if given(name) {
				return fmt.Errorf("-%s does not go with -load: the model has been trained", name)
			}
		}
	}
	if err := o.checkHost(); err != nil {
		return err
	}
	switch {
	case o.preset != "" && !slices.Contains(presetNames(), o.preset):
		return fmt.Errorf("-preset is %q; it must be one of %s", o.preset, strings.Join(presetNames(), ", "))
	case !(o.quantile > 0 && o.quantile < 1):
		return fmt.Errorf("-quantile is %v; it must lie between 0 and 1", o.quantile)
	case o.epochs < 0 || given("epochs") && o.epochs == 0:
		return fmt.Errorf("-epochs is %d; it must be positive", o.epochs)
	}
	return nil
}

// checkHost refuses what means one host where there are several.
func (o *options) checkHost() error {
	switch {
	case o.csv.Key == "":
		if _, given := o.typed["host"]; given {
			return errors.New("-host is empty; name the column that holds the names of hosts")
		}
		return nil
	case len(o.in) == 0:
		return errors.New("-host needs a file in -in: the embedded recording is of one host")
	}
	for _, f := range []struct{ name, path string }{{"load", o.load}, {"save", o.save}, {"onnx", o.onnx}} {
		if f.path != "" && strings.Count(filepath.Base(f.path), "*") != 1 {
			return fmt.Errorf("-%s is %q; with -host it names a file a host, with * in the place of the host's name, such as 'models/*.model'", f.name, f.path)
		}
	}
	for _, iv := range o.exclude {
		if iv.from > 0 {
			return fmt.Errorf("-exclude %s: with -host rows are numbered in each host by itself; give times such as 2026-03-01T10:00..2026-03-01T11:30", iv.text)
		}
	}
	return nil
}

// list splits at commas; a name that holds a comma stands in double quotes.
func list(s string) ([]string, error) {
	if s == "" {
		return []string{""}, nil // as in -normal ""
	}
	r := csv.NewReader(strings.NewReader(s))
	r.TrimLeadingSpace, r.LazyQuotes = true, true
	fields, err := r.Read()
	if err != nil {
		return nil, errors.New("want names separated by commas; one that holds a comma in double quotes")
	}
	for i := range fields {
		fields[i] = strings.TrimSpace(fields[i])
	}
	return fields, nil
}

func character(s string) (rune, error) {
	if s == "tab" || s == `\t` {
		return '\t', nil
	}
	if utf8.RuneCountInString(s) != 1 {
		return 0, errors.New("want one character")
	}
	r, _ := utf8.DecodeRuneInString(s)
	return r, nil
}

func sentinels(c *dataset.CSVOptions, s string) error {
	entries, err := list(s)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name, value, err := assignment(entry)
		if err != nil {
			return err
		}
		if name == "" {
			c.Sentinels = append(c.Sentinels, value)
			continue
		}
		if c.ColumnSentinels == nil {
			c.ColumnSentinels = map[string][]float64{}
		}
		c.ColumnSentinels[name] = append(c.ColumnSentinels[name], value)
	}
	return nil
}

func factors(s string) (map[string]float64, error) {
	entries, err := list(s)
	if err != nil {
		return nil, err
	}
	out := map[string]float64{}
	for _, entry := range entries {
		name, value, err := assignment(entry)
		if err != nil {
			return nil, err
		}
		if name == "" {
			return nil, fmt.Errorf("%q names no column: want column=factor", entry)
		}
		out[name] = value
	}
	return out, nil
}

// assignment reads column=number, or a number alone.
func assignment(s string) (name string, value float64, err error) {
	text := s
	if i := strings.LastIndexByte(s, '='); i >= 0 {
		name, text = strings.TrimSpace(s[:i]), strings.TrimSpace(s[i+1:])
	}
	value, err = strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(value) || math.IsInf(value, 0) {
		return "", 0, fmt.Errorf("%q is not a number", text)
	}
	return name, value, nil
}
