package wal

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/metric-streams/anomaly/internal/disk"
	"github.com/metric-streams/anomaly/internal/disk/disktest"
)

const header = "test 1\n"

// recovered opens the log and returns its records.
func recovered(t require.TestingT, dir string) (*Log, []string, error) {
	l, err := Open(disk.System, dir, header)
	require.NoError(t, err)
	var out []string
	err = l.Recover(func(body []byte) (number uint64, err error) {
		out = append(out, string(body))
		_, err = fmt.Sscan(string(body[:min(len(body), 2)]), &number)
		return number, err
	})
	return l, out, err
}

func record(text string) func([]byte, uint64) []byte {
	return func(dst []byte, number uint64) []byte { return fmt.Appendf(dst, "%d %s", number, text) }
}

// write makes a log of two files with the given records in each.
func write(t require.TestingT, dir string, first, second int) {
	l, _, err := recovered(t, dir)
	require.NoError(t, err)
	for _, n := range []int{first, second} {
		_, err := l.Rotate()
		require.NoError(t, err)
		for i := range n {
			_, err := l.Append(record(fmt.Sprint("record ", i)))
			require.NoError(t, err)
		}
	}
	require.NoError(t, l.Close())
}

func files(t require.TestingT, dir string) []string {
	out, err := filepath.Glob(filepath.Join(dir, segmentPrefix+"*"))
	require.NoError(t, err)
	return out
}

func TestRecordsComeBackInOrder(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, 3, 2)
	l, got, err := recovered(t, dir)
	require.NoError(t, err)
	require.Equal(t, []string{"1 record 0", "2 record 1", "3 record 2", "4 record 0", "5 record 1"}, got)
	var again []string
	require.NoError(t, l.Read(func(body []byte) error { again = append(again, string(body)); return nil }))
	require.Equal(t, got, again)
	l.Advance(9)
	old, err := l.Rotate()
	require.NoError(t, err)
	require.Len(t, old, 2)
	n, err := l.Append(record("after"))
	require.NoError(t, err)
	require.Equal(t, uint64(10), n)
	require.Equal(t, uint64(11), l.Reserve())
	require.NoError(t, l.Drop(old))
	require.NoError(t, l.Close())
	l, got, err = recovered(t, dir)
	require.NoError(t, err)
	require.Equal(t, []string{"10 after"}, got)
	require.NoError(t, l.Close())
}

func TestOneLogAFolder(t *testing.T) {
	dir := t.TempDir()
	l, err := Open(disk.System, dir, header)
	require.NoError(t, err)
	_, err = Open(disk.System, dir, header)
	require.ErrorIs(t, err, ErrInUse)
	_, err = l.Append(record("before Rotate"))
	require.ErrorIs(t, err, ErrClosed)
	require.NoError(t, l.Close())
	_, err = l.Rotate()
	require.ErrorIs(t, err, ErrClosed)
	l, err = Open(disk.System, dir, header)
	require.NoError(t, err)
	require.NoError(t, l.Close())
}

// A record that could not be read again is not written.
func TestRecordsAreBounded(t *testing.T) {
	dir := t.TempDir()
	l, _, err := recovered(t, dir)
	require.NoError(t, err)
	_, err = l.Rotate()
	require.NoError(t, err)
	fill := func(n int) func([]byte, uint64) []byte {
		return func(dst []byte, _ uint64) []byte { return append(dst, bytes.Repeat([]byte{'1'}, n)...) }
	}
	_, err = l.Append(fill(MaxRecord + 1))
	require.ErrorContains(t, err, "record of 16777217 bytes")
	_, err = l.Append(fill(MaxRecord))
	require.NoError(t, err)
	require.NoError(t, l.Close())
	l, got, err := recovered(t, dir)
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.NoError(t, l.Close())
}

// Whatever the last file's length, what is whole comes back and the log goes on.
func TestLastFileEndsAnywhere(t *testing.T) {
	full := t.TempDir()
	write(t, full, 2, 3)
	last := files(t, full)[1]
	text, err := os.ReadFile(last)
	require.NoError(t, err)
	cuts := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(cuts, "cut")
		require.NoError(rt, err)
		require.NoError(rt, os.CopyFS(dir, os.DirFS(filepath.Dir(last))))
		cut := rapid.IntRange(0, len(text)).Draw(rt, "cut")
		require.NoError(rt, os.WriteFile(filepath.Join(dir, filepath.Base(last)), text[:cut], 0o644))
		l, got, err := recovered(rt, dir)
		require.NoError(rt, err)
		require.GreaterOrEqual(rt, len(got), 2)
		_, err = l.Rotate()
		require.NoError(rt, err)
		_, err = l.Append(record("after"))
		require.NoError(rt, err)
		require.NoError(rt, l.Close())
		l, again, err := recovered(rt, dir)
		require.NoError(rt, err)
		require.Equal(rt, got, again[:len(got)])
		require.Len(rt, again, len(got)+1)
		require.NoError(rt, l.Close())
	})
}

