package watch

import (
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/metric-streams/anomaly/dagmm/alarm"
)

// tells reports whether a log record is made of events of a kind. The others are in the log of
// the collector.
func tells(k alarm.Kind) bool {
	switch k {
	case alarm.WarmingUp, alarm.Retrained, alarm.Kept, alarm.RetrainFailed:
		return false
	}
	return true
}

// sentence returns what an event says to people.
func sentence(e alarm.Event) string {
	if e.Detail == "" && e.Explanation != nil {
		return e.Explanation.String()
	}
	return e.Detail
}

// cause returns the metric that an event is about; "" where there is none.
func cause(e alarm.Event) string {
	if e.Metric != "" || e.Explanation == nil || len(e.Explanation.Contributions) == 0 {
		return e.Metric
	}
	return e.Explanation.Contributions[0].Metric
}

// severity returns how bad it is. Critical is what the specification says of syslog's word.
func severity(e alarm.Event) (plog.SeverityNumber, string) {
	switch e.Kind {
	case alarm.Opened, alarm.Continued, alarm.Reopened:
		switch e.Severity {
		case alarm.Critical:
			return plog.SeverityNumberError2, "critical"
		case alarm.Major:
			return plog.SeverityNumberError, "major"
		}
		return plog.SeverityNumberWarn, "minor"
	case alarm.NoData, alarm.MetricMissing, alarm.Stuck:
		return plog.SeverityNumberWarn, "warning"
	}
	return plog.SeverityNumberInfo, "info"
}

// record appends an event as a log record.
func record(out plog.Logs, resource pcommon.Map, units map[string]string, e alarm.Event, now time.Time) {
	rl := out.ResourceLogs().AppendEmpty()
	resource.CopyTo(rl.Resource().Attributes())
	sl := rl.ScopeLogs().AppendEmpty()
	sl.Scope().SetName(scopeName)
	r := sl.LogRecords().AppendEmpty()
	r.SetTimestamp(pcommon.NewTimestampFromTime(e.Time))
	r.SetObservedTimestamp(pcommon.NewTimestampFromTime(now))
	r.SetEventName("anomaly." + strings.ReplaceAll(string(e.Kind), " ", "_"))
	number, text := severity(e)
	r.SetSeverityNumber(number)
	r.SetSeverityText(text)
	a := r.Attributes()
	a.PutStr("anomaly.kind", string(e.Kind))
	a.PutInt(seqAttribute, int64(e.Seq))
	body := string(e.Kind)
	if s := sentence(e); s != "" {
		body += ": " + s
	}
	r.Body().SetStr(body)
	if metric := cause(e); metric != "" {
		a.PutStr("anomaly.metric", metric)
		if unit := units[metric]; unit != "" {
			a.PutStr("anomaly.unit", unit)
		}
	}
	if e.Alarm == 0 {
		return
	}
	a.PutInt("anomaly.alarm", int64(e.Alarm))
	if e.Explanation == nil {
		return
	}
	a.PutStr("anomaly.severity", e.Severity.String())
	a.PutStr("anomaly.start", e.Start.UTC().Format(time.RFC3339Nano))
	a.PutStr("anomaly.end", e.End.UTC().Format(time.RFC3339Nano))
	a.PutInt("anomaly.samples", int64(e.Samples))
	a.PutDouble("anomaly.energy", e.Peak.Energy)
	a.PutDouble("anomaly.threshold", e.Peak.Threshold)
	a.PutDouble("anomaly.p_value", e.Peak.PValue)
	if len(e.Explanation.Contributions) > 0 {
		c := e.Explanation.Contributions[0]
		a.PutDouble("anomaly.value", c.Value)
		a.PutDouble("anomaly.expected.low", c.Low)
		a.PutDouble("anomaly.expected.high", c.High)
	}
}
