// Package logpubsub is a Watermill Pub/Sub over an event log, which is any
// engine behind the port eventlog: SQLite, EventStoreDB, memory. It imports the
// port and Watermill and nothing else of its surroundings, so that it can be
// lifted out (it is an answer to Watermill's issue 129, "Eventstore Pub/Sub").
// Watermill's packages are named after what carries the messages; here that is
// the log.
//
// # Publisher
//
// The topic is the stream. Each message says in its metadata at which revision
// it is appended (Expect writes it), and one that does not is refused: a
// publisher that appended "anywhere" would give up both concurrency control and
// safe retries. "No stream yet" is said explicitly (NoStream). The messages of
// one Publish are one append: all of them or none, with consecutive revisions.
//
//	message.UUID                            event id, a UUID in its usual form
//	message.Payload                         data, byte for byte; engines take it for JSON
//	Metadata["eventlog_type"]               event type, required
//	Metadata["eventlog_expected_revision"]  "no_stream", or the revision before it, required
//	other metadata                          metadata of the event, a JSON object of strings
//
// A stream at another revision is an *eventlog.ConflictError. An append of
// which it is not known whether it was written is repeated with the same ids at
// the same revision until that is known, so a Publish that ends well has
// appended once.
//
// # Subscriber
//
// A topic is a stream by its name, all streams that begin alike (Prefix), or
// the whole log (All). What it gives is declared here:
//
//   - Order. Messages come in the order of the log, one at a time: the next is
//     withheld until Ack. A Nack brings the same event again, after a pause
//     that grows, and nothing overtakes it: an event that can never be handled
//     needs a poison queue in front of the Nack.
//   - At least once, without gaps. The position is kept (Checkpoints) after
//     Ack, so the next subscription goes on there. An event comes again when the
//     process ended, or the store failed, between Ack and keeping the position;
//     when a handler answered later than CloseTimeout after the end; and when
//     two subscriptions share one store, for each gets every event. A new store,
//     a checkpoint of another log, or of a state that this log no longer has
//     (restored from an older backup) begin again at the first event, and the
//     log of the program says so.
//   - Where gaps could come from: only from a store that tells a position it
//     was never given, and from an engine that breaks the port's promise that a
//     subscription has none. With SettledBy events are left out on purpose.
//   - Faults of the log and of the store are waited out until Close or the end
//     of the context; messages simply do not come meanwhile.
//   - Close and the end of the context cancel the context of the message that
//     is out, wait for its Ack or Nack (at most CloseTimeout), and leave no
//     goroutine.
//
// A consumer group is a Checkpoints of its own. Groups do not compete for
// messages: a log's order would be lost.
//
// ByReference carries anything else that comes in order, such as batches
// decoded once for many, under the same rules and without making bytes of it.
//
// # Watermill's test suite
//
// The tests run github.com/ThreeDotsLabs/watermill/pubsub/tests on each engine,
// in single-event mode, and list what is skipped with the reason.
package logpubsub
