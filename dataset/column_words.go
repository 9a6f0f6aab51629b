package dataset

import (
	"strings"
)

// timeNames are column names that mean a time, as nameWords splits them and joined with
// blanks.
var timeNames = map[string]bool{
	"time": true, "timestamp": true, "time stamp": true, "timestamps": true, "ts": true, "date": true, "datetime": true,
	"date time": true, "epoch": true, "unix": true, "unixtime": true, "unix time": true, "unix timestamp": true,
	"epoch time": true, "event time": true, "sample time": true, "start time": true, "system time": true, "local time": true,
	"utc time": true, "recorded at": true, "created at": true, "collected at": true, "sampled at": true,
	"date and time": true, "zeit": true, "zeitstempel": true, "datum": true, "uhrzeit": true, "datum uhrzeit": true,
	"fecha": true, "fecha hora": true, "fecha y hora": true, "hora": true, "horodatage": true, "heure": true, "date heure": true,
	"date et heure": true, "tijd": true, "tijdstip": true, "ora": true, "data ora": true, "data e ora": true, "data hora": true,
	"tarih": true, "zaman": true, "czas": true, "время": true, "дата": true, "дата и время": true,
	"时间": true, "时间戳": true, "日期": true, "日期时间": true, "時間": true, "日時": true, "時刻": true, "日付": true, "시간": true, "일시": true, "날짜": true,
}

// timeQualifiers are words that may follow such a name, as in ts_ms and time_utc, with the
// unit that they name.
var timeQualifiers = map[string]string{
	"raw": "", "generated": "", "utc": "", "gmt": "", "local": "", "iso": "", "iso8601": "", "unix": "", "epoch": "",
	"s": "s", "sec": "s", "secs": "s", "seconds": "s", "ms": "ms", "msec": "ms", "millis": "ms", "milliseconds": "ms",
	"us": "us", "micros": "us", "microseconds": "us", "ns": "ns", "nanos": "ns", "nanoseconds": "ns",
}

// isTimeWord reports whether a name means a time where a column's numbers can be one, though it
// could mean a frequency too.
func isTimeWord(name string) bool {
	return strings.EqualFold(name, "clock") // Zabbix
}

// isTimeName reports whether a column's name means a time. It also returns the unit in the
// name, if there is one.
func isTimeName(name string) (unit string, ok bool) {
	if strings.HasPrefix(name, "(PDH-CSV") {
		return "", true // Windows Performance Monitor
	}
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		if unit, ok = isTimeName(name[i+1:]); ok {
			return unit, ok
		}
	}
	words := nameWords(name)
	for {
		if timeNames[strings.Join(words, " ")] {
			return unit, true
		}
		if len(words) < 2 {
			return "", false
		}
		u, known := timeQualifiers[words[len(words)-1]]
		if !known {
			return "", false
		}
		if u != "" {
			unit = u
		}
		words = words[:len(words)-1]
	}
}

// labelNames are column names that mean a label, as nameWords splits them and joined with
// blanks.
var labelNames = map[string]bool{
	"label": true, "labels": true, "anomaly": true, "anomalies": true, "anomalous": true, "is anomaly": true,
	"isanomaly": true, "is anomalous": true, "anomaly label": true, "outlier": true, "is outlier": true,
	"isoutlier": true, "outlier label": true, "class": true, "ground truth": true, "groundtruth": true,
	"attack": true, "is attack": true, "attack label": true, "normal attack": true, "incident": true,
	"is incident": true, "true label": true, "y true": true,
}

func isLabelName(name string) bool { return labelNames[strings.Join(nameWords(name), " ")] }

// nameWords splits a column name into words of letters and digits, in lower case.
func nameWords(name string) []string {
	return strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r < 0x80
	})
}
