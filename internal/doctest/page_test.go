package doctest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const page = "# One thing, two `things`\n" +
	"See [that](docs/x.md#y) and ![a picture](p.png).\n\n" +
	"```go\npackage main\n\nfunc main() {}\n```\n\nIt prints\n\n```\na\nb\n```\n\n" +
	"<!-- run -->\n```\necho [no](link)\n```\n\n" +
	"<!-- run -->\n\n```\ntrue\n```\n\n```go\nfunc part() {}\n```\n"

func TestBlocks(t *testing.T) {
	got, err := blocks(page)
	require.NoError(t, err)
	require.Equal(t, []block{
		{language: "go", text: "package main\n\nfunc main() {}\n", line: 4},
		{text: "a\nb\n", line: 12},
		{comment: "run", text: "echo [no](link)\n", line: 18},
		{comment: "run", text: "true\n", line: 24},
		{language: "go", text: "func part() {}\n", line: 28},
	}, got)

	_, err = blocks("text\n```\nno end\n")
	require.ErrorContains(t, err, "line 2")
}

func TestExamples(t *testing.T) {
	all, err := blocks(page)
	require.NoError(t, err)
	got := examples(all)
	require.Len(t, got, 3)
	require.Equal(t, "a\nb\n", got[0].output.text)
	require.Equal(t, "echo [no](link)\n", got[1].text)
	require.Nil(t, got[1].output, "the next block is an example itself")
	require.Nil(t, got[2].output, "the next block is Go")
}

func TestMatches(t *testing.T) {
	for _, c := range []struct {
		name, want, got string
		ok              bool
	}{
		{"equal", "a\nb\n", "a\nb\n", true},
		{"different", "a\nb\n", "a\nc\n", false},
		{"longer", "a\n", "a\nb\n", false},
		{"shorter", "a\nb\n", "a\n", false},
		{"within a line", "took … s\n", "took 1.5 s\n", true},
		{"not over lines", "took … s\n", "took 1\n s\n", false},
		{"lines", "a\n…\nd\n", "a\nb\nc\nd\n", true},
		{"no line", "a\n…\nd\n", "a\nd\n", true},
		{"what follows the lines", "a\n…\nd\n", "a\nb\nc\n", false},
		{"a point is a point", "1.5\n", "1x5\n", false},
	} {
		t.Run(c.name, func(t *testing.T) { require.Equal(t, c.ok, matches(c.want, c.got)) })
	}
}

func TestRenewed(t *testing.T) {
	require.Equal(t, "a\ntook … s\nc\n", renewed("a\ntook … s\nb\n", "a\ntook 1.5 s\nc\n"), "what matches stays")
	require.Equal(t, "a\ntook 1.5 s\n", renewed("took … s\n", "a\ntook 1.5 s\n"), "lines have been added")
}

func TestReplaced(t *testing.T) {
	all, err := blocks(page)
	require.NoError(t, err)
	got := replaced(page, all[1], "new\n")
	require.Contains(t, got, "It prints\n\n```\nnew\n```\n\n<!-- run -->")
	after, err := blocks(got)
	require.NoError(t, err)
	require.Equal(t, "new\n", after[1].text)
	require.Len(t, after, len(all))
}

func TestLinksAndAnchors(t *testing.T) {
	require.Equal(t, []string{"docs/x.md#y", "p.png"}, links(page))
	require.Equal(t, map[string]bool{"one-thing-two-things": true}, anchors(page))
}
