package watch

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/monitor"
)

// alone returns the events of one Monitor that is given the stream of samples.
func alone(t *testing.T, f *Fleet) map[string][]string {
	out := map[string][]string{}
	cfg := f.Settings.Monitor()
	cfg.Handle = func(e alarm.Event) {
		text, err := json.Marshal(e)
		require.NoError(t, err)
		out[e.Stream] = append(out[e.Stream], string(text))
	}
	m, err := monitor.Open(cfg)
	require.NoError(t, err)
	last, err := f.LastSample(t.Context())
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	require.NoError(t, f.Follow(ctx, func(msg Message) {
		switch {
		case msg.Host != "":
			_ = m.Push(msg.Host, msg.Time, msg.Values)
		case msg.Partition == 0: // the same time follows for the others
			require.NoError(t, m.Tick(msg.Time))
		}
		if msg.Seq == last {
			cancel()
		}
	}))
	return out
}

// applied publishes the time, and waits until workers have stored everything.
func applied(t *testing.T, f *Fleet, now time.Time) {
	last, err := f.LastSample(t.Context())
	require.NoError(t, err)
	if now.Equal(start) {
		now = start.Add(-time.Duration(last) * time.Millisecond) // another one each time, which changes nothing
	}
	require.NoError(t, f.Tick(t.Context(), now))
	eventually(t, "everything is stored", func() bool {
		low, err := f.Low(t.Context())
		return err == nil && low > last
	})
}

// Workers come and go in order; the alarms are those of one Monitor.
func TestWorkersComeAndGo(t *testing.T) {
	f := open(t, serve(t), settings(), Storage{})
	// Nobody is taken for dead here, however busy the machine is.
	cfg := Config{Save: 50 * time.Millisecond, Keep: true, Silent: time.Second}
	first := worker(t, f, cfg)
	stopFirst := run(t, first)
	eventually(t, "the first owns everything", func() bool { return len(first.Beat(false).Partitions) == 4 })
	publish(t, f, names(9), 0, 100)
	second := worker(t, f, cfg)
	stopSecond := run(t, second)
	eventually(t, "each owns half", func() bool { return len(first.Beat(false).Partitions) == 2 && len(second.Beat(false).Partitions) == 2 })
	publish(t, f, names(9), 100, 150)
	stopFirst()
	eventually(t, "the second owns everything", func() bool { return len(second.Beat(false).Partitions) == 4 })
	publish(t, f, names(9), 150, 200)
	applied(t, f, start.Add(10*time.Hour)) // all fall silent
	stopSecond()
	require.Zero(t, first.Beat(false).Repeated+second.Beat(false).Repeated)
	require.Zero(t, first.Beat(false).Lost+second.Beat(false).Lost)
	got, err := f.Alarms(t.Context())
	require.NoError(t, err)
	require.Equal(t, alone(t, f), got)
	require.Len(t, got, 9)
	// A worker that comes much later finds the states, and has nothing to do again.
	third := worker(t, f, cfg)
	stopThird := run(t, third)
	eventually(t, "the third owns everything", func() bool { return len(third.Beat(false).Partitions) == 4 })
	applied(t, f, start.Add(11*time.Hour))
	require.Zero(t, third.Beat(false).Samples)
	require.Equal(t, 9, third.Beat(false).Hosts)
	stopThird()
}

// The owner of a partition is killed at each point of the work (its context ends), and the
// next one goes on.
func TestOwnersDie(t *testing.T) {
	f := open(t, serve(t), settings(), Storage{})
	hosts := names(3)
	publish(t, f, hosts, 0, 150)
	before, err := f.LastSample(t.Context())
	require.NoError(t, err)
	require.NoError(t, f.Tick(t.Context(), start.Add(10*time.Hour)))
	stopTrainers := run(t, worker(t, f, Config{Only: true}))
	for round := 1; ; round++ {
		w := worker(t, f, Config{Save: 20 * time.Millisecond})
		results, err := f.nc.Subscribe(trainedSubject, w.results.tell)
		require.NoError(t, err)
		done := 0
		for n := range 4 {
			p := own(t, w, n)
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(round)*17*time.Millisecond)
			context.AfterFunc(ctx, func() { p.fail(errFenced) })
			require.ErrorIs(t, p.run(t.Context()), errFenced)
			cancel()
			if p.mark > before {
				done++
			}
		}
		require.NoError(t, results.Unsubscribe())
		if done == 4 {
			require.Greater(t, round, 2)
			break
		}
	}
	stopTrainers()
	got, err := f.Alarms(t.Context())
	require.NoError(t, err)
	require.Equal(t, alone(t, f), got)
}

