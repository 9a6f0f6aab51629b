//go:build linux

package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestServiceStoresAndDiscards(t *testing.T) {
	s, err := startService(filepath.Join(t.TempDir(), "log"))
	require.NoError(t, err)
	defer s.stop()
	body := bytes.Repeat([]byte("line\n"), 10_000)
	for range 3 {
		require.NoError(t, post(t.Context(), http.DefaultClient, s.url, bytes.NewReader(body)))
	}
	require.Equal(t, 3*len(body), s.recent.chunks[0].used)

	c, err := net.Dial("tcp", s.sink)
	require.NoError(t, err)
	_, err = c.Write(make([]byte, 8<<20))
	require.NoError(t, err)
	require.NoError(t, c.Close())

	done, err := s.rotate()
	require.NoError(t, err)
	f, err := os.Open(done)
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	written, err := io.ReadAll(z)
	require.NoError(t, err)
	require.Equal(t, bytes.Repeat(body, 3), written)
}

func TestMemoryForgetsOldBatches(t *testing.T) {
	var m memory
	now := time.Now()
	batch := bytes.Repeat([]byte{1}, chunkLen/2)
	for i := range 6 { // three chunks
		require.NoError(t, m.add(batch, now.Add(time.Duration(i)*time.Second)))
	}
	require.Len(t, m.chunks, 3)
	require.NoError(t, m.add(batch, now.Add(keepFor+4*time.Second)))
	require.Len(t, m.chunks, 2, "the third chunk has a batch that is young enough")
	require.Equal(t, batch, m.chunks[0].data[:chunkLen/2])
}
