package evaluate

import "fmt"

// AlarmJudgement says how alarms and labelled incidents go together.
type AlarmJudgement struct {
	Incidents []FoundIncident // in order of time
	// True reports for each alarm whether one of its samples is labelled: True[k] is alarm k+1.
	True []bool
}

// FoundIncident is a labelled incident and the first sample by which an alarm found it.
type FoundIncident struct {
	Span
	First int // row of that sample; −1 where the incident was missed
}

// JudgeAlarms holds the alarms of a detector against labelled incidents. labels[i] reports
// whether sample i is anomalous. alarms[i] is the number, from 1, of the alarm that sample i
// belongs to: the sample was flagged while that alarm was open. 0 means no alarm. An
// incident is a run of labelled samples; it is found where one of them belongs to an alarm.
// An alarm without a labelled sample is false.
func JudgeAlarms(labels []bool, alarms []int) (AlarmJudgement, error) {
	var j AlarmJudgement
	if len(labels) != len(alarms) {
		return j, fmt.Errorf("evaluate: %d labels for %d samples", len(labels), len(alarms))
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
	for _, span := range Incidents(labels) {
		found := FoundIncident{Span: span, First: -1}
		for i := span.Start; i < span.End && found.First < 0; i++ {
			if alarms[i] > 0 {
				found.First = i
			}
		}
		j.Incidents = append(j.Incidents, found)
	}
	return j, nil
}

// Found counts the incidents that were found.
func (j AlarmJudgement) Found() (n int) {
	for _, i := range j.Incidents {
		if i.First >= 0 {
			n++
		}
	}
	return n
}

// False counts the alarms that are false.
func (j AlarmJudgement) False() (n int) {
	for _, t := range j.True {
		if !t {
			n++
		}
	}
	return n
}
