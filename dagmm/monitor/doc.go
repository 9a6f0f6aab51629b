// Package monitor watches the metrics of many hosts: it trains a model for each, scores
// their samples, raises alarms, and goes on after a restart where it stopped.
//
// A [Monitor] takes samples as they come ([Monitor.Push]). For each stream it collects a
// window of samples, trains a model of it in the background, and lets a detector of package
// dagmm/alarm turn scores into alarms. Trainings are repeated. A new model replaces the old
// one only if it passes the gate: it must be calibrated on recent samples that it has not
// learned, and find synthetic faults about as well as the old one.
//
// What a Monitor knows of its streams it keeps in a [Store], by default the files of a
// folder, and in a journal of the samples since. Nothing that Push has acknowledged is lost
// when the process dies.
package monitor
