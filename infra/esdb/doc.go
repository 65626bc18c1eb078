// Package esdb is the event log on an EventStoreDB server: 22.10 to 24.10, KurrentDB 25.
//
// It wraps EventStore-Client-Go v4.2.0, the last release of that client, and keeps
// its weak points away from the rest of the program:
//
//   - Its default settings lose a server that restarts. Here each client has one
//     connection, is given up at the first sign of a fault and replaced, for as
//     long as the caller waits (link.go, conn.go).
//   - Its calls can hang past their context, and Close beside a call panics. Here a
//     call runs in a goroutine of its own, the caller waits for it or for the
//     context, and a client is closed when its last call is over (call.go).
//   - Its errors come in three shapes. Here they are a Fault of one code each,
//     with a sentence for people (fault.go, classify.go).
//   - It writes to the standard log, and settings that it does not know or cannot
//     read go unnoticed. Here they are refused or a warning (settings.go).
//   - It ends the program when the server sends an event without a time of
//     creation. No server was seen to do that, and nothing can be done about it here.
//
// In a cluster the leader is preferred. Another nodePreference takes load from it, but
// its node may lag: a reader there may not see at once what was just appended, and nobody is
// erased through it (MayLag).
//
// The server belongs to one log: whatever else writes streams there writes into the
// log. What the server writes itself, in streams and with event types that begin
// with "$", and the log's identity in the stream IdentityStream are not part of the
// log: readers, subscribers and Head pass them by.
package esdb
