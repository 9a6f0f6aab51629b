package onnx_test

import (
	"bytes"
	"context"
	"fmt"
	"log"

	"github.com/metric-streams/anomaly/dagmm/onnx"
	"github.com/metric-streams/anomaly/dagmm/train"
	"github.com/metric-streams/anomaly/dataset"
)

// Train a model and write it for a runtime of another language.
func ExampleWrite() {
	history, _, err := dataset.Generate(dataset.GenerateConfig{Rows: 500, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	cfg := train.PCA()
	cfg.Columns = history.Columns
	model, _, err := train.Fit(context.Background(), history.X, cfg)
	if err != nil {
		log.Fatal(err)
	}
	var double, single bytes.Buffer
	if err := onnx.Write(&double, model, onnx.Options{}); err != nil {
		log.Fatal(err)
	}
	if err := onnx.Write(&single, model, onnx.Options{Float32: true}); err != nil {
		log.Fatal(err)
	}
	fmt.Println("single precision is smaller:", single.Len() < double.Len())
	// Output:
	// single precision is smaller: true
}
