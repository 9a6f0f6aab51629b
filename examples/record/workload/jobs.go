//go:build linux

package main

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"io"
	"log"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// runJobs does what a server does beside its service, one job at a time with
// a random pause between: rotate the log, sort a table, back up files. No job
// starts so shortly before a fault that it could run into it. Traffic is the
// mean of the load in bytes a second, which the jobs' own size follows.
func runJobs(ctx context.Context, seed uint64, start time.Time, dir string, traffic float64, s *service) error {
	rng := rand.New(rand.NewPCG(seed, 2))
	text := logText(rng, int(4*traffic))
	table := filepath.Join(dir, "table")
	if err := os.WriteFile(table, text, 0o644); err != nil {
		return err
	}
	for i := 0; ; i++ {
		pause := time.Duration((15 + 25*rng.ExpFloat64()) * float64(time.Second))
		due := awayFromFaults(time.Now().Add(pause), start)
		if !sleepUntil(ctx, due) {
			return nil
		}
		name, err := "", error(nil)
		switch i % 3 {
		case 0:
			name, err = "rotation", rotation(ctx, s, 8*traffic)
		case 1:
			name, err = "sort", sortTable(ctx, table)
		case 2:
			name, err = "backup", zipFile(ctx, table, traffic/2)
		}
		if err != nil {
			return err
		}
		log.Printf("%6.0f s  %s, %.1f s", due.Sub(start).Seconds(), name, time.Since(due).Seconds())
	}
}

// rotation reads the finished segment once more, for its digest, and deletes
// it.
func rotation(ctx context.Context, s *service, rate float64) error {
	done, err := s.rotate()
	if err != nil {
		return err
	}
	if err := copyFile(ctx, sha256.New(), done, rate); err != nil {
		return err
	}
	return os.Remove(done)
}

// sortTable sorts on one core.
func sortTable(ctx context.Context, table string) error {
	cmd := exec.CommandContext(ctx, "sort", "--parallel=1", "-k6", "-o", table+".sorted", table)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "TMPDIR="+filepath.Dir(table))
	if err := cmd.Run(); err != nil {
		return err
	}
	return os.Remove(table + ".sorted")
}

// zipFile compresses a file at no more than rate bytes a second, syncs the
// result and deletes it.
func zipFile(ctx context.Context, path string, rate float64) error {
	out, err := os.Create(path + ".gz")
	if err != nil {
		return err
	}
	defer os.Remove(out.Name())
	defer out.Close()
	z := gzip.NewWriter(out)
	if err := copyFile(ctx, z, path, rate); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return out.Sync()
}

// copyFile reads a file into w, no more than rate bytes a second.
func copyFile(ctx context.Context, w io.Writer, path string, rate float64) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	const pause = 20 * time.Millisecond
	for due := time.Now(); sleepUntil(ctx, due); due = due.Add(pause) {
		_, err := io.CopyN(w, in, int64(rate*pause.Seconds()))
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}
