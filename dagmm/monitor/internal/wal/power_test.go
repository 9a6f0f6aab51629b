package wal

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/internal/disk"
	"github.com/metric-streams/anomaly/internal/disk/disktest"
)

// numbers opens the log on a disk and returns it with the numbers of its records.
func numbers(t *testing.T, d disk.FS, name string) (*Log, []int) {
	l, err := Open(d, "log", header)
	require.NoError(t, err)
	var out []int
	require.NoError(t, l.Recover(func(body []byte) (uint64, error) {
		var n int
		_, err := fmt.Sscan(string(body), &n)
		out = append(out, n)
		return uint64(n), err
	}), name)
	return l, out
}

// Whenever the power fails, the log opens. It holds the records that were synced, perhaps
// some after them without a gap, and none that Drop has removed.
func TestPowerFails(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 2))
		d := disktest.New()
		var appended, synced, dropping, dropped int
		points := 0
		d.After = func(operation, path string) {
			points++
			name := fmt.Sprintf("seed %d, %s %s", seed, operation, path)
			l, got := numbers(t, d.Cut(rng), name)
			if len(got) == 0 {
				require.LessOrEqual(t, synced, dropping, name)
			} else {
				require.GreaterOrEqual(t, got[0], dropped+1, name)
				require.LessOrEqual(t, got[0], dropping+1, name)
				require.Equal(t, len(got)-1, got[len(got)-1]-got[0], "%s: %v", name, got)
				require.GreaterOrEqual(t, got[len(got)-1], synced, name)
				require.LessOrEqual(t, got[len(got)-1], appended+1, name)
			}
			require.NoError(t, l.Close())
		}
		l, _ := numbers(t, d, "new")
		old, err := l.Rotate()
		require.NoError(t, err)
		require.Empty(t, old)
		for range 60 {
			switch rng.IntN(10) {
			case 0:
				before := appended
				old, err := l.Rotate()
				require.NoError(t, err)
				synced = before
				if rng.IntN(3) > 0 { // as a Save that succeeds
					dropping = before
					require.NoError(t, l.Drop(old))
					dropped = before
				}
			case 1:
				require.NoError(t, l.Sync())
				synced = appended
			case 2: // the process dies, in the middle of a record or not
				if rng.IntN(2) == 0 {
					files, err := l.segments()
					require.NoError(t, err)
					f, err := d.Open(files[len(files)-1], os.O_RDWR, 0)
					require.NoError(t, err)
					_, err = f.WriteAt([]byte("\x20\x00\x00"), l.size)
					require.NoError(t, err)
				}
				require.NoError(t, l.lock.Close())
				var got []int
				l, got = numbers(t, d, "died")
				require.Len(t, got, appended-dropped)
				_, err := l.Rotate()
				require.NoError(t, err)
				synced = appended
			default:
				n, err := l.Append(record(fmt.Sprintf("%0*d", rng.IntN(400), 7)))
				require.NoError(t, err)
				appended++
				require.Equal(t, appended, int(n))
			}
		}
		require.NoError(t, l.Close())
		require.Greater(t, points, 60)
	}
}

// A disk that fills up tears the record that has no room. It is not there, all others are,
// and the log goes on when there is room: also where a new file could not be begun, and the
// process dies after that.
func TestDiskFillsUp(t *testing.T) {
	for room := range 300 {
		d := disktest.New()
		l, _ := numbers(t, d, "new")
		_, err := l.Rotate()
		require.NoError(t, err)
		d.Room(room)
		var want []int
		for i := range 20 {
			if i == 7+room%10 {
				d.Room(-1)
			}
			if i == 6 || i == 13 && room%2 == 0 {
				_, _ = l.Rotate() // or the log goes on in the file that it had
			}
			if n, err := l.Append(record("twenty bytes or so")); err == nil {
				want = append(want, int(n))
			}
		}
		require.GreaterOrEqual(t, len(want), 4)
		// The process dies while it writes.
		f, err := d.Open(l.f.Name(), os.O_RDWR, 0)
		require.NoError(t, err)
		_, err = f.WriteAt([]byte("\x20\x00\x00"), l.size)
		require.NoError(t, err)
		require.NoError(t, l.lock.Close())
		l, got := numbers(t, d, fmt.Sprintf("room for %d bytes", room))
		require.Equal(t, want, got, "room for %d bytes", room)
		require.NoError(t, l.Close())
	}
}