// What is no sample is counted and left out, as one Monitor leaves it out.
func TestRefusedMessages(t *testing.T) {
	f := open(t, serve(t), settings(), Storage{})
	w := worker(t, f, Config{Save: 50 * time.Millisecond})
	stop := run(t, w)
	publish(t, f, names(1), 0, 5)
	for subject, text := range map[string]string{
		SampleSubject("host_200"): `{"time":"2026-03-02T01:00:00Z","values":[1]}`, // too narrow
		SampleSubject("h_"):       `{"time":"2026-03-02T01:00:00Z","values":[1,2]}`,
		SampleSubject("h"):        `nonsense`,
		SampleSubject("g"):        `{"time":"2026-03-02T01:00:00Z"}`,
		tickSubject(1):            `late`,
	} {
		_, err := f.js.Publish(t.Context(), subject, []byte(text))
		require.NoError(t, err)
	}
	publish(t, f, names(1), 5, 8)
	applied(t, f, start)
	stop()
	require.Equal(t, uint64(5), w.Beat(false).Refused)
	require.Equal(t, uint64(9), w.Beat(false).Samples)
}

// A host that waits for its model keeps nobody waiting, and what waits is bounded.
func TestWaiting(t *testing.T) {
	s := settings()
	s.Partitions = 1
	f := open(t, serve(t), s, Storage{})
	const most = 100
	w := worker(t, f, Config{Save: 50 * time.Millisecond, Trainers: -1, Waiting: most})
	stop := run(t, w)
	publish(t, f, []string{"early"}, 0, s.WarmUp+10) // waits for a model
	publish(t, f, []string{"other"}, 0, 50)
	eventually(t, "the other host goes on", func() bool { return w.Beat(false).Samples == uint64(s.WarmUp-1+50) })
	publish(t, f, []string{"early"}, s.WarmUp+10, s.WarmUp+400)
	time.Sleep(200 * time.Millisecond)
	require.Equal(t, int64(most), w.Beat(false).Waiting)
	stopTrainer := run(t, worker(t, f, Config{Only: true}))
	applied(t, f, start)
	stop()
	stopTrainer()
	got, err := f.Alarms(t.Context())
	require.NoError(t, err)
	require.Equal(t, alone(t, f), got)
}

// Workers tell the time, so that silent hosts are noticed, and remove what nobody needs.
func TestHouse(t *testing.T) {
	s := settings()
	s.Interval, s.Ticks = 100*time.Millisecond, true
	f := open(t, serve(t), s, Storage{})
	w := worker(t, f, Config{Save: 50 * time.Millisecond})
	stop := run(t, w)
	for i := range s.WarmUp + 5 {
		out := Outgoing{Token: "x", Sample: Sample{time.Now().Add(time.Duration(i-s.WarmUp) * s.Interval), []float64{value(i, 0), value(i, 1)}}}
		require.NoError(t, f.Publish(t.Context(), []Outgoing{out}))
	}
	eventually(t, "the silence is noticed", func() bool {
		alarms, err := f.Alarms(t.Context())
		if err != nil || len(alarms["x"]) == 0 {
			return false
		}
		var e alarm.Event
		require.NoError(t, json.Unmarshal([]byte(alarms["x"][len(alarms["x"])-1]), &e))
		return e.Kind == alarm.NoData
	})
	w.keepHouse(t.Context())
	eventually(t, "samples are removed", func() bool {
		w.keepHouse(t.Context())
		info, err := f.samples.Info(t.Context())
		return err == nil && info.State.FirstSeq > uint64(s.WarmUp)
	})
	stop()
}

