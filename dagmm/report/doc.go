// Package report writes HTML pages for people: what a model flagged and why, and what the
// alarms of a detector would have been.
//
// [WriteRows] writes a page about flagged rows: 3-D scatter plots of the metrics, the density
// of the energies, the energies over time, and the explanation of every flagged row.
// [WriteAlarms] writes a page about alarms over time. Every page is one file that holds its
// script, style and data, and opens without a network.
package report
