package watch

import (
	"strconv"
	"strings"
)

// Names of streams and subjects. All begin with "fleet", so that other things may live in the
// same account.
const (
	samplesStream = "FLEET_SAMPLES"
	alarmsStream  = "FLEET_ALARMS"
	jobsStream    = "FLEET_JOBS"
	bucketName    = "fleet"         // what is known of partitions and hosts
	resultsName   = "fleet-results" // of trainings, for a while

	samplesPrefix  = "fleet.samples."
	tickToken      = "_" // in place of a host: the message tells the time; no host has this token
	alarmsPrefix   = "fleet.alarms."
	ownersPrefix   = "fleet.owners." // marks of new owners in the stream of alarms
	jobsPrefix     = "fleet.jobs."
	trainedSubject = "fleet.trained"   // tells that a result is there; not stored
	beatSubject    = "fleet.heartbeat" // not stored
	bucketPrefix   = "$KV." + bucketName + "."

	settingsKey = "settings"
	ownerKey    = "owner."   // and the partition: who owns it
	lowKey      = "low."     // and the partition: all messages up to this one are in the states
	stateKey    = "state."   // and partition and host
	modelKey    = "model."   // and partition, host and content
	damagedKey  = "damaged." // and partition and host
)

func of(prefix string, partition int) string { return prefix + strconv.Itoa(partition) }

// ofHost returns the subject or key of a host.
func ofHost(prefix string, partition int, token string) string {
	return of(prefix, partition) + "." + token
}

// SampleSubject returns the subject to which the samples of a host are published. The server
// adds the partition.
func SampleSubject(token string) string { return samplesPrefix + token }

// tickSubject is that of the time in a partition. It is below the same wildcard as the hosts,
// because a consumer with one filter is many times faster than one with two.
func tickSubject(partition int) string { return ofHost(samplesPrefix, partition, tickToken) }

// isTick reports whether a stored message tells the time.
func isTick(subject string) bool { return strings.HasSuffix(subject, "."+tickToken) }

// partitionOf returns the partition in the subject of a stored sample.
func partitionOf(subject string) (int, error) {
	n, _, _ := strings.Cut(strings.TrimPrefix(subject, samplesPrefix), ".")
	return strconv.Atoi(n)
}

// hostOf returns the host in the subject of a stored message.
func hostOf(subject string) (token, host string, err error) {
	token = subject[strings.LastIndexByte(subject, '.')+1:]
	host, err = Host(token)
	return token, host, err
}
