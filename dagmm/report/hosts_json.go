package report

import "io"

// hostsJSON is what WriteHostsJSON writes. Its keys are part of the public interface.
type hostsJSON struct {
	Title     string         `json:"title"`
	Source    string         `json:"source"`
	Hosts     []hostJSON     `json:"hosts"`
	LeftOut   []leftOutJSON  `json:"left_out"`
	Incidents []incidentJSON `json:"incidents"`
}

type hostJSON struct {
	Host string `json:"host"`
	recordingJSON
}

type leftOutJSON struct {
	Host string `json:"host"`
	Why  string `json:"why"`
}

// WriteHostsJSON writes the incidents of all hosts to w as one JSON object:
//
//	title, source    as in d
//	hosts            a list, of host and what WriteIncidentsJSON says of all rows of one
//	left_out         a list of hosts without a model: host, why
//	incidents        a list of those of all hosts, each as WriteIncidentsJSON writes it
//
// Hosts and their incidents come in the order of the page. The errors are those of WriteHosts.
func WriteHostsJSON(w io.Writer, d Hosts) error {
	hosts, err := d.judge()
	if err != nil {
		return err
	}
	out := hostsJSON{Title: d.Title, Source: d.Source, LeftOut: []leftOutJSON{}, Incidents: []incidentJSON{}}
	for _, h := range hosts {
		out.Hosts = append(out.Hosts, hostJSON{h.Host, h.recordingJSON()})
		out.Incidents = append(out.Incidents, h.incidentsJSON(h.found)...)
	}
	for _, f := range d.LeftOut {
		out.LeftOut = append(out.LeftOut, leftOutJSON{f.Name, f.Value})
	}
	return encode(w, out)
}
