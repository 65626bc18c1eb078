// Package bench holds the benchmarks of the program as a whole. Each is a ratio
// of two rates measured in one run on one machine: what the program does
// against what the same engine does driven directly. Its code is in its tests;
// see task bench.
//
// HOSO_BENCH_DOSSIERS sets how many simulated dossiers are loaded first
// (100,000 where unset, 300 under -short); HOSO_BENCH_DIR keeps them between runs.
package bench
