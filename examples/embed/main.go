// Embed is the smallest monitoring service: it trains a model in the background, scores the live samples of several hosts meanwhile,
// swaps every new model in without a lock, and keeps the model in a file for its next start. It ends by itself after a few seconds.
package main

import (
	"bytes"
	"context"
	"io"
	"log"
	"math/rand/v2"
	"os"
	"os/signal"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/train"
	"github.com/metric-streams/anomaly/dataset"
	"github.com/metric-streams/anomaly/examples/flagcsv/sample"
)

type service struct {
	log      *log.Logger
	file     string                      // of the model
	epochs   []int                       // of one training after the other: a quick one first
	interval time.Duration               // between samples
	model    atomic.Pointer[dagmm.Model] // nil until there is one
	scored   atomic.Int64
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	s := &service{file: "embed.model", epochs: []int{20, 500}, interval: 10 * time.Millisecond}
	err := s.run(ctx, os.Stdout)
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

func (s *service) run(ctx context.Context, out io.Writer) error {
	s.log = log.New(out, "", 0)
	table, err := dataset.ReadCSV(bytes.NewReader(sample.Recording), dataset.CSVOptions{})
	if err != nil {
		return err
	}
	if m, err := dagmm.LoadFile(s.file); err == nil && slices.Equal(m.Columns(), table.Columns) {
		s.model.Store(m)
		s.log.Printf("going on with the model in %s", s.file)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	trained := make(chan error, 1)
	go func() { trained <- s.train(ctx, table) }()
	var hosts sync.WaitGroup
	for host := range 4 {
		hosts.Add(1)
		go func() { defer hosts.Done(); s.watch(ctx, host, table) }()
	}
	if err = <-trained; err == nil {
		time.Sleep(100 * s.interval) // a while with the last model
	}
	cancel()
	hosts.Wait()
	s.log.Printf("scored %d samples", s.scored.Load())
	return err
}

// train makes the models, saves each, and puts it to use as it was read back. Canceling ctx ends it within a step.
func (s *service) train(ctx context.Context, table *dataset.Table) error {
	for _, epochs := range s.epochs {
		cfg := train.Metrics()
		cfg.Columns, cfg.Optimizer.Epochs, cfg.Optimizer.MinSteps, cfg.Workers = table.Columns, epochs, -1, 1 // one core stays for scoring
		m, report, err := train.Fit(ctx, table.X, cfg)
		if err != nil {
			return err
		}
		if err = m.SaveFile(s.file); err == nil {
			m, err = dagmm.LoadFile(s.file)
		}
		if err != nil {
			return err
		}
		s.model.Store(m)
		s.log.Printf("new model: %d epochs, loss %.3g, threshold %.3g", epochs, report.Loss[len(report.Loss)-1].Total, m.Threshold())
	}
	return nil
}

// watch scores one host's samples as they come. A stream belongs to one goroutine; the model behind it is shared.
func (s *service) watch(ctx context.Context, host int, table *dataset.Table) {
	rng := rand.New(rand.NewPCG(1, uint64(host)))
	var model *dagmm.Model
	var stream *dagmm.Stream
	alarm := false
	for ; ctx.Err() == nil; time.Sleep(s.interval) {
		if m := s.model.Load(); m == nil {
			continue // nothing to score with yet
		} else if m != model {
			model, stream = m, m.Stream()
		}
		v, err := stream.Next(live(table, rng))
		if err != nil {
			s.log.Printf("host %d: %v", host, err) // of this sample; the stream goes on
			continue
		}
		s.scored.Add(1)
		if v.Anomalous && !alarm { // once an episode
			if why, err := stream.Explain(); err == nil {
				s.log.Printf("host %d: energy %.1f, p %.2g: %v", host, v.Energy, v.PValue, why)
			}
		}
		alarm = v.Anomalous
	}
}
