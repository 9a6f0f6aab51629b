package tail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dataset"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

const header = "time,cpu,mem\n"

// line is the CSV of second n.
func line(n int) string {
	return fmt.Sprintf("%s,%d,%d\n", time.Unix(1_700_000_000+int64(n), 0).UTC().Format(time.RFC3339), n, 2*n)
}

func text(from, to int) string {
	var b strings.Builder
	for n := from; n < to; n++ {
		b.WriteString(line(n))
	}
	return b.String()
}

type folder struct {
	t    *testing.T
	dir  string
	tail *Tailer
	got  []int // the seconds of the rows, as the metric has them
	path map[string]int
}

func newFolder(t *testing.T) *folder {
	d := &folder{t: t, dir: t.TempDir(), path: map[string]int{}}
	d.restart()
	t.Cleanup(func() { _ = d.tail.Close() })
	return d
}

func (d *folder) name(file string) string { return filepath.Join(d.dir, file) }

func (d *folder) restart() {
	var err error
	d.tail, err = Open(Config{Files: []string{d.name("host.csv"), d.name("*-*.csv")}, Options: dataset.CSVOptions{Columns: []string{"cpu", "mem"}}, Position: d.name("position.json")})
	require.NoError(d.t, err)
}

func (d *folder) write(file, text string) {
	require.NoError(d.t, os.WriteFile(d.name(file), []byte(text), 0o600))
}

func (d *folder) append(file, text string) {
	f, err := os.OpenFile(d.name(file), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	require.NoError(d.t, err)
	_, err = f.WriteString(text)
	require.NoError(d.t, errors.Join(err, f.Close()))
}

func (d *folder) take(path string, row dataset.Row) error {
	d.got = append(d.got, int(row.Values[0]))
	d.path[filepath.Base(path)]++
	require.Equal(d.t, int64(1_700_000_000+int(row.Values[0])), row.Time.Unix())
	require.Equal(d.t, 2*row.Values[0], row.Values[1])
	return nil
}

// poll returns the rows of a poll, and of how many files something is wrong.
func (d *folder) poll() ([]int, int) {
	d.got = nil
	failed, err := d.tail.Poll(d.t.Context(), d.take)
	require.NoError(d.t, err)
	return d.got, failed
}

func (d *folder) requireRows(want ...int) {
	d.t.Helper()
	got, failed := d.poll()
	require.Equal(d.t, want, got)
	require.Zero(d.t, failed)
}

// A file is waited for, and every line of it is taken once it has its end.
func TestGrowingFile(t *testing.T) {
	d := newFolder(t)
	got, failed := d.poll()
	require.Empty(t, got)
	require.Equal(t, 1, failed)
	d.append("host.csv", header)
	d.requireRows()
	d.append("host.csv", line(0)+line(1)+line(2)[:9])
	d.requireRows(0, 1)
	d.append("host.csv", line(2)[9:24])
	d.requireRows()
	d.append("host.csv", line(2)[24:]+line(3))
	d.requireRows(2, 3)
	d.append("web-1.csv", header+line(7))
	d.append("host.csv", line(4))
	d.requireRows(4, 7)
	require.Equal(t, map[string]int{"host.csv": 5, "web-1.csv": 1}, d.path)
}

// The old file is read to its end, however it was replaced, while the process runs and while it
// does not.
func TestRotation(t *testing.T) {
	for name, replace := range map[string]func(d *folder){
		"moved":   func(d *folder) { require.NoError(t, os.Rename(d.name("host.csv"), d.name("host.csv.1"))) },
		"renamed": func(d *folder) { require.NoError(t, os.Rename(d.name("host.csv"), d.name("host.20260101.csv"))) },
		"copied": func(d *folder) {
			old, err := os.ReadFile(d.name("host.csv"))
			require.NoError(t, err)
			d.write("host.csv.1", string(old))
			require.NoError(t, os.Truncate(d.name("host.csv"), 0))
		},
	} {
		for _, running := range []bool{true, false} {
			t.Run(fmt.Sprint(name, running), func(t *testing.T) {
				d := newFolder(t)
				d.append("host.csv", header+text(0, 3))
				d.requireRows(0, 1, 2)
				if !running {
					require.NoError(t, d.tail.Close())
				}
				d.append("host.csv", text(3, 6))
				replace(d)
				d.append("host.csv", header+text(6, 20)) // longer than before
				if !running {
					d.restart()
				}
				d.requireRows(3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19)
				d.append("host.csv", line(20))
				d.requireRows(20)
			})
		}
	}
}

// A file that was moved is still read while there is none in its place.
func TestMovedFile(t *testing.T) {
	d := newFolder(t)
	d.append("host.csv", header+line(0))
	d.requireRows(0)
	require.NoError(t, os.Rename(d.name("host.csv"), d.name("host.csv.1")))
	d.append("host.csv.1", line(1))
	got, failed := d.poll()
	require.Equal(t, []int{1}, got)
	require.Equal(t, 1, failed)
	d.append("host.csv.1", line(2)+line(9)[:20])
	d.append("host.csv", header+line(3))
	d.requireRows(2, 3)

	d.append("web-1.csv", header+line(4))
	d.requireRows(4)
	require.NoError(t, os.Rename(d.name("web-1.csv"), d.name("web-2.csv"))) // the pattern finds it again
	d.append("web-2.csv", line(5))
	d.requireRows(5)
	d.append("web-2.csv", line(6))
	d.requireRows(6)
	require.Equal(t, map[string]int{"host.csv": 4, "web-1.csv": 3}, d.path, "by the name that it had")
}

// Lines that nobody can read are left out, also when the file is read again, and a file of
// garbage harms no other.
func TestGarbage(t *testing.T) {
	d := newFolder(t)
	d.append("host.csv", header+line(0)+"\x00\x01\xff\n"+line(1)+"2023-11-14T22:13:22Z,twelve,1\n"+line(2)+"2023-11-14T22:13:22Z,1,Inf\n"+line(3))
	d.requireRows(0, 1, 2, 3)
	d.append("host.csv", "2023-11-14T22:13:22Z,,\xff\n"+line(4))
	d.requireRows(4)
	require.NoError(t, d.tail.Close())
	d.restart()
	d.append("host.csv", line(5))
	d.requireRows(5)

	d.write("web-1.csv", strings.Repeat("<html>it works</html>\n", 30))
	d.append("host.csv", line(6))
	got, failed := d.poll()
	require.Equal(t, []int{6}, got)
	require.Equal(t, 1, failed)
	d.write("web-1.csv", header+line(7))
	d.requireRows(7)

	d.append("host.csv", strings.Repeat("2023-11-14T22:13:22Z,twelve,1\n", mostBad+1)+line(8))
	got, failed = d.poll()
	require.Empty(t, got)
	require.Equal(t, 1, failed, "it is set aside")
	require.NoError(t, os.Remove(d.name("host.csv")))
	d.write("host.csv", header+line(9))
	d.requireRows(9)
}

func TestRowsWithoutTimes(t *testing.T) {
	d := newFolder(t)
	d.write("host.csv", "cpu,mem\n1,2\n2,4\n")
	got, failed := d.poll()
	require.Empty(t, got)
	require.Equal(t, 1, failed)
}

// A row that is not taken comes again.
func TestTakeFails(t *testing.T) {
	d := newFolder(t)
	d.append("host.csv", header+text(0, 3))
	no := errors.New("no")
	_, err := d.tail.Poll(t.Context(), func(_ string, row dataset.Row) error {
		if row.Values[0] == 1 {
			return no
		}
		return d.take("x", row)
	})
	require.ErrorIs(t, err, no)
	d.requireRows(1, 2)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = d.tail.Poll(ctx, d.take)
	require.ErrorIs(t, err, context.Canceled)

	d.append("host.csv", text(3, 6))
	require.NoError(t, os.Rename(d.name("host.csv"), d.name("host.csv.1")))
	d.append("host.csv", header+line(6))
	ctx, cancel = context.WithCancel(t.Context())
	_, err = d.tail.Poll(ctx, func(path string, row dataset.Row) error {
		cancel() // in the middle of the old file
		return d.take(path, row)
	})
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, d.tail.Close())
	d.restart()
	d.requireRows(4, 5, 6)
}

