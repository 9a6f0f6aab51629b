package main

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"time"
)

// check reads all events of all processes: none may be missing or come twice, and each
// incident must have its alarm.
func check(path string, o options) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	last := map[string]uint64{}
	opened, closed := map[string][]int64{}, map[string][]int64{}
	lost, twice, alarms := 0, 0, 0
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var stream, kind string
		var seq uint64
		var begin, at int64
		if _, err := fmt.Sscanf(lines.Text(), "%s %d %s %d %d", &stream, &seq, &kind, &begin, &at); err != nil {
			return fmt.Errorf("event %q: %w", lines.Text(), err)
		}
		switch {
		case seq <= last[stream]:
			twice++
		case seq > last[stream]+1:
			lost += int(seq - last[stream] - 1)
		}
		last[stream] = max(last[stream], seq)
		switch kind {
		case "opened":
			alarms++
			opened[stream] = append(opened[stream], at)
		case "closed":
			closed[stream] = append(closed[stream], at)
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	incidents, found := 0, 0
	for h := range o.hosts {
		g := newHost(o.seed, h)
		for i := range o.days*1440 - 60 {
			if g.incident(i) {
				incidents++
				if covered(opened[name(h)], closed[name(h)], start.Add(time.Duration(i)*time.Minute).Unix()) {
					found++
				}
			}
		}
	}
	fmt.Printf("%d alarms (%.2f a host and day); %d of %d incidents; %d events lost, %d twice\n", alarms,
		float64(alarms)/float64(o.hosts*o.days), found, incidents, lost, twice)
	if lost+twice > 0 {
		return fmt.Errorf("%d events lost, %d twice", lost, twice)
	}
	return nil
}

// covered tells whether an alarm is open in the minutes of an incident.
func covered(opened, closed []int64, at int64) bool {
	end := at + 60*incidentLasts
	for k, from := range opened {
		to := end
		if k < len(closed) {
			to = closed[k]
		}
		if from <= end && to >= at {
			return true
		}
	}
	return slices.Contains(opened, at)
}
