// Package dataset holds recordings of metrics: it reads them from the CSV files that
// monitoring tools export, scales them for training, and makes synthetic ones whose
// anomalies are known.
//
// ReadCSV and ReadCSVFile need no options for most exports. They recognise gzip and UTF-16,
// the delimiter, preamble and header (also dstat's two rows of groups and names), the
// decimal sign, the time column and how times are written, and a label column; Table.Roles,
// Table.Describe and Table.Notes say what was decided. What cannot be decided is an error
// that names line and column and the field of CSVOptions that settles it. A missing value
// is NaN, an infinite one is an error, and no data row is dropped.
//
// Three things a file does not tell are left to the user: which columns hold running totals
// (CSVOptions.Counters), which numbers mean "no value" (Sentinels), and the unit (Scale).
// Notes point at columns that look as if they needed it.
//
// Generate makes the metrics of a host with faults of four kinds, each recorded with its
// rows and its metric, so that detection and explanation can be judged.
package dataset
