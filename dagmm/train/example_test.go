package train_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm/train"
	"github.com/metric-streams/anomaly/dataset"
)

func ExampleFit() {
	table, _, err := dataset.Generate(dataset.GenerateConfig{Rows: 500})
	if err != nil {
		log.Fatal(err)
	}
	model, report, err := train.Fit(context.Background(), table.X, train.Config{
		Columns:  table.Columns,
		Quantile: .98,
		Times:    table.Times,
		ExcludeTimes: []train.TimeRange{{ // a known incident
			From: table.Times[100],
			To:   table.Times[100].Add(time.Hour),
		}},
		Optimizer: train.OptimizerConfig{MinSteps: 500},
	})
	if err != nil {
		log.Fatal(err)
	}
	first, last := report.Loss[0], report.Loss[len(report.Loss)-1]
	fmt.Println("rows:", report.RowsUsed, "of", report.Rows)
	fmt.Println("loss fell:", last.Total < first.Total)
	fmt.Println("ended:", report.Stop)
	fmt.Println("metrics:", model.Columns())
	// Output:
	// rows: 440 of 500
	// loss fell: true
	// ended: done
	// metrics: [cpu mem disk net_in]
}

// A model for consecutive samples also sees the deviation of each metric from its recent
// levels. It scores rows in their order.
func ExampleSeries() {
	table, _, err := dataset.Generate(dataset.GenerateConfig{Rows: 500})
	if err != nil {
		log.Fatal(err)
	}
	cfg := train.Series()
	cfg.Optimizer.MinSteps = 200
	model, _, err := train.Fit(context.Background(), table.X, cfg)
	if err != nil {
		log.Fatal(err)
	}
	_, err = model.Energy([]float64{30, 50, 20, 4.5e6})
	fmt.Println(err)
	// Output:
	// dagmm: energy: the model was trained on a series: score with Series, or sample by sample with Stream
}

// Without a mixture, the energy is the norm of the residual.
func ExampleAutoencoder() {
	table, _, err := dataset.Generate(dataset.GenerateConfig{Rows: 500, Independent: true})
	if err != nil {
		log.Fatal(err)
	}
	cfg := train.Autoencoder()
	cfg.Optimizer.MinSteps = 500
	model, _, err := train.Fit(context.Background(), table.X, cfg)
	if err != nil {
		log.Fatal(err)
	}
	energy, err := model.Energy([]float64{400, 50, 20, 4.5e6})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(energy > model.Threshold())
	// Output:
	// true
}

// Canceling the context ends the training within one step.
func ExampleFit_cancel() {
	table, _, err := dataset.Generate(dataset.GenerateConfig{})
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	_, _, err = train.Fit(ctx, table.X, train.Config{
		Progress: func(p train.Progress) {
			if p.Epoch == 3 {
				cancel()
			}
		},
	})
	fmt.Println(errors.Is(err, context.Canceled))
	// Output:
	// true
}

// FitAll trains one model per host, several at a time. A host that cannot be trained has an
// error of its own.
func ExampleFitAll() {
	var hosts []train.Host
	for i := range 3 {
		table, _, err := dataset.Generate(dataset.GenerateConfig{Rows: 500, Seed: uint64(i)})
		if err != nil {
			log.Fatal(err)
		}
		cfg := train.Metrics()
		cfg.Columns, cfg.Optimizer.MinSteps = table.Columns, 500
		hosts = append(hosts, train.Host{Name: fmt.Sprint("web-", i), Rows: table.X, Config: cfg})
	}
	hosts = append(hosts, train.Host{Name: "new", Rows: mat.NewDense(3, 4, nil)})
	fitted, err := train.FitAll(context.Background(), hosts, train.FleetConfig{})
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range fitted {
		fmt.Println(f.Name, f.Model != nil, f.Err)
	}
	// Output:
	// web-0 true <nil>
	// web-1 true <nil>
	// web-2 true <nil>
	// new false train: host 3 (new): train: 3 usable rows of 3 (0 incomplete, 0 excluded), need at least 7 for 4 columns, a mixture in 5 dimensions: unusable training data: too few rows
}