// Files that a pattern found and that are gone are forgotten.
func TestForgottenFiles(t *testing.T) {
	d := newFolder(t)
	d.append("host.csv", header+line(0))
	d.append("web-1.csv", header+line(1))
	d.requireRows(0, 1)
	require.NoError(t, d.tail.Close())
	require.NoError(t, os.Remove(d.name("host.csv")))
	require.NoError(t, os.Remove(d.name("web-1.csv")))
	d.restart()
	require.Equal(t, 1, len(d.tail.known))
	require.Contains(t, d.tail.known, d.name("host.csv"))
}

// Whenever the writer writes, the file is replaced and the process dies, every row is taken, in
// order.
func TestAnything(t *testing.T) {
	for seed := range uint64(30) {
		rng := rand.New(rand.NewPCG(seed, 0))
		d := newFolder(t)
		d.append("host.csv", header)
		d.requireRows()
		n, part, moved := 0, "", 0
		var all []int
		for range 100 {
			switch rng.IntN(6) {
			case 0, 1:
				d.append("host.csv", line(n)[len(part):])
				n, part = n+1, ""
			case 2:
				if part == "" {
					part = line(n)[:rng.IntN(10)]
					d.append("host.csv", part)
				}
			case 3:
				if part == "" && n > 0 {
					moved++
					require.NoError(t, os.Rename(d.name("host.csv"), d.name(fmt.Sprint("host.csv.", moved))))
					d.append("host.csv", header+line(n))
					n++
					got, _ := d.poll() // a second one before this would be too much
					all = append(all, got...)
				}
			case 4:
				require.NoError(t, d.tail.Close())
				d.restart()
			default:
				got, _ := d.poll()
				all = append(all, got...)
			}
		}
		if part != "" {
			d.append("host.csv", line(n)[len(part):])
			n++
		}
		got, _ := d.poll()
		all = append(all, got...)
		want := make([]int, n)
		for i := range want {
			want[i] = i
		}
		require.Equal(t, want, append([]int{}, all...), seed)
	}
}
