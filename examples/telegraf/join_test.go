package main

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func usual(t testing.TB) *config {
	t.Helper()
	c, err := loadConfig("")
	require.NoError(t, err)
	return c
}

// feed adds points, of which %d is a time in seconds after noon.
func feed(t *testing.T, j *joiner, lines ...string) (ended []row) {
	t.Helper()
	for _, line := range lines {
		p, found, err := read([]byte(line), noon)
		require.NoError(t, err)
		require.True(t, found)
		ended = append(ended, j.add(p, noon)...)
	}
	return ended
}

func at(seconds int) string {
	return fmt.Sprint(noon.Add(time.Duration(seconds) * time.Second).UnixNano())
}

// The four usual metrics of a host become a row: shares, rates of totals, several disks and
// interfaces as one.
func TestJoin(t *testing.T) {
	j := newJoiner(usual(t))
	sample := func(second, busy, bytes int) []string {
		return []string{
			"cpu,cpu=cpu-total,host=a usage_idle=70.5,usage_user=20 " + at(second),
			"cpu,cpu=cpu0,host=a usage_idle=1 " + at(second),
			"mem,host=a used_percent=41.5,used=17i " + at(second),
			fmt.Sprintf("diskio,host=a,name=sda io_time=%du %s", busy, at(second)),
			fmt.Sprintf("diskio,host=a,name=sdb io_time=%du %s", 2*busy, at(second)),
			fmt.Sprintf("net,host=a,interface=eth0 bytes_recv=%di %s", bytes, at(second)),
			fmt.Sprintf("net,host=a,interface=eth1 bytes_recv=%di %s", bytes, at(second)),
			"net,host=a,interface=all icmp_inerrors=0i " + at(second),
			"cpu,cpu=cpu-total usage_idle=1 " + at(second), // of no host
		}
	}
	require.Empty(t, feed(t, j, sample(0, 1000, 5000)...))
	ended := feed(t, j, sample(10, 1500, 6000)...)
	require.Len(t, ended, 1)
	require.Equal(t, "host=a", ended[0].host)
	require.Equal(t, noon, ended[0].at)
	require.Equal(t, []float64{29.5, 41.5}, ended[0].values[:2])
	require.True(t, math.IsNaN(ended[0].values[2]), "a first total has no rate")

	require.Empty(t, j.due(noon.Add(4*time.Second), false), "more may come")
	ended = j.due(noon.Add(5*time.Second), false)
	require.Len(t, ended, 1)
	require.Equal(t, noon.Add(10*time.Second), ended[0].at)
	require.Equal(t, []float64{29.5, 41.5, 10, 1600}, ended[0].values, "the busiest disk, all interfaces in bits")

	require.Empty(t, feed(t, j, sample(10, 1500, 6000)[0]), "a row that has ended stays so")
	require.Empty(t, j.due(noon, true))
}

// Points of several hosts go to rows of their own, at the same time.
func TestJoinHosts(t *testing.T) {
	c := usual(t)
	c.By, c.Hosts = []string{"dc", "host"}, 2
	j := newJoiner(c)
	for _, host := range []string{"a", "b", "c"} {
		feed(t, j, "mem,host="+host+",dc=x\\ y used_percent=4 "+at(0))
	}
	ended := j.due(noon, true)
	require.Len(t, ended, 2, "there is room for so many")
	require.Equal(t, "dc=x+y&host=a", ended[0].host)
	require.Equal(t, "dc=x+y&host=b", ended[1].host)
	require.ElementsMatch(t, []tag{{"dc", "x y"}, {"host", "a"}}, tags(ended[0].host))
}

// Totals of series that come and go do not pile up.
func TestTotalsAreBounded(t *testing.T) {
	j := newJoiner(usual(t))
	for i := range mostSeries + 100 {
		p := point{measurement: "net", tags: []tag{{"host", "a"}, {"interface", fmt.Sprint(i)}}, time: noon.Add(time.Duration(i))}
		reading, _ := p.total("bytes_recv")
		j.rate(counterKey{"a", p.series(), 3}, reading, p.time)
	}
	require.LessOrEqual(t, len(j.counters), mostSeries)
}
