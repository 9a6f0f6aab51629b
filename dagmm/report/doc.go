// Package report writes for people what a model flagged and why, and what the alarms of a
// detector would have been.
//
// [WriteRows] writes an HTML page about flagged rows. It begins with the incidents, which are
// flagged rows that lie close together ([Rows.Incidents]), and goes on with all metrics over
// time, scatter plots, the energies, and the explanation of every flagged row.
// [WriteIncidentsJSON] and [WriteIncidentsMarkdown] write the same incidents for programs and
// for tickets. [WriteHosts], [WriteHostsJSON] and [WriteHostsMarkdown] do so for several hosts,
// each with a model of its own. [WriteAlarms] writes an HTML page about alarms over time. Every
// page is one file that holds its script, style and data, and opens without a network.
package report
