// Package ingest turns what collectors deliver into an orderly stream of samples.
//
// Collectors deliver samples late, twice, out of order and with wrong clocks; they report
// counters where a rate is wanted, and numbers such as −1 where they know nothing. An
// [Input] deals with all of that for one stream, in bounded memory.
package ingest
