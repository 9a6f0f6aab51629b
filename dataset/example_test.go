package dataset_test

import (
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/metric-streams/anomaly/dataset"
	"gonum.org/v1/gonum/mat"
)

func ExampleReadCSV() {
	const export = `timestamp,host,cpu,mem,label
2024-03-01T10:00:00Z,web-7,12.5,40,normal
2024-03-01T10:01:00Z,web-7,,41,normal
2024-03-01T10:02:00Z,web-7,99.5,41,anomaly
`
	t, err := dataset.ReadCSV(strings.NewReader(export), dataset.CSVOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(t.Describe())
	fmt.Println(mat.Formatted(t.X))
	fmt.Println(t.Labels)
	// Output:
	// 3 rows, 2024-03-01T10:00:00Z to 2024-03-01T10:02:00Z, every 1m0s
	// metrics: "cpu", "mem"
	// time: "timestamp" (by name and content, 2006-01-02T15:04:05Z07:00, UTC)
	// label: "label" (by its name)
	// skipped: "host" (text such as "web-7")
	// ⎡12.5    40⎤
	// ⎢ NaN    41⎥
	// ⎣99.5    41⎦
	// [false false true]
}

// Two hosts in one file are two tables.
func ExampleReadRecordings() {
	const export = `time,host,cpu
2024-03-01T10:00:00Z,web-7,12.5
2024-03-01T10:00:00Z,db-1,60
2024-03-01T10:01:00Z,web-7,13
2024-03-01T10:01:00Z,db-1,61
`
	hosts, err := dataset.ReadRecordings(strings.NewReader(export), dataset.CSVOptions{Key: "host"})
	if err != nil {
		log.Fatal(err)
	}
	for _, host := range hosts.Each {
		if host.Err != nil {
			log.Fatal(host.Key, ": ", host.Err)
		}
		fmt.Println(host.Key, host.Table.Columns, mat.Col(nil, 0, host.Table.X))
	}
	// Output:
	// web-7 [cpu] [12.5 13]
	// db-1 [cpu] [60 61]
}

// A network counter that is read every ten seconds becomes bits per second. The first row
// has no rate yet.
func ExampleReadCSV_counters() {
	const export = "ts;disk;rx_bytes\n1709287200;3;4294966046\n1709287210;-1;0\n1709287220;101;1250\n"
	t, err := dataset.ReadCSV(strings.NewReader(export), dataset.CSVOptions{
		Counters:  []string{"rx_bytes"},
		Scale:     map[string]float64{"rx_bytes": 8},
		Sentinels: []float64{-1, 101},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(mat.Formatted(t.X))
	fmt.Println(t.Interval())
	// Output:
	// ⎡   3   NaN⎤
	// ⎢ NaN  1000⎥
	// ⎣ NaN  1000⎦
	// 10s
}

// The last part of a name is enough where it is unique.
func ExampleReadCSVFile() {
	t, err := dataset.ReadCSVFile("testdata/dstat.csv", dataset.CSVOptions{Columns: []string{"usr", "dsk/total/writ", "recv"}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(strings.Join(t.Columns, ", "))
	fmt.Println(t.Times[len(t.Times)-1].Format(time.DateTime), t.X.RawRowView(len(t.Times)-1))
	for _, note := range t.Notes {
		fmt.Println("note:", note)
	}
	// Output:
	// total cpu usage/usr, dsk/total/writ, net/total/recv
	// 2020-01-01 00:00:01 [49 0 1550]
	// note: times lack a year: 2019 was taken from the preamble
	// note: dstat's first row is an average since the host was booted: leave it out of training
}

func ExampleCSVError() {
	_, err := dataset.ReadCSV(strings.NewReader("cpu,mem\n1,2\n3,busy\n5,6\n"), dataset.CSVOptions{})
	fmt.Println(err)
	// Output:
	// dataset: line 3, column "mem": "busy" is not a number; name the metrics without this column in Columns, or give Missing "busy" if that stands for a missing value
}

func ExampleGenerate() {
	t, faults, err := dataset.Generate(dataset.GenerateConfig{
		Seed:        1,
		Independent: true,
		Inject:      []dataset.FaultKind{dataset.OutOfRange, dataset.BrokenCorrelation},
	})
	if err != nil {
		log.Fatal(err)
	}
	rows, _ := t.X.Dims()
	fmt.Println(rows, t.Columns)
	for _, f := range faults {
		fmt.Printf("row %d: %s of %s\n", f.Start, f.Kind, f.Metric)
		fmt.Printf("%.4g\n", t.X.RawRowView(f.Start))
	}
	// Output:
	// 1000 [cpu mem disk net_in]
	// row 625: broken correlation of net_in
	// [18.34 43.85 8.531 1.981e+07]
	// row 635: out of range of cpu
	// [88.84 47.29 18.83 4.882e+06]
}
