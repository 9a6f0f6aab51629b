package doctest

import (
	"fmt"
	"regexp"
	"strings"
)

// block is a fenced code block of a page.
type block struct {
	language string // "go", or "" for a plain block
	comment  string // what the HTML comment on the line above says
	text     string // without the fences
	line     int    // of the opening fence, from 1
}

const fence = "```"

// blocks returns the code blocks of a page in order. A block that does not end is an error.
func blocks(page string) ([]block, error) {
	var out []block
	var open *block
	comment := ""
	for i, line := range strings.Split(page, "\n") {
		language, isFence := strings.CutPrefix(line, fence)
		switch {
		case open == nil && isFence:
			open = &block{language: strings.TrimSpace(language), comment: comment, line: i + 1}
		case open != nil && line == fence:
			out = append(out, *open)
			open = nil
		case open != nil:
			open.text += line + "\n"
		}
		if inner, ok := strings.CutPrefix(strings.TrimSpace(line), "<!--"); ok && open == nil {
			comment = strings.TrimSpace(strings.TrimSuffix(inner, "-->"))
		} else if strings.TrimSpace(line) != "" {
			comment = ""
		}
	}
	if open != nil {
		return nil, fmt.Errorf("doctest: the block of line %d does not end", open.line)
	}
	return out, nil
}

// example is a program or a series of commands with the output that the page shows.
type example struct {
	block
	output *block // nil where the page shows none
}

// examples returns what is to be run of a page.
func examples(all []block) []example {
	var out []example
	for i, b := range all {
		program := b.language == "go" && strings.Contains("\n"+b.text, "\npackage main\n")
		if !program && b.comment != "run" {
			continue
		}
		e := example{block: b}
		if i+1 < len(all) && all[i+1].language == "" && all[i+1].comment == "" {
			e.output = &all[i+1]
		}
		out = append(out, e)
	}
	return out
}

const anything = "…"

// matches reports whether got is what a page shows as want, with … for what may differ.
func matches(want, got string) bool {
	var pattern strings.Builder
	for _, line := range strings.SplitAfter(want, "\n") {
		if strings.TrimSpace(line) == anything {
			pattern.WriteString(`(?:[^\n]*\n)*?`)
			continue
		}
		pattern.WriteString(strings.ReplaceAll(regexp.QuoteMeta(line), anything, `[^\n]*`))
	}
	return regexp.MustCompile(`\A` + pattern.String() + `\z`).MatchString(got)
}

// renewed returns got for a page that shows want, with the lines of want that still match.
func renewed(want, got string) string {
	old, lines := strings.SplitAfter(want, "\n"), strings.SplitAfter(got, "\n")
	if len(old) != len(lines) {
		return got
	}
	for i, line := range old {
		if matches(line, lines[i]) {
			lines[i] = line
		}
	}
	return strings.Join(lines, "")
}

// replaced returns the page with another text in the block that begins at a line.
func replaced(page string, b block, text string) string {
	lines := strings.SplitAfter(page, "\n")
	end := b.line + strings.Count(b.text, "\n")
	return strings.Join(lines[:b.line], "") + text + strings.Join(lines[end:], "")
}

var (
	linkPattern = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	notInAnchor = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// links returns the targets of a page's links outside of code.
func links(page string) []string {
	var out []string
	for _, line := range prose(page) {
		for _, m := range linkPattern.FindAllStringSubmatch(line, -1) {
			out = append(out, m[1])
		}
	}
	return out
}

// anchors returns the anchors of a page's headings, as GitHub makes them.
func anchors(page string) map[string]bool {
	out := map[string]bool{}
	for _, line := range prose(page) {
		if !strings.HasPrefix(line, "#") {
			continue
		}
		title := strings.ToLower(strings.TrimSpace(strings.TrimLeft(line, "#")))
		out[strings.ReplaceAll(notInAnchor.ReplaceAllString(title, ""), " ", "-")] = true
	}
	return out
}

// prose returns the lines of a page that are not in a code block.
func prose(page string) []string {
	var out []string
	code := false
	for _, line := range strings.Split(page, "\n") {
		if strings.HasPrefix(line, fence) {
			code = !code
		} else if !code {
			out = append(out, line)
		}
	}
	return out
}
