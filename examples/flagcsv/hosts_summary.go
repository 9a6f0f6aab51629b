package main

import (
	"fmt"
	"io"
)

// maxHostIncidents bounds the incidents that are printed of each host.
const maxHostIncidents = 10

// maxLeftOut bounds the hosts that are printed as left out.
const maxLeftOut = 20

// printHosts prints how the file was read.
func printHosts(w io.Writer, f *fleet, column string) {
	fmt.Fprintf(w, "%s: %s", printable(f.source), printable(f.describe(column)))
	for _, note := range f.notes {
		fmt.Fprintf(w, "note: %s\n", printable(note))
	}
	fmt.Fprintln(w)
}

// printFleet prints a section for each host, and what they have in common.
func printFleet(w io.Writer, f *fleet) error {
	with, flagged, incidents := 0, 0, 0
	for _, j := range f.jobs {
		if err := printHost(w, j); err != nil {
			return err
		}
		if len(j.incidents) > 0 {
			with++
		}
		flagged, incidents = flagged+len(j.flagged), incidents+len(j.incidents)
	}
	fmt.Fprintf(w, "%d of %s with incidents: %s, %d of %s flagged: energy above the %s of the host\n",
		with, counted(len(f.jobs), "host"), counted(incidents, "incident"), flagged, counted(f.rows(), "row"), f.jobs[0].thresholdNote())
	if note := f.hosts().WeakNote(); note != "" {
		fmt.Fprintln(w, note)
	}
	for _, l := range f.leftOut[:min(len(f.leftOut), maxLeftOut)] {
		fmt.Fprintf(w, "left out: %s: %s\n", printable(l.Name), printable(l.Value))
	}
	if more := len(f.leftOut) - maxLeftOut; more > 0 {
		fmt.Fprintf(w, "left out: %s more\n", counted(more, "host"))
	}
	return nil
}

// printHost prints the section of one host.
func printHost(w io.Writer, j *job) error {
	fmt.Fprintf(w, "== %s: %s, %d of %d rows flagged, preset %s\n", printable(j.host), counted(len(j.incidents), "incident"),
		len(j.flagged), len(j.energies)-j.unscored(), j.model.Training().Preset)
	if n := j.unscored(); n > 0 {
		fmt.Fprintf(w, "%s more with missing values and no energy\n", counted(n, "row"))
	}
	for _, note := range j.warnings() {
		fmt.Fprintf(w, "note: %s\n", printable(note))
	}
	if j.bound != "" {
		fmt.Fprintln(w, j.bound)
	}
	if err := printAgreement(w, j); err != nil {
		return err
	}
	if len(j.incidents) > 0 {
		printIncidents(w, j, maxHostIncidents)
		return nil
	}
	fmt.Fprintln(w)
	return nil
}
