package report

import (
	"fmt"
	"io"
	"strings"
)

// WriteIncidentsMarkdown writes the incidents of d to w as a heading, a sentence and a table
// with the columns start, duration, rows, severity, why and peak. Text that Markdown would
// take for markup is escaped. The errors are those of Rows.Incidents and of w.
func WriteIncidentsMarkdown(w io.Writer, d Rows) error {
	incidents, err := d.Incidents()
	if err != nil {
		return err
	}
	var b strings.Builder
	markdownHead(&b, d.Title, d.period(), d.answer(incidents), d.WeakNote())
	if len(incidents) > 0 {
		b.WriteString("\n| start | duration | rows | severity | why | peak |\n|---|---|---|---|---|---|\n")
	}
	for _, line := range d.markdownRows(incidents) {
		fmt.Fprintf(&b, "| %s\n", line)
	}
	_, err = io.WriteString(w, b.String())
	return err
}

// markdownHead writes what stands above the table; period and note may be empty.
func markdownHead(b *strings.Builder, title, period, answer, note string) {
	fmt.Fprintf(b, "# %s\n\n", escapeMarkdown(title))
	if period != "" {
		fmt.Fprintf(b, "%s\n\n", period)
	}
	fmt.Fprintf(b, "%s\n", escapeMarkdown(answer))
	if note != "" {
		fmt.Fprintf(b, "\n%s\n", escapeMarkdown(note))
	}
}

// markdownRows writes the incidents as rows of a table, but for the bar at the beginning.
func (d Rows) markdownRows(incidents []Incident) []string {
	out := make([]string, len(incidents))
	for k, v := range d.views(incidents) {
		out[k] = fmt.Sprintf("%s | %s | %s | %s | %s | %s |", v.Start, v.Duration, v.RowsText, v.Grade, escapeMarkdown(v.Why), escapeMarkdown(v.Peak+"; "+v.Energy))
	}
	return out
}

var markdownEscapes = strings.NewReplacer(`\`, `\\`, "|", `\|`, "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "]", `\]`, "<", "&lt;", ">", "&gt;", "&", "&amp;", "#", `\#`, "~", `\~`, "\n", " ", "\r", " ")

func escapeMarkdown(s string) string { return markdownEscapes.Replace(s) }
