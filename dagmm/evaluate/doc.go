// Package evaluate measures scores and alarms against labels: what a researcher reports and
// what an operator notices.
//
// A higher score is always more abnormal, and a row is flagged where its score lies above
// the threshold. A [Ranking] looks at rows one by one: average precision, ROC-AUC, a
// [Confusion]; [Agree] does it for rows of which some have no score. A [Timeline] looks at consecutive samples: which labelled incidents were
// found, and how many false episodes there were a day. [Episodes]
// groups flagged rows into incidents. [JudgeAlarms] looks at the alarms of a detector. No measure is point-adjusted: a flag counts for its own row only.
package evaluate
