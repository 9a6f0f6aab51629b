package dagmm

import (
	"encoding/json"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/gmm"
)

// AdaptConfig lets the mixtures of a detector's model follow slow change between
// trainings. Networks, scaler, threshold and calibration stay as they were trained, so
// that this bridges hours or days and replaces no training.
type AdaptConfig struct {
	// Memory is the number of samples after which one counts 1/e of a new one; 0 means 5000.
	Memory int
	// Ignore leaves out samples whose p-value is at most this, in (0, 1); 0 means .01. Those
	// of an open alarm and incomplete ones never count.
	Ignore float64
	// Every is how many samples are taken in before the mixtures change; 0 means 60.
	Every int
}

func (c AdaptConfig) resolved() (AdaptConfig, error) {
	if c.Memory == 0 {
		c.Memory = 5000
	}
	if c.Ignore == 0 {
		c.Ignore = .01
	}
	if c.Every == 0 {
		c.Every = 60
	}
	if c.Memory < 1 || c.Every < 1 || !(c.Ignore > 0 && c.Ignore < 1) {
		return c, fmt.Errorf("dagmm: detector: adapt: memory %d, every %d, ignore %g: %w", c.Memory, c.Every, c.Ignore, ErrDetector)
	}
	return c, nil
}

// adapter holds the running mixtures of every member.
type adapter struct {
	cfg    AdaptConfig
	online [][]*gmm.Online
	taken  int // since the mixtures changed
}

func newAdapter(m *Model, cfg AdaptConfig) (*adapter, error) {
	a := &adapter{cfg: cfg}
	for i := range m.p.Members {
		var list []*gmm.Online
		for _, mix := range m.p.Members[i].Mixtures {
			o, err := gmm.NewOnline(mix, float64(cfg.Memory), steadyVariance(mix))
			if err != nil {
				return nil, fmt.Errorf("dagmm: adapt: member %d: %w", i, err)
			}
			list = append(list, o)
		}
		a.online = append(a.online, list)
	}
	return a, nil
}

// steadyVariance is the part of every variance that no quiet time takes away: half the
// least in any direction.
func steadyVariance(mix *gmm.Mixture) float64 {
	least := math.Inf(1)
	for k := range mix.Components() {
		var eigen mat.EigenSym
		if !eigen.Factorize(mix.Covariance(k), false) {
			return 0
		}
		least = min(least, eigen.Values(nil)[0])
	}
	return max(0, least/2)
}

// observe takes in the sample that s scored last and returns the model with the new
// mixtures when they change, nil otherwise.
func (a *adapter) observe(m *Model, s *scratch) (*Model, error) {
	for i, list := range a.online {
		for _, o := range list {
			if err := o.Observe(s.single.members[i].z); err != nil {
				return nil, fmt.Errorf("dagmm: adapt: member %d: %w", i, err)
			}
		}
	}
	if a.taken++; a.taken < a.cfg.Every {
		return nil, nil
	}
	a.taken = 0
	var mixtures [][]*gmm.Mixture
	for i, list := range a.online {
		var row []*gmm.Mixture
		for _, o := range list {
			mix, err := o.Mixture()
			if err != nil {
				return nil, fmt.Errorf("dagmm: adapt: member %d: %w", i, err)
			}
			row = append(row, mix)
		}
		mixtures = append(mixtures, row)
	}
	return m.withMixtures(mixtures)
}

// withMixtures returns the model with other mixtures, member by member.
func (m *Model) withMixtures(mixtures [][]*gmm.Mixture) (*Model, error) {
	p := m.p
	p.Members = append([]Member(nil), p.Members...)
	for i, list := range mixtures {
		p.Members[i].Mixtures = list
	}
	return New(p)
}

// adapt lets the detector's model follow the sample it has just scored.
func (d *Detector) adapt(quality Quality, energy float64) {
	if d.adapter == nil || quality != Complete || d.s.Alarm.Open || d.fill.cold() || !(d.tail.PValue(energy) > d.adapter.cfg.Ignore) {
		return
	}
	m, err := d.adapter.observe(d.m, d.fill.s.s)
	if err != nil {
		// A mixture that cannot be followed stays; following starts afresh from it.
		if fresh, err := newAdapter(d.m, d.adapter.cfg); err == nil {
			d.adapter = fresh
		}
		return
	}
	if m != nil {
		d.use(m)
	}
}

// use lets another model with the same networks score.
func (d *Detector) use(m *Model) {
	d.m, d.fill.s.m, d.fill.s.s = m, m, m.newScratch(1)
}

// savedAdapter is an adapter in a state file.
type savedAdapter struct {
	Taken    int
	Mixtures [][][]byte // JSON of the mixtures that score
	States   [][]gmm.OnlineState
}

func (d *Detector) savedAdapter() (*savedAdapter, error) {
	if d.adapter == nil {
		return nil, nil
	}
	out := &savedAdapter{Taken: d.adapter.taken}
	for i, list := range d.adapter.online {
		var texts [][]byte
		var states []gmm.OnlineState
		for k, o := range list {
			text, err := json.Marshal(d.m.p.Members[i].Mixtures[k])
			if err != nil {
				return nil, fmt.Errorf("dagmm: adapt: %w", err)
			}
			texts, states = append(texts, text), append(states, o.State().Clone())
		}
		out.Mixtures, out.States = append(out.Mixtures, texts), append(out.States, states)
	}
	return out, nil
}

// restoreAdapter continues from a saved adapter; none, or none wanted, starts afresh.
func (d *Detector) restoreAdapter(s *savedAdapter) error {
	if s == nil || d.adapter == nil {
		return nil
	}
	members := d.m.p.Members
	if len(s.Mixtures) != len(members) || len(s.States) != len(members) {
		return fmt.Errorf("adapted mixtures of %d members, not %d: %w", len(s.Mixtures), len(members), ErrState)
	}
	var mixtures [][]*gmm.Mixture
	for i, texts := range s.Mixtures {
		if len(texts) != len(members[i].Mixtures) || len(s.States[i]) != len(texts) {
			return fmt.Errorf("%d adapted mixtures of member %d, not %d: %w", len(texts), i, len(members[i].Mixtures), ErrState)
		}
		var row []*gmm.Mixture
		for _, text := range texts {
			mix := new(gmm.Mixture)
			if err := json.Unmarshal(text, mix); err != nil {
				return fmt.Errorf("adapted mixture of member %d: %w: %w", i, ErrState, err)
			}
			row = append(row, mix)
		}
		mixtures = append(mixtures, row)
	}
	m, err := d.m.withMixtures(mixtures)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrState, err)
	}
	for i, list := range d.adapter.online {
		for k, o := range list {
			if err := o.Continue(mixtures[i][k], s.States[i][k]); err != nil {
				return fmt.Errorf("%w: %w", ErrState, err)
			}
		}
	}
	d.adapter.taken = s.Taken
	d.use(m)
	return nil
}
