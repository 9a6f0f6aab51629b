// Package onnx writes a trained model as an ONNX file, which a runtime in any language can
// score with: raw metrics in; energy, p-value and verdict out. The file holds the whole
// scorer, from the scaling of the metrics to the calibration of the p-values.
//
// N rows are scored in one run. d is the number of metrics.
//
//	input    type    shape       meaning
//	metrics  double  N×d         rows in the metrics' own units and in the order of the property
//	                             "columns"; NaN is a missing value
//	hour     int64   N           only with a season: hours since Sunday 0:00, from 0 to 167, in
//	                             the time zone of the property "season_zone"
//	levels   double  N×(L+1)×d   only with recent levels: the state of each row's stream
//
//	output       type    shape       meaning
//	energy       double  N           higher is more abnormal
//	p_value      double  N           share of ordinary rows with an energy at least as high, as
//	                                 in dagmm.Verdict
//	tail_p_value double  N           the same with a fitted tail, as in dagmm.Tail
//	anomalous    bool    N           whether the energy lies above the threshold
//	next_levels  double  N×(L+1)×d   only with recent levels: the state after the row
//
// # Rows and streams
//
// The rows of a model without recent levels do not depend on each other: a run scores N of
// them. A model with recent levels (preset Series) compares each sample with those before it.
// A run then scores one sample of each of N streams that lie side by side. It takes the
// streams' states as levels and gives next_levels, which are the levels of the streams' next
// samples:
//
//	levels = all NaN             // a new stream has seen nothing
//	for each sample:
//		energy, …, levels = run(sample, levels)
//
// A state has L levels of each metric, one for each smoothing factor of the property
// "smoothing", and then the previous value. All are scaled, and NaN before the metric's first
// value. The result is what dagmm.Stream gives with Next. As there, a sample moves a level by a
// bounded step only, and the energies of the first 20 samples (dagmm.ContextWarmUp, the property
// "warm_up") mean little. After a gap start with NaN again.
//
// # What is not a number
//
// A row with a missing value has the energy and the p-values NaN and is not anomalous; its other
// metrics still move their levels. dagmm.Stream.Impute, which scores such samples by a search, is
// not in the file. A row with an infinite value, which Model and Stream refuse with an error,
// has NaN too, and leaves all of its stream's levels as they were. An energy that overflows is
// the largest number of its precision.
//
// # Season
//
// A model with a season (Model.WithSeason) was trained on rows from which the season was taken
// out. Model and Stream know no time and leave that to the caller; the file has the season in it
// and takes it out of the metrics itself.
//
// # Precision
//
// The energies of a file in double precision differ from the model's by rounding alone: in the
// tests of all presets by less than 1e-9 of max(1, |energy|). A row whose energy is that close to the threshold, or to an
// energy of the calibration, can fall on its other side.
//
// With Options.Float32 all of the above that is double is float, for runtimes that have nothing
// else. The energy of a row whose numbers single precision holds then agrees to 1e-4 for most
// models, and to 2e-3 where a network has learned to reconstruct a metric so closely that
// rounding shows in the residual. Where a model compares with recent levels, that holds for values
// within 10,000 scales of a metric's centre: a deviation from a level that is as large as the
// value itself loses its digits. Scaled values are limited to ±1e15, not ±1e100 as in the
// model, which changes the energies of absurd values only. A parameter that single precision
// cannot hold is an error.
//
// # Format
//
// Files are of ONNX IR version 8 and use the standard operators of opset 17, so that runtimes
// since 2022 read them. They carry these metadata properties:
//
//	format, format_version  "dagmm-onnx", "1"
//	library_version         of the library that trained the model
//	preset                  of training
//	columns                 names of the metrics, a JSON list of strings
//	threshold, quantile     the threshold is this quantile of the training energies
//	precision               "double" or "float"
//	interval_seconds        between samples in training; not there where unknown
//	smoothing, warm_up      with recent levels: a JSON list of numbers; 20
//	season_zone             with a season: its time zone, such as Europe/Berlin
//	reading                 how the training rows were read from a file, as JSON (dagmm.Reading):
//	                        the metrics are what that reading made of the file; not there where
//	                        nobody has said
package onnx