// A host whose stored state is damaged begins anew, and its events get new numbers.
func TestDamagedState(t *testing.T) {
	s := settings()
	s.Partitions = 1
	f := open(t, serve(t), s, Storage{})
	cfg := Config{Save: 50 * time.Millisecond}
	stop := run(t, worker(t, f, cfg))
	publish(t, f, []string{"x"}, 0, 100)
	applied(t, f, start)
	stop()
	entry, err := f.bucket.Get(t.Context(), "state.0.x")
	require.NoError(t, err)
	r, err := decodeRecord(entry.Value())
	require.NoError(t, err)
	r.state[len(r.state)/2] ^= 1
	text, err := r.encode()
	require.NoError(t, err)
	_, err = f.bucket.Put(t.Context(), "state.0.x", text)
	require.NoError(t, err)
	before, err := f.Alarms(t.Context())
	require.NoError(t, err)

	stop = run(t, worker(t, f, cfg))
	publish(t, f, []string{"x"}, 100, 200)
	applied(t, f, start)
	stop()
	after, err := f.Alarms(t.Context())
	require.NoError(t, err)
	require.Equal(t, before["x"], after["x"][:len(before["x"])])
	var e alarm.Event
	require.NoError(t, json.Unmarshal([]byte(after["x"][len(before["x"])]), &e))
	require.Equal(t, alarm.WarmingUp, e.Kind)
	require.Equal(t, uint64(len(before["x"])+1), e.Seq)
	require.Contains(t, e.Detail, "its state was damaged")
	_, err = f.bucket.Get(t.Context(), "damaged.0.x")
	require.NoError(t, err)

	// A record that is not even one ends the worker, which says why.
	_, err = f.bucket.Put(t.Context(), "state.0.x", []byte("nonsense"))
	require.NoError(t, err)
	publish(t, f, []string{"x"}, 200, 201)
	w := worker(t, f, cfg)
	require.ErrorIs(t, w.Run(t.Context()), errRecord)
}

// A worker that has not listened for long enough judges nobody, and a heartbeat that cannot be
// read is no heartbeat.
func TestListening(t *testing.T) {
	f := open(t, serve(t), settings(), Storage{})
	w := worker(t, f, Config{Silent: time.Hour})
	w.listenAnew()
	w.hear(&nats.Msg{Data: []byte("nonsense")})
	require.Empty(t, w.heard)
	w.balance(t.Context())
	require.Empty(t, w.owned)
}

// The probes of a worker.
func TestProbes(t *testing.T) {
	f := open(t, serve(t), settings(), Storage{})
	w := worker(t, f, Config{Name: "w"})
	get := func(path string) *httptest.ResponseRecorder {
		r := httptest.NewRecorder()
		w.ServeHTTP(r, httptest.NewRequest(http.MethodGet, path, nil))
		return r
	}
	require.Equal(t, http.StatusServiceUnavailable, get("/healthz").Code) // it does not run
	stop := run(t, w)
	eventually(t, "it is well", func() bool { return get("/healthz").Code == http.StatusOK && get("/readyz").Code == http.StatusOK })
	eventually(t, "it owns everything", func() bool {
		var b Beat
		require.NoError(t, json.Unmarshal(get("/stats").Body.Bytes(), &b))
		return b.Name == "w" && len(b.Partitions) == 4
	})
	require.Equal(t, http.StatusNotFound, get("/").Code)
	stop()
	f.nc.Close()
	require.Equal(t, http.StatusServiceUnavailable, get("/readyz").Code)
	time.Sleep(5 * w.cfg.Silent)
	require.Equal(t, http.StatusServiceUnavailable, get("/healthz").Code)
}

// A process may take the settings of the fleet.
func TestAdopt(t *testing.T) {
	url := serve(t)
	open(t, url, settings(), Storage{})
	other := settings()
	other.Partitions, other.Seed = 7, 7
	f := open(t, url, other, Storage{Adopt: true})
	require.Equal(t, settings(), f.Settings)
}

// Old models go with the states that named them.
func TestModelsAreKept(t *testing.T) {
	s := settings()
	s.Partitions = 1
	f := open(t, serve(t), s, Storage{})
	stop := run(t, worker(t, f, Config{Save: 10 * time.Millisecond}))
	publish(t, f, []string{"x"}, 0, 500)
	applied(t, f, start)
	stop()
	keys, err := f.bucket.ListKeysFiltered(t.Context(), "model.0.x.*")
	require.NoError(t, err)
	models := 0
	for range keys.Keys() {
		models++
	}
	require.Equal(t, 1, models)
	alarms, err := f.Alarms(t.Context())
	require.NoError(t, err)
	retrained := 0
	for _, text := range alarms["x"] {
		var e alarm.Event
		require.NoError(t, json.Unmarshal([]byte(text), &e))
		if e.Kind == alarm.Retrained {
			retrained++
		}
	}
	require.Greater(t, retrained, 1)
}
