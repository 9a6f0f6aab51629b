package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/metric-streams/anomaly/dagmm/onnx"
	"github.com/metric-streams/anomaly/dagmm/report"
)

// rows is what the page, the JSON and the Markdown are made of.
func (j *job) rows() report.Rows {
	preset := j.model.Training().Preset
	return report.Rows{
		Title: j.title, Source: j.source, Host: j.host, Metrics: j.table.Columns, Units: j.units,
		X: j.table.X, Times: j.table.Times, Labels: j.table.Labels, Energies: j.energies,
		Threshold: j.model.Threshold(), ThresholdNote: j.thresholdNote(), Calibration: j.model.Calibration(),
		Flagged: j.flagged, Ordinary: j.ordinary, Apart: preset == "table" || j.table.Times == nil && strings.HasPrefix(preset, "paper"),
	}
}

// writeReport writes the page for the browser.
func (j *job) writeReport(w io.Writer) error {
	d := j.rows()
	d.Training, d.Warnings, d.Generated = j.facts(), j.warnings(), time.Now()
	return report.WriteRows(w, d)
}

func (j *job) writeJSON(w io.Writer) error     { return report.WriteIncidentsJSON(w, j.rows()) }
func (j *job) writeMarkdown(w io.Writer) error { return report.WriteIncidentsMarkdown(w, j.rows()) }
func (j *job) writeModel(w io.Writer) error    { return j.model.Save(w) }
func (j *job) writeONNX(w io.Writer) error     { return onnx.Write(w, j.model, onnx.Options{}) }

// facts sums up the model for a reader.
func (j *job) facts() []report.Fact {
	t := j.model.Training()
	context := "no: each row stands for itself"
	if j.model.HasContext() {
		context = "yes: a row is compared with those before it"
	}
	facts := []report.Fact{
		{Name: "Metrics", Value: strings.Join(j.model.Columns(), ", ")},
		{Name: "Rows used", Value: fmt.Sprint(t.Rows)},
		{Name: "Preset", Value: t.Preset},
		{Name: "Context", Value: context},
		{Name: "Networks", Value: fmt.Sprintf("%d, averaged", j.model.Members())},
		{Name: "Training", Value: fmt.Sprintf("%d epochs, %d steps each, seed %d", t.Epochs, t.Steps, t.Seed)},
		{Name: "Loss", Value: fmt.Sprintf("%.4g", t.Loss)},
	}
	if j.training == nil {
		return append(facts, report.Fact{Name: "Loaded from", Value: j.modelFile})
	}
	r := j.training
	if k := len(r.Loss); k > 0 {
		facts[len(facts)-1].Value = fmt.Sprintf("%.4g at first, %.4g at the end", r.Loss[0].Total, r.Loss[k-1].Total)
	}
	facts = append(facts,
		report.Fact{Name: "Rows left out", Value: fmt.Sprintf("%d incomplete, %d excluded", r.RowsDropped, r.RowsExcluded)},
		report.Fact{Name: "Mixture", Value: fmt.Sprintf("%.2f effective components in %d dimensions", r.Components, r.Dim)},
		report.Fact{Name: "Took", Value: r.Duration.Round(10 * time.Millisecond).String()})
	if c := r.Comparison; c.Faults > 0 {
		facts = append(facts, report.Fact{Name: "Synthetic faults", Value: fmt.Sprintf("ROC-AUC %.3f; a plain Gaussian mixture %.3f", c.Model, c.PlainMixture)})
	}
	return facts
}
