// Package dataset holds recordings of metrics. It reads them from CSV files that monitoring
// tools export, scales them for training, and generates synthetic ones with known anomalies.
//
// [ReadCSV] and [ReadCSVFile] need no options for most exports. They recognise gzip and
// UTF-16; the delimiter; a preamble and a header, also dstat's two rows of groups and names;
// the decimal sign; units in cells; the time column and the form of its times; and a label
// column.
// Table.Roles, Table.Describe and Table.Notes tell what they decided. Where the content does
// not decide, the error names the line, the column and the field of [CSVOptions] that does.
// A missing value becomes NaN, an infinite value is an error, and every data row is kept.
//
// A file does not tell three things: which columns hold running totals, which numbers mean
// "no value", and the unit of numbers that have none beside them. Set them in CSVOptions with
// Counters, Sentinels and Scale. Notes name columns that look as if they need one of these.
//
// A file may hold the recordings of several hosts, or a row for each series and time.
// [ReadRecordings] makes a table of each recording, and CSVOptions.Series a column of each
// series. Such rows are never read as one recording without a word.
//
// [Generate] makes the metrics of a host with faults of four kinds. It returns the rows and
// the metric of each fault, so that detection and explanation can be measured.
package dataset
