//go:build !race

package logpubsub_test

const raceDetector = false
