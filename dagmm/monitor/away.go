package monitor

import (
	"errors"
	"hash/crc32"
	"io/fs"
	"slices"
	"time"
)

// Remembered samples are needed for trainings, and seldom for anything else. With
// WindowConfig.Stored those that the Store has are away: the memory holds the samples since, and
// calls the others back for whatever cannot wait.

// away stands for samples before those in a memory, which are in the stored state.
type away struct {
	rows   int    // at most so many: a cut may have removed some
	sum    uint32 // of the state's text
	first  int64  // time of the first sample
	last   int64  // and, at least, of the last one
	amends []amendment
}

// amendment is what has befallen samples while they were away.
type amendment struct {
	from, to int64
	cut      bool // they are forgotten, else they are admitted
}

// fewestAway is how many samples are worth sending away.
const fewestAway = 100

// leave sends the first n samples away, which the state with this sum holds.
func (w *memory) leave(n int, sum uint32) {
	if n < fewestAway || w.away.rows > 0 {
		return
	}
	width := len(w.values) / len(w.times)
	w.away = away{rows: n, sum: sum, first: w.times[0], last: w.times[n-1]}
	w.times, w.values, w.incident = slices.Clone(w.times[n:]), slices.Clone(w.values[n*width:]), slices.Clone(w.incident[n:])
}

// back takes the samples that were away.
func (w *memory) back(stored storedMemory) {
	old := memory{times: stored.Times, values: stored.Values, incident: stored.Incident}
	for _, a := range w.away.amends {
		if a.cut {
			old.before(time.Unix(0, a.from))
		} else {
			old.admit(time.Unix(0, a.from), time.Unix(0, a.to))
		}
	}
	w.away = away{}
	w.times, w.values, w.incident = slices.Concat(old.times, w.times), slices.Concat(old.values, w.values), slices.Concat(old.incident, w.incident)
}

// recall brings the stream's samples back into memory; s.mu is held. Where the Store does not
// have them any more they are forgotten, as they would be after a restart.
func (m *Monitor) recall(s *stream) error {
	if s.memory.away.rows == 0 {
		return nil
	}
	stored, sum, err := m.readStored(stateName(s.id))
	if err == nil && sum != s.memory.away.sum {
		err = errDamaged // somebody else's
	}
	switch {
	case errors.Is(err, errDamaged), errors.Is(err, fs.ErrNotExist):
		m.damaged.Add(1)
		s.memory.away = away{}
		return nil
	case err != nil:
		return err
	}
	s.memory.back(stored.Memory)
	return nil
}

// rest sends the stream's samples away that its stored state holds, as many as when its memory
// was in the given version; s.mu is held.
func (m *Monitor) rest(s *stream, rows int, version uint64, sum uint32) {
	if m.cfg.Window.Stored && s.detector != nil && s.memory.version == version {
		s.memory.leave(rows, sum)
	}
}

func sumOf(text []byte) uint32 { return crc32.ChecksumIEEE(text) }
