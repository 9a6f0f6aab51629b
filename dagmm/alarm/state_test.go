package alarm

import (
	"bytes"
	"encoding/gob"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/season"
	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

// stored sends a detector through its state, as a program would that is restarted.
func stored(t *testing.T, d *Detector, m *dagmm.Model, cfg Config) *Detector {
	t.Helper()
	state, err := d.State()
	require.NoError(t, err)
	var file bytes.Buffer
	require.NoError(t, gob.NewEncoder(&file).Encode(state))
	var read State
	require.NoError(t, gob.NewDecoder(&file).Decode(&read))
	again, err := Resume(m, read, cfg)
	require.NoError(t, err)
	return again
}

// busy is a stream in which everything happens: two faults, missing values, silence, a stuck
// metric, a metric that is gone for a while, a change for good.
func busy() [][]float64 {
	rows := dagmmtest.Incident(dagmmtest.Incident(dagmmtest.Ordinary(900, 3), 100, 130, 95), 160, 163, 300)
	for i := range rows {
		switch {
		case i >= 250 && i < 260:
			rows[i][2] = math.NaN()
		case i >= 300 && i < 340:
			rows[i] = []float64{math.NaN(), math.NaN(), math.NaN()}
		case i >= 400 && i < 500:
			rows[i][1] = 60
		case i >= 520 && i < 560:
			rows[i][2] = math.NaN()
		case i >= 600:
			rows[i][1] += 15
		}
	}
	return rows
}

// A detector that is stored and resumed after every sample says what it would have said.
func TestDetectorSurvivesItsState(t *testing.T) {
	for name, cfg := range map[string]Config{
		"zero":     {},
		"budget":   {Budget: 2, Repeat: time.Hour},
		"sustain":  {Budget: 4, Open: 3, Of: 5, Recover: .5, Cooldown: 20 * time.Minute},
		"adapting": {Budget: 2, Adapt: &AdaptConfig{Memory: 100, Every: 7}},
	} {
		t.Run(name, func(t *testing.T) {
			m, x := dagmmtest.Model(t, true)
			want, err := New(m, x, cfg)
			require.NoError(t, err)
			got, err := New(m, x, cfg)
			require.NoError(t, err)
			var seen []Kind
			for i, row := range busy() {
				a, err := want.Next(dagmmtest.Minute(i), row)
				require.NoError(t, err)
				got = stored(t, got, m, cfg)
				b, err := got.Next(dagmmtest.Minute(i), row)
				require.NoError(t, err)
				require.Equal(t, text(a.Events), text(b.Events), "sample %d", i)
				seen = append(seen, kinds(a.Events)...)
				a.Events, b.Events = nil, nil
				if math.IsNaN(a.Energy) {
					a.Energy, a.Score, a.PValue, b.Energy, b.Score, b.PValue = 0, 0, 0, 0, 0, 0
				}
				require.Equal(t, a, b, "sample %d", i)
				require.Equal(t, want.Status(), got.Status())
			}
			require.Subset(t, seen, []Kind{Opened, NoData, MetricMissing, MetricResumed})
		})
	}
}

// Events keep everything through their state, what is not a number included.
func TestEventsSurviveTheirState(t *testing.T) {
	m, x := dagmmtest.Model(t, false)
	d, err := New(m, x, strict)
	require.NoError(t, err)
	events := feed(t, d, 0, busy())
	require.Contains(t, kinds(events), Stuck)
	for _, e := range events {
		require.Equal(t, e.String(), e.State().Event().String())
		require.Equal(t, e.State().Peak, e.State().Event().State().Peak)
		if e.Explanation != nil {
			require.Equal(t, e.Explanation.Usual, e.State().Event().Explanation.Usual)
			require.Equal(t, e.Explanation.Contributions, e.State().Event().Explanation.Contributions)
		}
	}
}

func TestForeignStatesAreRefused(t *testing.T) {
	m, x := dagmmtest.Model(t, true)
	for name, change := range map[string]func(*State){
		"version":               func(s *State) { s.Version = 1 },
		"later version":         func(s *State) { s.Version++ },
		"other metrics":         func(s *State) { s.Runs = s.Runs[1:] },
		"other model's context": func(s *State) { s.Stream.Past.Levels = nil },
		"peak of another width": func(s *State) { s.Alarm.Peak.Values = []float64{1} },
		"peak's context":        func(s *State) { s.Alarm.Past.Seen = nil },
		"explains nothing":      func(s *State) { s.Alarm.Explained = &ExplanationState{} },
		"explains another metric": func(s *State) {
			s.Alarm.Explained = &ExplanationState{Contributions: []ContributionState{{Metric: "disk"}}}
		},
		"blame": func(s *State) { s.Alarm.Blame.Moved = s.Alarm.Blame.Moved[1:] },
		"beside another metric": func(s *State) {
			s.Alarm.Explained = &ExplanationState{Contributions: []ContributionState{{Metric: "cpu"}}, Beside: dagmm.Beside{Metric: "disk"}}
		},
		"alarms":   func(s *State) { s.Alarms[0].Number++ },
		"no alarm": func(s *State) { s.Alarms, s.Alarm.Number = nil, 0 },
		"cost":     func(s *State) { s.Alarms[0].Cost = math.NaN() },
		"absences": func(s *State) { s.Absences = s.Absences[1:] },
		"energies": func(s *State) { s.OldestEnergy = 1000 },
		"runs":     func(s *State) { s.Runs[0] = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			d, err := New(m, x, strict)
			require.NoError(t, err)
			feed(t, d, 0, busy()[:105]) // an alarm is open
			state, err := d.State()
			require.NoError(t, err)
			_, err = Resume(m, state, strict)
			require.NoError(t, err)
			change(&state)
			_, err = Resume(m, state, strict)
			require.ErrorIs(t, err, ErrState)
		})
	}
}