// A file that a full disk or a power failure has left without its header holds nothing that
// was acknowledged, wherever it stands.
func TestFileWithoutAHeader(t *testing.T) {
	for _, left := range []string{"", "te"} {
		t.Run(fmt.Sprintf("%q", left), func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, 2, 3)
			require.NoError(t, os.WriteFile(filepath.Join(dir, segmentPrefix+"00000000000000000002"), []byte(left), 0o644))
			l, got, err := recovered(t, dir)
			require.NoError(t, err)
			require.Len(t, got, 5)
			require.NoError(t, l.Close())
		})
	}
}

func TestDamageIsAnError(t *testing.T) {
	for name, damage := range map[string]func(texts [][]byte){
		"header":             func(texts [][]byte) { texts[1][0] ^= 1 },
		"length":             func(texts [][]byte) { texts[1][len(header)] ^= 1 },
		"checksum":           func(texts [][]byte) { texts[1][len(header)+5] ^= 1 },
		"body":               func(texts [][]byte) { texts[1][len(header)+frameHead] ^= 1 },
		"end of the first":   func(texts [][]byte) { texts[0] = texts[0][:len(texts[0])-1] },
		"header of a header": func(texts [][]byte) { texts[0] = []byte("xx") },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, 2, 3)
			var texts [][]byte
			for _, f := range files(t, dir) {
				text, err := os.ReadFile(f)
				require.NoError(t, err)
				texts = append(texts, text)
			}
			damage(texts)
			for i, f := range files(t, dir) {
				require.NoError(t, os.WriteFile(f, texts[i], 0o644))
			}
			l, _, err := recovered(t, dir)
			require.ErrorIs(t, err, ErrDamaged)
			require.NoError(t, l.Close())
			for i, f := range files(t, dir) {
				text, err := os.ReadFile(f)
				require.NoError(t, err)
				require.Equal(t, texts[i], text, "nothing is touched")
			}
		})
	}
}

func FuzzFrame(f *testing.F) {
	body := []byte("7 body")
	head := binary.LittleEndian.AppendUint32(nil, uint32(len(body)))
	f.Add(append(binary.LittleEndian.AppendUint32(head, 0x12345678), body...))
	f.Add(bytes.Repeat([]byte{0}, 20))
	f.Fuzz(func(t *testing.T, text []byte) {
		if body := frame(text); body != nil {
			require.LessOrEqual(t, frameHead+len(body), len(text))
			require.True(t, recordIn(text))
		}
	})
}

// FuzzLog alters the files of a log: it is damaged, or it opens, goes on, and opens again
// with what it had and what has come.
func FuzzLog(f *testing.F) {
	dir := f.TempDir()
	write(f, dir, 2, 3)
	var texts [][]byte
	for _, path := range files(f, dir) {
		text, err := os.ReadFile(path)
		require.NoError(f, err)
		texts = append(texts, text)
	}
	f.Add(texts[0], texts[1])
	f.Add(texts[0], texts[1][:len(texts[1])-4])
	f.Add(texts[0], []byte(header))
	f.Add(texts[0][:30], []byte("te\x00\x00"))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		d := disktest.New()
		require.NoError(t, d.MkdirAll("log"))
		for name, text := range map[string][]byte{"log/journal-00000000000000000001": first, "log/journal-00000000000000000003": second} {
			file, err := d.Open(name, os.O_CREATE|os.O_RDWR, 0o600)
			require.NoError(t, err)
			_, err = file.Write(text)
			require.NoError(t, err)
		}
		read := func() (*Log, []string, error) {
			l, err := Open(d, "log", header)
			require.NoError(t, err)
			var got []string
			err = l.Recover(func(body []byte) (uint64, error) { got = append(got, string(body)); return uint64(len(got)), nil })
			return l, got, err
		}
		l, before, err := read()
		if err != nil {
			require.ErrorIs(t, err, ErrDamaged)
			return
		}
		_, err = l.Rotate()
		require.NoError(t, err)
		_, err = l.Append(record("after"))
		require.NoError(t, err)
		require.NoError(t, l.Close())
		l, after, err := read()
		require.NoError(t, err)
		require.Equal(t, fmt.Sprint(append(before, after[len(after)-1])), fmt.Sprint(after))
		require.NoError(t, l.Close())
	})
}
