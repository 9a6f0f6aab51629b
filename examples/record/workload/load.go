//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

const (
	slot      = 50 * time.Millisecond // requests of a slot are drawn together
	cycle     = 400 * time.Second     // from trough to trough; troughs at 0, 400, 800 … s
	swing     = 0.75                  // half the log of the ratio of peak to trough
	ripple    = 0.12                  // a second, shorter wave
	noise     = 0.10                  // sd of the slow noise, log scale
	spread    = 0.4                   // sd of the length of a batch, log scale
	medianLen = 32 << 10              // bytes of a batch
)

// load sends log batches to the service at a rate that varies.
type load struct {
	rng  *rand.Rand
	url  string
	mean float64 // requests a second, geometric mean over a cycle
	text []byte
	slow float64 // state of the slow noise
}

func newLoad(seed uint64, url string, rate float64) *load {
	rng := rand.New(rand.NewPCG(seed, 1))
	return &load{rng: rng, url: url, mean: rate, text: logText(rng, 8<<20)}
}

// logText makes n bytes of access-log lines, which compress as real ones do.
func logText(rng *rand.Rand, n int) []byte {
	paths := []string{"/", "/login", "/api/v1/orders", "/api/v1/items", "/static/app.js", "/health"}
	var b bytes.Buffer
	for b.Len() < n {
		fmt.Fprintf(&b, "10.%d.%d.%d - [%d] \"GET %s?id=%x HTTP/1.1\" %d %d %.3f\n",
			rng.IntN(4), rng.IntN(256), rng.IntN(256), 1_700_000_000+b.Len()/90,
			paths[rng.IntN(len(paths))], rng.Uint32(), 200+100*(rng.IntN(10)/8), rng.IntN(40_000), rng.ExpFloat64()/10)
	}
	return b.Bytes()[:n]
}

// run sends until ctx ends. The cycle counts from start.
func (l *load) run(ctx context.Context, start time.Time) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}, Timeout: time.Minute}
	waiting := make(chan struct{}, 64) // clients give up rather than pile up
	due := time.Now()
	for sleepUntil(ctx, due) {
		for range l.poisson(l.rate(due.Sub(start)) * slot.Seconds()) {
			body := l.body()
			select {
			case waiting <- struct{}{}:
			default:
				continue
			}
			wg.Add(1)
			go func() {
				defer wg.Done()
				_ = post(ctx, client, l.url, bytes.NewReader(body)) // a lost batch is part of the load
				<-waiting
			}()
		}
		due = due.Add(slot)
	}
	return nil
}

// rate is in requests a second, t after the start.
func (l *load) rate(t time.Duration) float64 {
	const keep = 0.995 // memory of the slow noise, from slot to slot: some ten seconds
	l.slow = keep*l.slow + math.Sqrt(1-keep*keep)*noise*l.rng.NormFloat64()
	s := t.Seconds()
	wave := -swing*math.Cos(2*math.Pi*s/cycle.Seconds()) + ripple*math.Sin(2*math.Pi*s/73)
	return l.mean * math.Exp(wave+l.slow)
}

func (l *load) body() []byte {
	n := int(medianLen * math.Exp(spread*l.rng.NormFloat64()))
	n = min(max(n, 4<<10), 256<<10)
	from := l.rng.IntN(len(l.text) - n)
	return l.text[from : from+n]
}

func (l *load) poisson(mean float64) int {
	n, p, limit := 0, l.rng.Float64(), math.Exp(-mean)
	for p > limit {
		p *= l.rng.Float64()
		n++
	}
	return n
}

func post(ctx context.Context, client *http.Client, url string, body io.Reader) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, body)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the service answers %s", resp.Status)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}
