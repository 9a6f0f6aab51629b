//go:build linux

package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// service takes log batches: a POST is compressed, written to the log, synced
// and remembered. What comes in on the sink is thrown away.
type service struct {
	url    string
	sink   string // address for plain TCP
	server *http.Server
	drain  net.Listener
	slots  chan struct{} // bounds the batches in work at once
	recent memory

	mu      sync.Mutex
	segment *os.File // of the log
	dir     string
	count   int

	zips, buffers sync.Pool
}

func startService(dir string) (*service, error) {
	s := &service{dir: dir, slots: make(chan struct{}, 8)}
	s.buffers.New = func() any { return new(bytes.Buffer) }
	s.zips.New = newZip
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	if _, err := s.rotate(); err != nil {
		return nil, err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	if s.drain, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	s.url, s.sink = "http://"+ln.Addr().String(), s.drain.Addr().String()
	s.server = &http.Server{Handler: http.HandlerFunc(s.ingest), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.server.Serve(ln) }() // ends with stop
	go s.discard()
	return s, nil
}

func newZip() any {
	z, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // fails for unknown levels only
	return z
}

func (s *service) stop() {
	_ = s.server.Close()
	_ = s.drain.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.segment.Close()
}

func (s *service) ingest(w http.ResponseWriter, r *http.Request) {
	s.slots <- struct{}{}
	defer func() { <-s.slots }()
	body := s.buffers.Get().(*bytes.Buffer)
	defer s.buffers.Put(body)
	body.Reset()
	_, err := body.ReadFrom(r.Body)
	if err == nil {
		err = s.store(body.Bytes())
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

func (s *service) store(body []byte) error {
	out := s.buffers.Get().(*bytes.Buffer)
	defer s.buffers.Put(out)
	out.Reset()
	z := s.zips.Get().(*gzip.Writer)
	defer s.zips.Put(z)
	z.Reset(out)
	if _, err := z.Write(body); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	if err := s.recent.add(body, time.Now()); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.segment.Write(out.Bytes())
	return err
}

// rotate starts a new segment and returns the path of the finished one.
func (s *service) rotate() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var done string
	if s.segment != nil {
		done = s.segment.Name()
		if err := s.segment.Close(); err != nil {
			return "", err
		}
	}
	var err error
	s.count++
	name := filepath.Join(s.dir, fmt.Sprintf("segment-%d", s.count))
	s.segment, err = os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_SYNC, 0o644)
	return done, err
}

// discard reads connections to their end, with as little work as can be.
func (s *service) discard() {
	for {
		c, err := s.drain.Accept()
		if err != nil {
			return // stopped
		}
		go func() {
			defer c.Close()
			var err error
			for buf := make([]byte, 256<<10); err == nil; {
				_, err = c.Read(buf)
			}
		}()
	}
}
