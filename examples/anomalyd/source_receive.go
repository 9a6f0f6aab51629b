package main

import (
	"compress/gzip"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/snappy"

	"github.com/metric-streams/anomaly/examples/anomalyd/align"
)

const (
	atOnce     = 4               // requests that are read
	mostWait   = 5 * time.Second // of the others; then they are told to come again
	mostWanted = 200_000         // samples of a request
	quietTime  = time.Minute     // between warnings of the same kind
)

// receiver is a source that others send to. What it answers with 2xx is in the journal of its
// Aligner; what it cannot take now it answers with 503, and the sender sends it again.
type receiver struct {
	name     string
	cfg      *receiverConfig
	loopback bool
	intake   *intake
	aligner  *align.Aligner
	selector *selector
	protocol protocol
	places   chan struct{}
	patience time.Duration // for a place
	watch    *outage
	interval time.Duration

	mu        sync.Mutex
	newest    time.Time // row
	ambiguous uint64
	warned    map[string]time.Time
}

// protocol is what the receivers differ in.
type protocol interface {
	// decode reads a request's body. It calls add for each sample that the selector wants.
	decode(contentType string, body []byte, add func(align.Sample)) (received, error)
	// answer writes the response.
	answer(w http.ResponseWriter, contentType string, got answer)
	types() []string // of content
}

// received counts what is in a request, wanted or not.
type received struct {
	samples int
	others  int // histograms and the like, which are left out
}

// answer is what a request is answered.
type answer struct {
	code    int
	problem string // "" where there is none
	received
	rejected int // wanted samples that are of no use, of a request that was taken
}

// Errors of requests, with their status.
var (
	errUnsupported = errors.New("unsupported content")
	errBody        = errors.New("unreadable body")
	errLarge       = errors.New("too large")
)

func newReceiver(in *intake, name string) (*receiver, error) {
	cfg := in.cfg.Sources.receivers()[name]
	s, err := newSelector(in.cfg, name)
	if err != nil {
		return nil, err
	}
	r := &receiver{name: name, cfg: cfg, loopback: in.cfg.loopback(), intake: in, selector: s, places: make(chan struct{}, atOnce), patience: mostWait, watch: &outage{name: name}, interval: time.Duration(in.cfg.Interval), warned: map[string]time.Time{}}
	if r.protocol = (remoteWriteProtocol{s}); name == otlpSource {
		r.protocol = otlpProtocol{s}
	}
	ac := align.Config{Interval: r.interval, Wait: time.Duration(cfg.Wait), MaxPending: cfg.MaxWaiting, Meaning: strings.Join(in.cfg.By, " ")}
	for j := range in.cfg.Metrics {
		ac.Columns = append(ac.Columns, in.cfg.Metrics[j].selection(name).column())
	}
	var discarded error
	if r.aligner, discarded, err = align.Open(filepath.Join(in.cfg.Dir, name+".journal"), ac); err != nil {
		return nil, fmt.Errorf("sources: %s: %w", name, err)
	}
	if discarded != nil {
		slog.Warn("the journal begins anew; samples that waited for others are lost", "source", name, "err", discarded)
	}
	return r, nil
}

// ServeHTTP implements http.Handler.
func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	var got answer
	contentType, _, _ := mime.ParseMediaType(q.Header.Get("Content-Type"))
	select {
	case r.places <- struct{}{}:
		got = r.receive(w, q)
		<-r.places
	case <-time.After(r.patience):
		got = answer{code: http.StatusServiceUnavailable, problem: "too many requests at once"}
	case <-q.Context().Done():
		got = answer{code: http.StatusServiceUnavailable, problem: "the program ends, or nobody waits any more"}
	}
	r.intake.exporter.requests.WithLabelValues(r.name, strconv.Itoa(got.code)).Inc()
	if got.code == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	if got.problem != "" {
		r.warn(got, q.RemoteAddr)
	}
	r.protocol.answer(w, contentType, got)
}

