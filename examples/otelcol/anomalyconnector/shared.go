package anomalyconnector

import (
	"context"
	"sync"

	"go.opentelemetry.io/collector/connector"

	"github.com/metric-streams/anomaly/examples/otelcol/internal/watch"
)

// The collector makes one connector for each pair of signals that the pipelines ask for: metrics
// to metrics, metrics to logs, and logs to logs. The first two get the same metrics. All share a
// Watcher, which observes the metrics once.

// sharedSet has what the connectors of one configuration share.
type sharedSet struct {
	mu  sync.Mutex
	all map[*Config]*shared
}

// shared is a Watcher and its users.
type shared struct {
	*watch.Watcher
	set *sharedSet
	cfg *Config

	mu      sync.Mutex
	started int
	passes  bool // one that sends metrics on runs, and observes them
}

func (s *sharedSet) get(cfg *Config, set connector.Settings) (*shared, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if one := s.all[cfg]; one != nil {
		return one, nil
	}
	w, err := watch.New(cfg, set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	one := &shared{Watcher: w, set: s, cfg: cfg}
	s.all[cfg] = one
	return one, nil
}

// start starts the Watcher with its first user.
func (s *shared) start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.started == 0 {
		if err := s.Start(); err != nil {
			return err
		}
	}
	s.started++
	return nil
}

// shutdown ends the Watcher with its last user.
func (s *shared) shutdown(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.started--; s.started > 0 {
		return nil
	}
	s.set.mu.Lock()
	delete(s.set.all, s.cfg)
	s.set.mu.Unlock()
	return s.Shutdown(ctx)
}

func (s *shared) setPasses(v bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.passes = v
}

// passing reports whether a connector that sends metrics on observes them.
func (s *shared) passing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.passes
}
