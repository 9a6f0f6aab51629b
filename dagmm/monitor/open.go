package monitor

import (
	"context"
	"errors"

	"github.com/metric-streams/anomaly/internal/disk"
)

// Open starts a Monitor, with the state in its Store and journal where there is one.
// Samples that were journaled after the last Save are replayed, and the events they give
// that had not been handled are handled now. Close ends it.
func Open(cfg Config) (*Monitor, error) { return openOn(disk.System, cfg) }

func openOn(fsys disk.FS, cfg Config) (*Monitor, error) {
	cfg, err := cfg.resolved()
	if err != nil {
		return nil, err
	}
	m := &Monitor{cfg: cfg, disk: fsys, streams: map[string]*stream{}, claimed: map[string]chan struct{}{}}
	m.ctx, m.cancel = context.WithCancel(context.Background())
	m.trainings.init()
	if err := m.restore(); err != nil {
		return nil, err
	}
	if !cfg.Synchronous {
		for range cfg.Workers {
			m.workers.Add(1)
			go m.work()
		}
	}
	m.resume()
	return m, nil
}

// resume starts the trainings that were under way when the state was written.
func (m *Monitor) resume() {
	for _, s := range m.all() {
		_, _ = m.do(s, func(s *stream) error {
			if s.inTraining {
				m.launch(s)
			}
			return nil
		})
	}
}

// Close stops the workers, cancels trainings, and saves the state where there is a Store.
// Samples that wait for earlier ones go on waiting after the next Open.
func (m *Monitor) Close() error {
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return nil
	}
	m.closed = true
	m.mu.Unlock()
	m.settle()
	m.cancel()
	m.trainings.close()
	m.workers.Wait()
	var errs []error
	if m.store != nil {
		errs = append(errs, m.Save())
	}
	if m.journal != nil {
		errs = append(errs, m.journal.close())
	}
	return errors.Join(errs...)
}
