// Package alarm turns the scores of one stream into few, explained alarms.
//
// A model flags single samples. A [Detector] decides which of them are worth an operator's
// attention: it holds a budget of false alarms a day by moving the threshold, joins flagged
// samples to alarms that open and close, and says when a stream falls silent or a metric is
// stuck. What it has to say it says in typed [Event] values.
//
// A Detector can be stored and resumed ([Detector.State], [Resume]) and can be succeeded by
// the detector of a newer model ([Detector.Succeed]). Package dagmm/monitor does all of that
// for many streams.
package alarm
