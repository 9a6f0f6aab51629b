package dagmm_test

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"math"
	"sync"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/train"
	"github.com/metric-streams/anomaly/dataset"
)

// Train on the last 1000 samples of a host and flag the odd ones.
func Example() {
	table, faults, err := dataset.Generate(dataset.GenerateConfig{
		Independent: true,
		Inject:      []dataset.FaultKind{dataset.OutOfRange, dataset.BrokenCorrelation},
		Seed:        7,
	})
	if err != nil {
		log.Fatal(err)
	}
	model, _, err := train.Fit(context.Background(), table.X, train.Config{Columns: table.Columns, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	energies, err := model.Energies(nil, table.X)
	if err != nil {
		log.Fatal(err)
	}
	flagged := 0
	for _, e := range energies {
		if e > model.Threshold() {
			flagged++
		}
	}
	fmt.Println("flagged:", flagged)
	for _, f := range faults {
		fmt.Printf("%s (%s): %t\n", f.Kind, f.Metric, energies[f.Start] > model.Threshold())
	}
	// Output:
	// flagged: 10
	// out of range (net_in): true
	// broken correlation (cpu): true
}

// hostModel scores rows of CPU, memory and disk usage in percent and network traffic in
// bits per second. A program would train it once, save it and load it.
var hostModel = sync.OnceValue(func() *dagmm.Model { return exampleModel(train.Metrics(), false) })

// streamModel also sees the samples before the one that it scores.
var streamModel = sync.OnceValue(func() *dagmm.Model { return exampleModel(train.Series(), true) })

func exampleModel(cfg train.Config, series bool) *dagmm.Model {
	cfg.Columns, cfg.Optimizer.MinSteps = dataset.HostMetrics(), 500
	model, _, err := train.Fit(context.Background(), host(1000, 1, series), cfg)
	if err != nil {
		log.Fatal(err)
	}
	return model
}

func ExampleModel_Energy() {
	model := hostModel()
	ordinary, err := model.Energy([]float64{30, 50, 20, 4.5e6})
	if err != nil {
		log.Fatal(err)
	}
	odd, err := model.Energy([]float64{95, 50, 20, 4.5e6}) // busy, but neither disk nor network is
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(ordinary > model.Threshold(), odd > model.Threshold())

	_, err = model.Energy([]float64{30, 50, math.Inf(1), 4.5e6})
	fmt.Println(err)
	// Output:
	// false true
	// dagmm: energy: column 2 (disk) is +Inf: not a finite number
}

func ExampleModel_Detect() {
	model := hostModel()
	verdict, err := model.Detect([]float64{95, 50, 20, 4.5e6})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("anomalous:", verdict.Anomalous)
	fmt.Println("fewer than 1 in 500 ordinary rows are like it:", verdict.PValue < .002)
	// Output:
	// anomalous: true
	// fewer than 1 in 500 ordinary rows are like it: true
}

func ExampleModel_Explain() {
	model := hostModel()
	contributions, err := model.Explain(nil, []float64{95, 50, 20, 4.5e6})
	if err != nil {
		log.Fatal(err)
	}
	top := contributions[0] // the largest share comes first
	fmt.Printf("%s is %g; expected less than 70: %t\n", top.Metric, top.Value, top.High < 70)
	// Output:
	// cpu is 95; expected less than 70: true
}

func ExampleModel_Save() {
	var file bytes.Buffer // or SaveFile, which replaces a file all or nothing
	if err := hostModel().Save(&file); err != nil {
		log.Fatal(err)
	}
	loaded, err := dagmm.Load(&file)
	if err != nil {
		log.Fatal(err)
	}
	row := []float64{95, 50, 20, 4.5e6}
	before, _ := hostModel().Energy(row)
	after, _ := loaded.Energy(row)
	fmt.Println(loaded.Columns(), before == after)
	// Output:
	// [cpu mem disk net_in] true
}

func ExampleLoad() {
	_, err := dagmm.Load(bytes.NewReader([]byte(`{"format":"something else"}`)))
	fmt.Println(err)
	// Output:
	// dagmm: load: format is "something else", want "dagmm-model": invalid model
}

// Series scores consecutive samples at once.
func ExampleModel_Series() {
	model := streamModel()
	x := host(300, 2, true)
	x.Set(200, 1, 95) // memory
	x.Set(250, 3, math.NaN())
	energies, err := model.Series(nil, x)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("memory:", energies[200] > model.Threshold())
	fmt.Println("missing:", energies[250])
	explanation, err := model.ExplainSeries(x, 200)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("because of:", explanation.Contributions[0].Metric)
	// Output:
	// memory: true
	// missing: NaN
	// because of: mem
}

// A stream gives the same energies, a sample at a time.
func ExampleModel_Stream() {
	model := streamModel()
	x := host(300, 2, true)
	x.Set(200, 1, 95) // memory
	stream := model.Stream()
	for r := range 201 {
		verdict, err := stream.Next(x.RawRowView(r))
		if err != nil {
			log.Fatal(err)
		}
		if r < 200 {
			continue
		}
		explanation, err := stream.Explain()
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(verdict.Anomalous, explanation.Contributions[0].Metric)
	}
	// Output:
	// true mem
}