// warn says in the log what is wrong, but not again and again.
func (r *receiver) warn(got answer, from string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	kind := strconv.Itoa(got.code)
	if time.Since(r.warned[kind]) < quietTime {
		return
	}
	r.warned[kind] = time.Now()
	text := "a request is refused; others like it are counted and not logged for a minute"
	if got.code == http.StatusServiceUnavailable {
		text = "too much comes at once; the senders are told to come again"
	}
	slog.Warn(text, "source", r.name, "from", from, "code", got.code, "err", got.problem)
}

// receive takes the samples of a request.
func (r *receiver) receive(w http.ResponseWriter, q *http.Request) answer {
	if !r.allowed(q) {
		return answer{code: http.StatusForbidden, problem: "not allowed: send the token of token_file, or come from the loopback"}
	}
	samples, all, rejected, err := r.read(w, q)
	var large *http.MaxBytesError
	switch {
	case errors.Is(err, errUnsupported):
		return answer{code: http.StatusUnsupportedMediaType, problem: err.Error()}
	case errors.Is(err, errLarge), errors.As(err, &large):
		return answer{code: http.StatusRequestEntityTooLarge, problem: err.Error()}
	case err != nil:
		return answer{code: http.StatusBadRequest, problem: err.Error()}
	}
	now := time.Now()
	counts, err := r.aligner.Add(samples, now)
	if err != nil {
		return answer{code: http.StatusServiceUnavailable, problem: err.Error()}
	}
	r.count(counts)
	r.intake.exporter.succeeded(r.name, now)
	r.given(r.aligner.Complete(r.push))
	return answer{http.StatusOK, "", all, rejected + int(counts.Ahead+counts.Invalid+counts.Refused)}
}

func (r *receiver) count(c align.Counts) {
	for result, n := range map[string]uint64{"taken": c.Taken, "extra": c.Extra, "late": c.Late, "ahead": c.Ahead, "invalid": c.Invalid, "refused": c.Refused} {
		if n > 0 {
			r.intake.exporter.samples.WithLabelValues(r.name, result).Add(float64(n))
		}
	}
}

// allowed reports whether the request may bring samples.
func (r *receiver) allowed(q *http.Request) bool {
	if r.cfg.token != "" {
		return hasToken(q, r.cfg.token)
	}
	return r.cfg.Anyone || r.loopback && isLoopback(hostOf(q))
}

func hasToken(q *http.Request, token string) bool {
	given, ok := strings.CutPrefix(q.Header.Get("Authorization"), "Bearer ")
	return ok && subtle.ConstantTimeCompare([]byte(given), []byte(token)) == 1
}

// read returns the samples of a request that are wanted. Those of streams without a name, or
// beyond max_streams, are rejected.
func (r *receiver) read(w http.ResponseWriter, q *http.Request) (samples []align.Sample, all received, rejected int, err error) {
	contentType := q.Header.Get("Content-Type")
	if media, _, err := mime.ParseMediaType(contentType); err != nil || !slices.Contains(r.protocol.types(), media) {
		return nil, all, 0, fmt.Errorf("content type %q, want %s: %w", contentType, strings.Join(r.protocol.types(), " or "), errUnsupported)
	}
	body, err := r.body(w, q)
	if err != nil {
		return nil, all, 0, err
	}
	var last *seen
	tooMany := false
	all, err = r.protocol.decode(contentType, body, func(s align.Sample) {
		switch {
		case s.Stream == nil:
			rejected++
			return
		case len(samples) >= mostWanted:
			tooMany = true
			return
		case last == nil || !slices.Equal(last.Labels, s.Stream):
			if last = r.intake.admit(s.Stream); last == nil {
				rejected++
				return
			}
		}
		s.Stream = last.Labels
		samples = append(samples, s)
	})
	if err == nil && tooMany {
		err = fmt.Errorf("more than %d samples: %w", mostWanted, errLarge)
	}
	return samples, all, rejected, err
}

