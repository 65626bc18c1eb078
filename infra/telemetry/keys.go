package telemetry

import (
	"context"
	"crypto/cipher"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"hoso/commands"
	"hoso/domain"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
)

type keyMetrics struct {
	asked *prometheus.CounterVec
	calls *prometheus.HistogramVec
}

func newKeyMetrics() keyMetrics {
	return keyMetrics{
		asked: counters("hoso_keys_asked_total", "Times that a person's key was asked for, to open or seal a value; outcome is ok, erased, unavailable or error.", "outcome"),
		calls: histogram("hoso_keys_seconds", "Time of a call to the key store; outcome as above. call is resolve (find or make a person), make (one without numbers) or destroy.", "call", "outcome"),
	}
}

func (m *keyMetrics) all() []prometheus.Collector {
	return []prometheus.Collector{m.asked, m.calls}
}

// Keys are the command side's keys, counted.
func Keys(inner commands.Keys, m *Metrics) commands.Keys {
	if m == nil {
		return inner
	}
	return countedKeys{inner, &m.keys}
}

// KeyOf is the codec's access to a person's key, counted.
func KeyOf(inner func(domain.SubjectID) (cipher.AEAD, error), m *Metrics) func(domain.SubjectID) (cipher.AEAD, error) {
	if m == nil {
		return inner
	}
	ok := m.keys.asked.WithLabelValues("ok") // asked for every sealed event
	return func(s domain.SubjectID) (cipher.AEAD, error) {
		key, err := inner(s)
		if err == nil {
			ok.Inc()
		} else {
			m.keys.asked.WithLabelValues(keyOutcome(err)).Inc()
		}
		return key, err
	}
}

type countedKeys struct {
	commands.Keys
	m *keyMetrics
}

// Resolve implements commands.Keys.
func (k countedKeys) Resolve(ctx context.Context, candidate domain.SubjectID, ids ...string) (domain.SubjectID, error) {
	start := time.Now()
	found, err := k.Keys.Resolve(ctx, candidate, ids...)
	k.m.call("resolve", start, err)
	return found, err
}

// Make implements commands.Keys.
func (k countedKeys) Make(ctx context.Context, candidate domain.SubjectID) error {
	start := time.Now()
	err := k.Keys.Make(ctx, candidate)
	k.m.call("make", start, err)
	return err
}

// Destroy implements commands.Keys.
func (k countedKeys) Destroy(ctx context.Context, subject domain.SubjectID) error {
	start := time.Now()
	err := k.Keys.Destroy(ctx, subject)
	k.m.call("destroy", start, err)
	return err
}

func (m *keyMetrics) call(call string, start time.Time, err error) {
	m.calls.WithLabelValues(call, keyOutcome(err)).Observe(time.Since(start).Seconds())
}

func keyOutcome(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, codec.ErrErased):
		return "erased"
	case errors.Is(err, eventlog.ErrUnavailable):
		return "unavailable"
	}
	return "error"
}
