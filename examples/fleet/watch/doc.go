// Package watch is a worker of a fleet: it watches the hosts of some partitions, and trains
// models for all of them.
//
// Samples are a stream of JetStream, in which every host belongs to one of a fixed number of
// partitions. A partition has one owner at a time. The owner reads the partition in the order of
// the stream and feeds a monitor.Monitor for each host. The Monitors have no journal, because
// the stream is one: what is stored of a host says up to which message it goes, and whoever owns
// the partition next reads on from there.
//
// # Why nothing is lost and nothing comes twice
//
// A Monitor that is Synchronous is a function: the same samples and ticks in the same order give
// the same events with the same numbers (alarm.Event.Seq). The order is that of the stream. What
// is left to see to is that each message is applied once to what the next owner finds, and that
// each event is in the stream of alarms once:
//
//   - The state of a host and the number of its last message are one record of the bucket. It is
//     there as a whole or not at all.
//   - An event is in the stream of alarms before the state that has counted it is stored,
//     because Handle returns only then.
//   - An owner asks once for each host which event was the last, after it has become the owner,
//     and publishes none up to that.
//
// A worker may die at any point:
//
//   - After a sample is acknowledged and before it is pushed: the stream has it, and no state
//     counts it.
//   - After Push and before its events are published: the stored state is older. The next owner
//     pushes the same samples, and the same events come out.
//   - After events are published and before the state is stored: the same events come out with
//     the same numbers, and those that are there are left out.
//   - After the state is stored and before the partition's low mark is: messages are read that
//     the states have. They are left out by their numbers.
//   - Between storing a model and the state that names it: the training comes again, finds the
//     result of the first, and stores the same model under the same key.
//   - While it trains for somebody: the job goes to another worker, who finds the result where
//     the first has stored one.
//
// # A worker that is slow
//
// A worker may sleep for minutes and believe that it still owns a partition. No clock protects
// against that, so the server does: ownership is the key owner.N of the bucket, whose revision
// grows with each owner, and every write of a state says which revision it believes in
// (Nats-Expected-Last-Subject-Sequence of owner.N). The server refuses it once another owner has
// been written, in the same step in which it would store it. Alarms are another stream, and the
// header is bound to a stream; so a new owner writes a mark there too (owners.N), and alarms
// are published on condition of that mark. A worker that is refused lets go of the partition and
// forgets what it has in memory.
package watch
