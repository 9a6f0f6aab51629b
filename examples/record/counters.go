package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/disk"
	"github.com/shirou/gopsutil/v4/mem"
	"github.com/shirou/gopsutil/v4/net"
)

// Counters is one reading of a host. All but Mem grow from boot on; a Sample
// is the difference of two readings.
type Counters struct {
	At       time.Time         // when it was read, with the monotonic clock
	CPUBusy  float64           // seconds at work, summed over the cores
	CPUTotal float64           // seconds in any state, summed over the cores
	Mem      float64           // memory in use now, percent
	Disk     map[string]uint64 // milliseconds with I/O under way, by device
	NetIn    map[string]uint64 // bytes received, by interface
}

// Sampler reads a host's counters.
type Sampler interface {
	Read() (Counters, error)
}

// host reads this machine's counters.
type host struct {
	disk     string // device, "" for every disk
	net      string // interfaces separated by commas, "all", or "" for all but the loopback
	skipNice bool   // count low-priority work as idle time
}

func (h host) Read() (Counters, error) {
	c := Counters{At: time.Now()}
	times, err := cpu.Times(false)
	if err != nil || len(times) == 0 {
		return c, fmt.Errorf("record: cpu times: %w", orMissing(err))
	}
	c.CPUBusy, c.CPUTotal = cpuSeconds(times[0])
	if h.skipNice {
		c.CPUBusy -= times[0].Nice
	}
	m, err := mem.VirtualMemory()
	if err != nil {
		return c, fmt.Errorf("record: memory: %w", err)
	}
	c.Mem = m.UsedPercent
	if c.Disk, err = h.readDisks(); err != nil {
		return c, err
	}
	c.NetIn, err = h.readNet()
	return c, err
}

// cpuSeconds leaves guest time out, as Linux counts it in user time already.
func cpuSeconds(t cpu.TimesStat) (busy, total float64) {
	busy = t.User + t.System + t.Nice + t.Irq + t.Softirq + t.Steal
	return busy, busy + t.Idle + t.Iowait
}

func (h host) readDisks() (map[string]uint64, error) {
	var names []string
	if h.disk != "" {
		names = []string{h.disk}
	}
	stats, err := disk.IOCounters(names...)
	if err != nil {
		return nil, fmt.Errorf("record: disk counters: %w", err)
	}
	busy := make(map[string]uint64)
	for name, s := range stats {
		if h.disk != "" || isDisk(name) {
			busy[name] = s.IoTime
		}
	}
	if len(busy) == 0 {
		return nil, fmt.Errorf("record: no disk %q on this host", h.disk)
	}
	return busy, nil
}

// isDisk is false for devices that hold their blocks in memory or in a file
// of another device.
func isDisk(name string) bool {
	for _, p := range []string{"loop", "ram", "zram"} {
		if strings.HasPrefix(name, p) {
			return false
		}
	}
	return true
}

func (h host) readNet() (map[string]uint64, error) {
	stats, err := net.IOCounters(true)
	if err != nil {
		return nil, fmt.Errorf("record: network counters: %w", err)
	}
	want := wantNet(h.net)
	in := make(map[string]uint64)
	for _, s := range stats {
		if want(s.Name) {
			in[s.Name] = s.BytesRecv
		}
	}
	if len(in) == 0 {
		return nil, fmt.Errorf("record: no network interface %q on this host", h.net)
	}
	return in, nil
}

func wantNet(list string) func(name string) bool {
	switch list {
	case "":
		return func(name string) bool { return !isLoopback(name) }
	case "all":
		return func(string) bool { return true }
	}
	names := make(map[string]bool)
	for _, n := range strings.Split(list, ",") {
		names[strings.TrimSpace(n)] = true
	}
	return func(name string) bool { return names[name] }
}

func isLoopback(name string) bool {
	return name == "lo" || name == "lo0" || strings.HasPrefix(name, "Loopback")
}

func orMissing(err error) error {
	if err != nil {
		return err
	}
	return fmt.Errorf("the system reports none")
}
