// Command quality measures how well the library's models and the usual simple
// methods find anomalies on public data, and prints the tables that the
// documentation quotes. README.md says where the data come from.
//
//	go run ./benchmarks/quality -data DIR -suite smd4,asd -methods gaussian+context,knn+context -seeds 3
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/metric-streams/anomaly/benchmarks/internal/simple"
	"github.com/metric-streams/anomaly/benchmarks/internal/suite"
)

// The methods of a suite unless -methods names others. "sample" is small enough
// for continuous integration; independent rows have no context.
const (
	simpleMethods  = "random,maxz,pca,gaussian,gaussian-trim,gmm,gmm-trim,knn,isoforest"
	contextMethods = "maxz+context,pca+context,gaussian+context,gaussian-trim+context,fulldiag+context+clip," +
		"gmm+context,gmm-trim+context,knn+context,isoforest+context"
	rowModels     = "autoencoder,paper,paper-untrained,metrics,metrics-untrained"
	contextModels = "autoencoder+context,paper+context,series,series-untrained"
	sampleMethods = "random,maxz,pca,gaussian,gmm,knn,isoforest,maxz+context,gaussian+context,knn+context," +
		"metrics,metrics-untrained,series,series-untrained"
)

func defaultMethods(suite string) string {
	switch suite {
	case "paper", "tabular":
		return simpleMethods + "," + rowModels + ",table,table-untrained"
	case "outliers":
		return simpleMethods + ",metrics,metrics-untrained"
	case "sample":
		return sampleMethods
	}
	return strings.Join([]string{simpleMethods, contextMethods, rowModels, contextModels}, ",")
}

// options are the flags.
type options struct {
	data, out, tag  string
	suites, methods []string
	machines        []string
	seeds, parallel int
	contamination   []float64
	again           bool
	protocol        protocol
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "quality:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	jobs, err := plan(o)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.out, 0o777); err != nil {
		return err
	}
	s, err := openStore(filepath.Join(o.out, "results.jsonl"))
	if err != nil {
		return err
	}
	defer s.close()
	hash := o.protocol.hash()
	todo := slices.DeleteFunc(slices.Clone(jobs), func(j job) bool {
		r, done := s.done[key{j, hash}]
		return done && r.Error == "" && !o.again
	})
	if err := runAll(ctx, o.data, o.protocol, todo, o.parallel, s); err != nil {
		return err
	}
	var results []result
	for _, j := range jobs {
		results = append(results, s.done[key{j, hash}])
	}
	return publish(o, results, out)
}

func parse(args []string) (*options, error) {
	o := &options{protocol: protocol{Version: protocolVersion, Context: simple.DefaultContext}}
	f := flag.NewFlagSet("quality", flag.ContinueOnError)
	f.StringVar(&o.data, "data", os.Getenv("ANOMALY_DATA"), "folder with the data `dir`, default $ANOMALY_DATA")
	f.StringVar(&o.out, "out", "quality-results", "folder for results.jsonl, tables and plots")
	f.StringVar(&o.tag, "tag", "", "name of this state of the code, to compare it with others in one table")
	suites := f.String("suite", "sample", "`list` of "+strings.Join(suite.Names, ", ")+"; sample and outliers need no data; or a folder below -data with recordings X_train.csv and X_test.csv")
	methods := f.String("methods", "", "`list`, default: the suite's own, of name[{json}][+context][+clip]; names: "+strings.Join(simple.Names(), " "))
	machines := f.String("machines", "", "only machines or sets whose name contains one of this `list`")
	contamination := f.String("contamination", "0", "`list` of shares of anomalous training rows, for paper and tabular")
	f.IntVar(&o.seeds, "seeds", 1, "seeds 1 to `n`")
	f.IntVar(&o.parallel, "parallel", runtime.GOMAXPROCS(0), "runs at a time")
	f.BoolVar(&o.again, "again", false, "run again what results.jsonl already has")
	f.IntVar(&o.protocol.Rows, "rows", 0, "training rows of a series at most, one of every k drawn at random; 0 for all")
	f.IntVar(&o.protocol.Gap, "gap", 0, "false alarms at most this many rows apart are one episode, beyond neighbours")
	f.Float64Var(&o.protocol.PerDay, "per-day", 0, "samples a `day` of recordings in a folder of your own, 0 for 1440")
	f.IntVar(&o.protocol.Buffer, "buffer", 100, "largest buffer of VUS-PR, rows")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if f.NArg() > 0 {
		return nil, fmt.Errorf("argument %q: want flags only", f.Arg(0))
	}
	o.suites, o.methods, o.machines = list(*suites), simple.Split(*methods), list(*machines)
	for _, text := range list(*contamination) {
		var c float64
		if _, err := fmt.Sscan(text, &c); err != nil || !(c >= 0 && c < 1) {
			return nil, fmt.Errorf("-contamination %q: want shares from 0 to below 1", text)
		}
		o.contamination = append(o.contamination, c)
	}
	if o.seeds < 1 {
		return nil, fmt.Errorf("-seeds %d: want at least one", o.seeds)
	}
	for _, m := range o.methods {
		if _, err := simple.Parse(m, simple.Options{}); err != nil {
			return nil, err
		}
	}
	return o, nil
}

func list(text string) []string {
	return slices.DeleteFunc(strings.Split(text, ","), func(s string) bool { return s == "" })
}

// plan lists the runs, machine by machine so that data are loaded once.
func plan(o *options) ([]job, error) {
	var jobs []job
	for _, name := range o.suites {
		if suite.NeedsData(name) && o.data == "" {
			return nil, fmt.Errorf("-suite %s: give the folder with the data as -data or ANOMALY_DATA", name)
		}
		machines, err := suite.Members(o.data, name)
		if err != nil {
			return nil, err
		}
		methods := o.methods
		if len(methods) == 0 {
			methods = simple.Split(defaultMethods(name))
		}
		shares := []float64{0}
		if name == "paper" || name == "tabular" {
			shares = o.contamination
		}
		for _, machine := range machines {
			if !wanted(machine, o.machines) {
				continue
			}
			for _, method := range methods {
				for _, dirt := range shares {
					for seed := range o.seeds {
						jobs = append(jobs, job{Suite: name, Machine: machine, Method: method, Seed: uint64(seed + 1), Dirt: dirt, Tag: o.tag})
					}
				}
			}
		}
	}
	if len(jobs) == 0 {
		return nil, errors.New("nothing to run: no machine matches -machines, or no method is named")
	}
	return jobs, nil
}

func wanted(machine string, parts []string) bool {
	return len(parts) == 0 || slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(machine, p) })
}

// publish writes tables and plots to the output folder, and the tables to out.
func publish(o *options, results []result, out io.Writer) error {
	var text strings.Builder
	writeTables(&text, results, o.suites)
	if err := os.WriteFile(filepath.Join(o.out, "tables.md"), []byte(text.String()), 0o666); err != nil {
		return err
	}
	if err := writePlots(o.out, results, o.suites); err != nil {
		return err
	}
	_, err := io.WriteString(out, text.String())
	return err
}
