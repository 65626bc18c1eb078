// Package domain is the functional core of Hồ Sơ: what happens to an
// administrative dossier (events), what it comes to (Evolve), and what may
// happen next (one command a file, each with its Decide). It does no I/O and
// knows no clock; whoever calls it brings the time, the actor and the
// catalogue in Env.
//
// The guards of the lifecycle are named errors in guards.go. Violation says
// which guard an event breaks by the state alone; commands add what needs the
// catalogue, the clock or the actor.
package domain
