package watch

import (
	"fmt"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// ServerConfig configures a server within this process.
type ServerConfig struct {
	Host string
	Port int    // -1 means a free one
	Dir  string // of the streams
	// Sync writes every message through to the disk before it is acknowledged. Otherwise what
	// is acknowledged outlives the process, and after a power failure the last two minutes may be
	// missing.
	Sync bool
}

// Serve starts a server with JetStream. Shutdown ends it.
func Serve(cfg ServerConfig) (*server.Server, error) {
	const (
		largest = 8 << 20 // bytes of a message: states and jobs
		ready   = 30 * time.Second
	)
	s, err := server.NewServer(&server.Options{ServerName: "fleet", Host: cfg.Host, Port: cfg.Port, JetStream: true, StoreDir: cfg.Dir,
		MaxPayload: largest, SyncAlways: cfg.Sync, NoSigs: true, NoLog: true, DisableJetStreamBanner: true})
	if err != nil {
		return nil, fmt.Errorf("watch: server: %w", err)
	}
	s.Start()
	if !s.ReadyForConnections(ready) {
		s.Shutdown()
		return nil, fmt.Errorf("watch: server on %s:%d with the folder %s is not ready after %s", cfg.Host, cfg.Port, cfg.Dir, ready)
	}
	return s, nil
}