// body returns the body of a request, decompressed.
func (r *receiver) body(w http.ResponseWriter, q *http.Request) ([]byte, error) {
	raw := http.MaxBytesReader(w, q.Body, r.cfg.MaxBody)
	switch encoding := q.Header.Get("Content-Encoding"); encoding {
	case "", "identity":
		return io.ReadAll(raw)
	case "gzip":
		z, err := gzip.NewReader(raw)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errBody, err)
		}
		body, err := io.ReadAll(io.LimitReader(z, r.cfg.MaxBody+1))
		if int64(len(body)) > r.cfg.MaxBody {
			return nil, fmt.Errorf("more than max_body, %d bytes, decompressed: %w", r.cfg.MaxBody, errLarge)
		}
		return body, err
	case "snappy":
		packed, err := io.ReadAll(raw)
		if err != nil {
			return nil, err
		}
		size, err := snappy.DecodedLen(packed)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errBody, err)
		}
		if int64(size) > r.cfg.MaxBody {
			return nil, fmt.Errorf("%d bytes decompressed, max_body is %d: %w", size, r.cfg.MaxBody, errLarge)
		}
		return snappy.Decode(nil, packed)
	default:
		return nil, fmt.Errorf("content encoding %q: %w", encoding, errUnsupported)
	}
}

// flush gives on the rows that are ready. Those that the Monitor does not take stay.
func (r *receiver) flush(now time.Time) { r.given(r.aligner.Flush(now, r.push)) }

func (r *receiver) push(row align.Row) error {
	if err := r.intake.push(row.Stream, row.Time, row.Values); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if row.Time.After(r.newest) {
		r.newest = row.Time
	}
	return nil
}

// given notes what became of rows.
func (r *receiver) given(err error) {
	ambiguous := r.aligner.Counts().Ambiguous
	r.mu.Lock()
	defer r.mu.Unlock()
	r.intake.exporter.ambiguous.Add(float64(ambiguous - r.ambiguous))
	r.ambiguous = ambiguous
	if err != nil && time.Since(r.warned["rows"]) >= quietTime {
		r.warned["rows"] = time.Now()
		slog.Error("rows are not taken; they are given again", "source", r.name, "err", err)
	}
}

// run gives on what has waited long enough.
func (r *receiver) run(ctx context.Context) {
	ticker := time.NewTicker(min(r.interval/4+time.Millisecond, time.Second))
	defer ticker.Stop()
	for ctx.Err() == nil {
		now := time.Now()
		r.flush(now)
		r.tick(now)
		r.notice(now)
		if r.aligner.Grown() {
			if err := r.save(); err != nil {
				slog.Error("the journal is not shortened", "source", r.name, "err", err)
			}
		}
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
}

// tick says how far the source has come. While it brings samples of the past, or none at all,
// nobody is missed.
func (r *receiver) tick(now time.Time) {
	r.mu.Lock()
	newest := r.newest
	r.mu.Unlock()
	if now.Sub(newest) > time.Duration(r.cfg.Wait)+5*r.interval {
		return
	}
	if err := r.intake.tick(r.name, newest); err != nil {
		slog.Error("the time is not told to the monitor", "source", r.name, "err", err)
	}
}

// notice says in the log when nobody sends any more, and when somebody does again.
func (r *receiver) notice(now time.Time) {
	last := r.intake.exporter.lastSuccess(r.name)
	if last.IsZero() { // nobody has begun
		return
	}
	var err error
	if now.Sub(last) > time.Duration(r.cfg.Wait)+5*r.interval {
		err = fmt.Errorf("nothing has come since %s", last.UTC().Format(time.RFC3339))
	}
	r.watch.report(err, now)
}

// ready has nothing to say: it waits for others.
func (r *receiver) ready() error { return nil }

func (r *receiver) save() error            { return r.aligner.Save() }
func (r *receiver) forget(labels []string) { r.aligner.Forget(labels) }
func (r *receiver) close() error           { return r.aligner.Close() }
