// Command stream measures the alarms of alarm.Detector on the public server sets, and on
// generated hosts (the set "sample"): for each machine a model is trained on the training
// file, the detector's threshold starts from the same rows, and the test file is fed to
// it sample by sample. Labels only count.
//
//	ANOMALY_DATA=DIR go run ./benchmarks/stream -sets smd4,smd38,asd,jumpstarter,sample
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync"
	"time"

	"github.com/metric-streams/anomaly/benchmarks/internal/suite"
	"github.com/metric-streams/anomaly/dagmm/alarm"
)

type options struct {
	data, cache, preset string
	sets                []string
	seeds               uint64
	policy              alarm.Config
	monitored, cold     bool
	judge               bool
	trainings           int
	intervals           []time.Duration
	parallel            int
}

func main() {
	var o options
	var sets string
	flag.StringVar(&o.data, "data", os.Getenv("ANOMALY_DATA"), "folder with one folder per set (default $ANOMALY_DATA)")
	flag.StringVar(&sets, "sets", "smd4,asd", "sets, separated by commas")
	flag.StringVar(&o.preset, "preset", "series", "series, predict (forecast residual, diagonal mixture), both (full and diagonal mixture) or pca (principal components with the recent levels of series)")
	flag.StringVar(&o.cache, "cache", "", "folder to keep trained models in, also those of -monitor")
	flag.Uint64Var(&o.seeds, "seeds", 1, "trainings of each machine")
	flag.Float64Var(&o.policy.Budget, "budget", 1, "false alarms a day; 0 is the model's own threshold")
	flag.BoolVar(&o.policy.Cap, "cap", false, "never below the starting threshold")
	flag.IntVar(&o.policy.Open, "open", 1, "samples above the threshold that open an alarm …")
	flag.IntVar(&o.policy.Of, "of", 1, "… among so many")
	flag.DurationVar(&o.policy.Merge, "merge", 0, "an alarm that closed less than this ago is reopened; 0 is the default, negative none")
	flag.BoolVar(&o.monitored, "monitor", false, "let a Monitor watch each host, with its default retraining, and hosts without a fault as well")
	flag.BoolVar(&o.cold, "cold", false, "with -monitor: begin every training afresh, not from the model in use")
	flag.BoolVar(&o.judge, "judge", false, "with -monitor: an operator says of every alarm of the recordings that has closed whether it was genuine")
	flag.IntVar(&o.trainings, "trainings", 1, "with -monitor: seeds of the trainings on the recordings, whose means are printed")
	intervals := flag.String("intervals", "1s,15s,1m,5m", "with -monitor: between the samples of the hosts without a fault, separated by commas")
	flag.IntVar(&o.parallel, "parallel", 2, "hosts at a time")
	adapt := flag.Bool("adapt", false, "let the mixtures follow slow change")
	flag.Parse()
	if o.policy.Budget == 0 {
		o.policy.Budget = alarm.NoBudget
	}
	if *adapt {
		o.policy.Adapt = &alarm.AdaptConfig{}
	}
	if sets != "" {
		o.sets = strings.Split(sets, ",")
	}
	for _, s := range strings.Split(*intervals, ",") {
		d, err := time.ParseDuration(s)
		if err != nil || d <= 0 {
			fmt.Fprintf(os.Stderr, "stream: -intervals: %q is no time between samples\n", s)
			os.Exit(2)
		}
		o.intervals = append(o.intervals, d)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "stream:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, w io.Writer) error {
	if o.monitored {
		return runMonitored(ctx, o, w)
	}
	if err := preface(w, o); err != nil {
		return err
	}
	for _, set := range o.sets {
		rows, err := measureSet(ctx, o, set)
		if err != nil {
			return err
		}
		if err := printTable(w, set, rows); err != nil {
			return err
		}
	}
	return nil
}

// machinesOf loads the recordings of a set that have a day and more to learn from, and another
// to be judged by.
func machinesOf(o options, set string) ([]*suite.Series, error) {
	if suite.NeedsData(set) && o.data == "" {
		return nil, fmt.Errorf("no data for %s: give -data or ANOMALY_DATA", set)
	}
	names, err := suite.Members(o.data, set)
	if err != nil {
		return nil, err
	}
	var hosts []*suite.Series
	for _, name := range names {
		loaded, err := suite.Load(o.data, set, name)
		if err != nil {
			return nil, err
		}
		s, ok := loaded.(*suite.Series)
		if !ok {
			return nil, fmt.Errorf("%s is no set of recordings", set)
		}
		if s.Train != s.Test {
			hosts = append(hosts, s)
		}
	}
	return hosts, nil
}

// measureSet measures the machines of a set, several at a time.
func measureSet(ctx context.Context, o options, set string) ([]outcome, error) {
	hosts, err := machinesOf(o, set)
	if err != nil {
		return nil, err
	}
	rows, errs := make([]outcome, len(hosts)), make([]error, len(hosts))
	var wg sync.WaitGroup
	slots := make(chan struct{}, max(1, o.parallel))
	for i, s := range hosts {
		slots <- struct{}{}
		wg.Add(1)
		go func() {
			defer func() { <-slots; wg.Done() }()
			rows[i], errs[i] = measure(ctx, o, s)
		}()
	}
	wg.Wait()
	for i, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("%s/%s: %w", set, hosts[i].Machine, err)
		}
	}
	return rows, nil
}