// A detector of a newer model takes over the open alarm and the numbers of the events.
func TestSucceed(t *testing.T) {
	m, x := dagmmtest.Model(t, true)
	d, err := New(m, x, strict)
	require.NoError(t, err)
	rows := dagmmtest.Incident(dagmmtest.Ordinary(300, 3), 200, 210, 95)
	before := feed(t, d, 0, rows[:205])
	require.Equal(t, []Kind{Opened}, kinds(before))

	newer, err := dagmmtest.QuickModel(dagmmtest.Columns, dagmmtest.Rows(2000, 9), nil, []float64{.05, .5})
	require.NoError(t, err)
	next, err := New(newer, dagmmtest.Rows(2000, 9), strict)
	require.NoError(t, err)
	require.NoError(t, next.Succeed(d))
	times, seen := make([]time.Time, 205), mat.NewDense(205, 3, nil)
	for i := range times {
		times[i] = dagmmtest.Minute(i)
		seen.SetRow(i, rows[i])
	}
	require.NoError(t, next.Prime(times, seen))
	require.True(t, next.Status().Open)
	after := feed(t, next, 205, rows[205:])
	require.Equal(t, []Kind{Closed}, kinds(after))
	require.Equal(t, before[0].Seq+1, after[0].Seq)
	require.Equal(t, dagmmtest.Minute(200), after[0].Start)
	require.Equal(t, "cpu", after[0].Explanation.Contributions[0].Metric)

	other, err := dagmmtest.QuickModel([]string{"a", "b", "c"}, dagmmtest.Rows(500, 9), nil, nil)
	require.NoError(t, err)
	stranger, err := New(other, nil, strict)
	require.NoError(t, err)
	require.ErrorIs(t, stranger.Succeed(d), ErrConfig)
	require.ErrorIs(t, stranger.Succeed(nil), ErrNotMade)
	require.ErrorIs(t, next.Prime(times[:3], seen), dagmm.ErrWidth)
	require.NoError(t, next.Prime(nil, new(mat.Dense)))
}

// What keeps an alarm open may be accepted as normal.
func TestAcceptAsNormal(t *testing.T) {
	d := detector(t, false, strict)
	feed(t, d, 0, dagmmtest.Incident(dagmmtest.Ordinary(110, 3), 100, 110, 95))
	e := d.AcceptAsNormal(dagmmtest.Minute(110), "somebody said so")
	require.Equal(t, NewNormal, e.Kind)
	require.Equal(t, uint64(1), e.Alarm)
	require.Equal(t, uint64(2), e.Seq)
	require.Equal(t, "somebody said so", e.Detail)
	require.True(t, d.Status().Accepted)
}

// Nothing that nobody has made panics.
func TestWhatNobodyHasMade(t *testing.T) {
	_, err := New(nil, nil, Config{})
	require.ErrorIs(t, err, ErrNotMade)
	_, err = NewTrained(nil, Training{}, Config{})
	require.ErrorIs(t, err, ErrNotMade)
	_, err = Resume(nil, State{Version: StateVersion}, Config{})
	require.ErrorIs(t, err, ErrNotMade)
	m, _ := dagmmtest.Model(t, false)
	_, err = New(m, (*mat.Dense)(nil), Config{Budget: 1})
	require.NoError(t, err, "a nil matrix is no training rows")

	var d Detector
	_, err = d.Next(dagmmtest.Minute(0), []float64{1})
	require.ErrorIs(t, err, ErrNotMade)
	_, err = d.State()
	require.ErrorIs(t, err, ErrNotMade)
	require.ErrorIs(t, d.Succeed(&Detector{}), ErrNotMade)
	require.Empty(t, d.Tick(dagmmtest.Minute(0)))
	require.Empty(t, d.Rewind())
	require.Nil(t, d.Model())
	require.Zero(t, d.Status())
	require.ErrorIs(t, d.Prime(make([]time.Time, 1), mat.NewDense(1, 1, nil)), ErrNotMade)
	require.NotPanics(t, func() { d.Threshold(); d.Start(); d.Columns(); d.AcceptAsNormal(dagmmtest.Minute(0), "") })
}

// A detector whose model has a season tells values as the host has them.
func TestSeasonalDetector(t *testing.T) {
	m, _ := dagmmtest.Model(t, false)
	n := 24 * 20
	times, x := make([]time.Time, n), mat.NewDense(n, 3, nil)
	for i, row := range dagmmtest.Ordinary(n, 5) {
		times[i] = dagmmtest.Start.Add(time.Duration(i) * time.Hour)
		row[1] += 10 * math.Sin(2*math.Pi*float64(i%24)/24)
		x.SetRow(i, row)
	}
	p, err := season.New(dagmmtest.Columns, times, x, nil)
	require.NoError(t, err)
	seasonal, err := m.WithSeason(p)
	require.NoError(t, err)
	d, err := New(seasonal, nil, Config{Interval: time.Hour})
	require.NoError(t, err)
	row := x.RawRowView(n - 18) // six in the morning: 70 is usual
	_, err = d.Next(times[n-18], row)
	require.NoError(t, err)
	odd := slices.Clone(x.RawRowView(n - 17))
	odd[0] = 95
	r, err := d.Next(times[n-17], odd)
	require.NoError(t, err)
	require.Equal(t, []Kind{Opened}, kinds(r.Events))
	e := r.Events[0]
	require.InDeltaSlice(t, odd, e.Peak.Values, 1e-6)
	require.InDelta(t, 95, e.Explanation.Contributions[0].Value, 1e-9)
}
