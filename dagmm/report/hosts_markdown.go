package report

import (
	"fmt"
	"io"
	"strings"
)

// WriteHostsMarkdown writes the incidents of all hosts to w as WriteIncidentsMarkdown writes
// those of one, with the host as the table's first column. The errors are those of WriteHosts.
func WriteHostsMarkdown(w io.Writer, d Hosts) error {
	hosts, err := d.judge()
	if err != nil {
		return err
	}
	var b strings.Builder
	markdownHead(&b, d.Title, d.period(), d.answer(hosts), d.WeakNote())
	if len(hosts[0].found) > 0 {
		b.WriteString("\n| host | start | duration | rows | severity | why | peak |\n|---|---|---|---|---|---|---|\n")
	}
	for _, h := range hosts {
		for _, line := range h.markdownRows(h.found) {
			fmt.Fprintf(&b, "| %s | %s\n", escapeMarkdown(h.Host), line)
		}
	}
	if len(d.LeftOut) > 0 {
		b.WriteString("\nLeft out:\n\n")
	}
	for _, f := range d.LeftOut {
		fmt.Fprintf(&b, "- %s: %s\n", escapeMarkdown(f.Name), escapeMarkdown(f.Value))
	}
	_, err = io.WriteString(w, b.String())
	return err
}
