package evaluate

import "fmt"

// AlarmJudgement says how alarms and labelled incidents go together.
type AlarmJudgement struct {
	Incidents []FoundIncident // in order of time
	// True reports for each alarm whether one of its samples is labelled: True[k] is alarm k+1.
	True []bool
}

// FoundIncident is a labelled incident and what the alarms made of it.
type FoundIncident struct {
	Span
	// First is the row of the incident's first sample that belongs to an alarm, and Alarm the
	// number of that alarm. They are −1 and 0 where there is none.
	First, Alarm int
	// Told is the row at which somebody was told: the first message of an alarm within the
	// incident, or else the last one that alarm Alarm sent before. It is −1 where First is.
	Told int
}

// Early is how many rows before an incident's first one an alarm may tell of it. Incidents
// begin before they are labelled, and flags that near make one episode.
const Early = NearbyRows

// Found reports whether an alarm told of the incident: with one of its samples, or at most
// Early rows before the first. An alarm that was open for longer, and said nothing new,
// told of something else.
func (f FoundIncident) Found() bool { return f.First >= 0 && f.Told >= f.Start-Early }

// Delay returns the rows from the incident's first one to Told. It is negative where the
// alarm told before, and means nothing where First is −1.
func (f FoundIncident) Delay() int { return f.Told - f.Start }

// JudgeAlarms holds the alarms of a detector against labelled incidents. labels[i] reports
// whether sample i is anomalous. alarms[i] is the number, from 1, of the alarm that sample i
// belongs to: the sample was flagged while that alarm was open. 0 means no alarm. told[i]
// reports whether an alarm told of itself with sample i: it opened, reopened or became more
// severe. A nil told is the first sample of each alarm. An incident is a run of labelled
// samples. An alarm without a labelled sample is false.
func JudgeAlarms(labels []bool, alarms []int, told []bool) (AlarmJudgement, error) {
	var j AlarmJudgement
	if len(labels) != len(alarms) || told != nil && len(told) != len(alarms) {
		return j, fmt.Errorf("evaluate: %d labels and %d messages for %d samples", len(labels), len(told), len(alarms))
	}
	for i, a := range alarms {
		if a < 0 || a > len(alarms) {
			return j, fmt.Errorf("evaluate: sample %d belongs to alarm %d", i, a)
		}
		for len(j.True) < a {
			j.True = append(j.True, false)
		}
		if a > 0 && labels[i] {
			j.True[a-1] = true
		}
	}
	if told == nil {
		told = firstSamples(alarms)
	}
	for _, span := range Incidents(labels) {
		j.Incidents = append(j.Incidents, find(span, alarms, told))
	}
	return j, nil
}

func firstSamples(alarms []int) []bool {
	out, seen := make([]bool, len(alarms)), map[int]bool{0: true}
	for i, a := range alarms {
		out[i] = !seen[a]
		seen[a] = true
	}
	return out
}

func find(span Span, alarms []int, told []bool) FoundIncident {
	f := FoundIncident{Span: span, First: -1, Told: -1}
	for i := span.Start; i < span.End; i++ {
		if alarms[i] == 0 {
			continue
		}
		if f.First < 0 {
			f.First, f.Alarm = i, alarms[i]
		}
		if told[i] {
			f.Told = i
			return f
		}
	}
	for i := span.Start - 1; i >= 0 && f.First >= 0 && f.Told < 0; i-- {
		if told[i] && alarms[i] == f.Alarm {
			f.Told = i
		}
	}
	return f
}

// Verdict says whether alarm k+1 holds a labelled sample: yes, no, or ? where there is no
// judgement.
func (j *AlarmJudgement) Verdict(k int) string {
	switch {
	case j == nil:
		return "?"
	case k < len(j.True) && j.True[k]:
		return "yes"
	}
	return "no"
}

// Found counts the incidents that were found.
func (j *AlarmJudgement) Found() (n int) {
	for _, i := range j.Incidents {
		if i.Found() {
			n++
		}
	}
	return n
}

// False counts the alarms that are false.
func (j *AlarmJudgement) False() (n int) {
	for _, t := range j.True {
		if !t {
			n++
		}
	}
	return n
}
