// Package doctest runs the programs and commands of the documentation and compares what
// they print with the output that the pages show.
//
// In README.md and dagmm/docs/*.md it looks at fenced code blocks:
//
//   - A ```go block with "package main" is a program. Where the next block is a plain one
//     (```), that is its output. Programs run in an empty folder.
//   - A plain block below the comment <!-- run --> holds shell commands. The next block, if it
//     is plain and without a comment, is their output. Commands run in the repository's root
//     and may write to the folder tutorial.
//   - A block below the comment <!-- from FILE --> must stand in that file, word for word.
//
// In an output, … stands for any text within a line, and a line with nothing but … for any
// number of lines. Relative links must lead to a file, and their anchors to a heading.
//
// go test ./internal/doctest -update writes what is really printed into the pages, and keeps
// the lines that match.
package doctest
