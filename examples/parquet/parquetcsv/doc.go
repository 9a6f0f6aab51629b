// Package parquetcsv reads Parquet files of metrics as CSV, or as a dataset.Table.
//
// A cell is written so that nothing is lost: whole numbers and decimals with every digit, floats
// with as many as their bits need, times as RFC 3339. A null and NaN are an empty cell, which is
// a missing value. Pages are read one by one, so memory does not grow with the file or its row
// groups.
//
//	Parquet                            CSV
//	timestamp adjusted to UTC, int96   2024-03-14T09:50:00.000000001Z
//	timestamp of no zone               2024-03-14T09:50:00.000000001, a clock on the wall
//	date                               2024-03-14
//	time of day                        09:50:00.000000001
//	boolean                            1 or 0
//	string, enum, JSON                 the text, also where the file has a dictionary of texts
//	binary                             the text where it is UTF-8, or else as fixed binary
//	fixed binary                       0x and hexadecimal digits
//	UUID                               00112233-4455-6677-8899-aabbccddeeff
//
// What Arrow adds to a file is not read: a duration is the whole number that is stored.
//
// Columns that hold lists, maps or groups are left out, with a note.
package parquetcsv
