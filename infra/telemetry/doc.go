// Package telemetry counts and traces what flows through the program, as
// wrappers around its ports: the log, the key store, the documents of
// projections. Nothing inside knows of it, and where metrics or traces are off
// there is no wrapper.
//
// Labels are few and bounded: kinds of streams, names of commands, projections
// and reactions, outcomes. Neither metrics nor spans hold an id, a code or
// anything about a person.
package telemetry
