package report_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/report"
)

// hosts are three of which quiet, which comes first, has no incident, and web has more than db.
func hosts() report.Hosts {
	of := func(name string, rows int) report.Rows {
		d := sample(rows, "cpu", "mem")
		d.Host, d.Title = name, name
		d.Training = []report.Fact{{Name: "Rows used", Value: "many"}}
		return d
	}
	return report.Hosts{
		Title: "fleet.csv", Source: "data/fleet.csv", Hosts: []report.Rows{of("quiet", 90), of("db|1", 150), of("web<1>", 450)},
		LeftOut: []report.Fact{{Name: "new", Value: "3 rows, and 9 are needed"}}, Warnings: []string{"rows were left out"},
	}
}

func writeHosts(t *testing.T, write func(io.Writer, report.Hosts) error) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, write(&b, hosts()))
	return b.String()
}

// inOrder requires that texts follow each other.
func inOrder(t *testing.T, s string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		_, rest, found := strings.Cut(s, text)
		require.True(t, found, "%q is not in\n%s", text, s)
		s = rest
	}
}

func TestHostsPage(t *testing.T) {
	page := writeHosts(t, report.WriteHosts)
	inOrder(t, page, "<title>fleet.csv: 5 incidents</title>", "2 of 3 hosts have incidents: ", "The gravest is on ",
		`<a href="#host-1">web&lt;1&gt;</a>`, `<a href="#host-2">db|1</a>`, `<a href="#host-3">quiet</a>`, ">none<",
		"<dt>new</dt><dd>3 rows, and 9 are needed</dd>", "rows were left out",
		`id="host-1"`, "4 incidents", `href="#areas-host-1"`, "many", `id="host-2"`, "One incident", `id="host-3"`, "Nothing is flagged", "</html>")
	require.NotContains(t, page, "<1>")
	require.NotContains(t, page, `data-row="`, "no script selects")
	require.NotContains(t, page, "ZgotmplZ")
	require.Less(t, len(page), 200_000)
}

func TestHostsJSON(t *testing.T) {
	var got struct {
		Title, Source string
		Hosts         []struct {
			Host      string
			Rows      int
			Threshold float64
			Flagged   int `json:"rows_flagged"`
		}
		LeftOut   []struct{ Host, Why string } `json:"left_out"`
		Incidents []struct {
			Host     string
			FirstRow int `json:"first_row"`
		}
	}
	require.NoError(t, json.Unmarshal([]byte(writeHosts(t, report.WriteHostsJSON)), &got))
	require.Equal(t, "data/fleet.csv", got.Source)
	require.Len(t, got.Hosts, 3)
	require.Equal(t, "web<1>", got.Hosts[0].Host)
	require.Equal(t, []int{450, 4}, []int{got.Hosts[0].Rows, got.Hosts[0].Flagged})
	require.Equal(t, 8., got.Hosts[0].Threshold)
	require.Equal(t, "new", got.LeftOut[0].Host)
	require.Len(t, got.Incidents, 5)
	require.Equal(t, "web<1>", got.Incidents[3].Host)
	require.Equal(t, "db|1", got.Incidents[4].Host)
	require.Equal(t, 100, got.Incidents[4].FirstRow)
}

func TestHostsMarkdown(t *testing.T) {
	inOrder(t, writeHosts(t, report.WriteHostsMarkdown), "# fleet.csv\n", "2 of 3 hosts have incidents", "| host | start | duration |",
		"| web&lt;1&gt; | 2026-03-01 01:39:00 |", `| db\|1 | 2026-03-01 01:39:00 |`, "- new: 3 rows, and 9 are needed")
}

func TestHostsErrors(t *testing.T) {
	for text, change := range map[string]func(*report.Hosts){
		"no hosts":                    func(d *report.Hosts) { d.Hosts = nil },
		`host "quiet" is there twice`: func(d *report.Hosts) { d.Hosts[1].Host = "quiet" },
		`host "quiet": report: 1 energies for 90 rows`: func(d *report.Hosts) { d.Hosts[0].Energies = d.Hosts[0].Energies[:1] },
	} {
		d := hosts()
		change(&d)
		for _, write := range []func(io.Writer, report.Hosts) error{report.WriteHosts, report.WriteHostsJSON, report.WriteHostsMarkdown} {
			var b bytes.Buffer
			require.ErrorContains(t, write(&b, d), text)
			require.Empty(t, b.String())
		}
	}
}

// A host with one grave incident comes before hosts with many lesser ones.
func TestGraverHostLooksAtTheGravestIncident(t *testing.T) {
	minor := report.Incident{Severity: alarm.Minor, Energy: 20}
	major := report.Incident{Severity: alarm.Major, Energy: 50}
	worse := report.Incident{Severity: alarm.Major, Energy: 90}
	hosts := map[string][]report.Incident{
		"one": {worse}, "many": {minor, minor, major, minor}, "minor": {minor}, "none": nil,
	}
	names := slices.SortedFunc(maps.Keys(hosts), func(a, b string) int { return report.GraverHost(hosts[a], hosts[b]) })
	require.Equal(t, []string{"one", "many", "minor", "none"}, names)
}
