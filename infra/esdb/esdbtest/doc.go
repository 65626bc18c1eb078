// Package esdbtest is a test double of EventStoreDB that speaks its gRPC
// protocol, so that package esdb and everything above it can be tested where
// the server cannot be had. It is no database: it is not replicated, not tuned
// and not to be trusted with data.
//
// What a real server answered was recorded, call by call; the tests of this
// package repeat the recording and compare. The double leaves out of it:
//
//	one-node.jsonl:80 batch append: ok, same again, conflict
//
// The Go client makes no such call, and the server answers it oddly. Not
// recorded and not there either: persistent subscriptions, projections, users'
// administration, scavenging, redaction, monitoring, operations. The list of
// features nevertheless names them all, as the real one does, because clients
// choose by it how they talk. Calls of theirs are answered Unimplemented.
//
// The double knows four versions. From 24.10 on (and KurrentDB 25) a filtered
// subscription that catches up sends a checkpoint just before caughtUp, one to
// a missing stream is caught up at once, a search window of 0 ends with an
// error, a position at no record has answers of its own; 22.10 knows no
// caughtUp. The rest is alike.
//
// It is simpler than the server where no client sees it: the nodes of a
// [Cluster] share one log, and a follower is never behind; the log lies in one
// file, whose offsets are the positions, and each record takes the room it
// takes on the server; event ids at any revision are remembered for the last
// 100,000 events since the start; regular expressions are Go's.
package esdbtest
