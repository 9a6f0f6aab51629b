package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dataset"
)

// Each flag that the error of a form names is tried on that form, and reads it: alone, or together
// with what the next error names. What an error says without a flag is about another file.

// advised finds a flag in a message, with its value where it has one.
var advised = regexp.MustCompile(`-(skip-lines|skip-bad-rows|series|value|host|time-layout|time|label|normal|anomalous|missing|columns|decimal|delimiter|header|counters|sentinels|year)\b( "(?:\\.|[^"\\])*"| \d+)?(?: or ("(?:\\.|[^"\\])*"))?`)

// elsewhere are remedies without a flag.
var elsewhere = regexp.MustCompile(`export|save the file|give what|file of its own|is empty|no data rows|damaged gzip|unexpected EOF|checksum|reading failed|compressed twice|never closed|is zero`)

// following is a way to follow an error's advice: flags with their values.
type following []string

// ways returns the ways to follow the advice of a message about a form.
func ways(t *testing.T, form, message string) []following {
	var out []following
	end := -1
	for _, at := range advised.FindAllStringSubmatchIndex(message, -1) {
		part := func(k int) string {
			if at[2*k] < 0 {
				return ""
			}
			return message[at[2*k]:at[2*k+1]]
		}
		rest := message[at[1]:]
		if strings.HasPrefix(rest, " if it is not") {
			continue // a question, which this form answers with no
		}
		flag, value := part(1), unquote(t, strings.TrimSpace(part(2)))
		var follow []following
		switch {
		case flag == "skip-bad-rows":
			follow = []following{{"-" + flag}}
		case part(2) != "":
			follow = []following{{"-" + flag, value}}
			if part(3) != "" {
				follow = append(follow, following{"-" + flag, unquote(t, part(3))})
			}
		default:
			for _, v := range valuesFor(t, form, flag, message) {
				follow = append(follow, following{"-" + flag, v})
			}
		}
		if end >= 0 && (message[end:at[0]] == " and " || message[end:at[0]] == " and the metrics in ") {
			last := out[len(out)-1]
			out[len(out)-1] = append(last, follow[0]...)
		} else {
			out = append(out, follow...)
		}
		end = at[1]
	}
	return out
}

// valuesFor returns what a user would give a flag that is named without a value.
func valuesFor(t *testing.T, form, flag, message string) []string {
	switch flag {
	case "anomalous", "normal":
		_, problem, _ := strings.Cut(message, `": `)
		return []string{unquote(t, regexp.MustCompile(`"(?:\\.|[^"\\])*"`).FindString(problem))}
	case "decimal":
		return []string{".", ","}
	case "columns":
		return []string{otherColumns(t, form, message)}
	}
	t.Fatalf("%s: -%s without a value: %s", form, flag, message)
	return nil
}

// otherColumns names the columns of numbers but the one that the message is about: those that are
// read where its texts are missing values.
func otherColumns(t *testing.T, form, message string) string {
	if strings.Contains(message, "-time \"-\" and the metrics") {
		return "elapsed,Latency" // of the form epoch_rounded.csv
	}
	if strings.Contains(message, "if they are two numbers") {
		return "2,3" // of the form decimal_comma_bare.csv
	}
	bad := regexp.MustCompile(`column "((?:\\.|[^"\\])*)"`).FindStringSubmatch(message)
	require.NotNil(t, bad, message)
	args := []string{"-in", form}
	for range 4 {
		args = join(args, missingIn(t, message))
		o, err := parse(args, nil)
		require.NoError(t, err)
		table, err := firstTable(o)
		if err == nil {
			return strings.Join(slices.DeleteFunc(table.Columns, func(c string) bool { return c == bad[1] }), ",")
		}
		message = err.Error()
	}
	t.Fatalf("%s: %s", form, message)
	return ""
}

// missingIn returns the advice of a message to take texts for missing values.
func missingIn(t *testing.T, message string) following {
	_, rest, found := strings.Cut(message, "-missing ")
	require.True(t, found, message)
	list, err := strconv.QuotedPrefix(rest)
	require.NoError(t, err)
	return following{"-missing", unquote(t, list)}
}

// join adds flags to those given before; texts of one flag are joined.
func join(args []string, f following) []string {
	args = slices.Clone(args)
	for k := 0; k < len(f); k += 2 {
		if i := slices.Index(args, f[k]); i >= 0 && f[k] == "-missing" {
			args[i+1] += "," + f[k+1]
			continue
		}
		args = append(args, f[k:min(k+2, len(f))]...)
	}
	return args
}

func TestAdviceOnForms(t *testing.T) {
	forms, err := filepath.Glob(filepath.Join("..", "..", "dataset", "testdata", "forms", "*"))
	require.NoError(t, err)
	if folder := os.Getenv("ANOMALY_FORMS"); folder != "" {
		forms, err = filepath.Glob(filepath.Join(folder, "*.*"))
		require.NoError(t, err)
	}
	failed, tried := 0, 0
	for _, form := range forms {
		problem := readWith(t, []string{"-in", form})
		if problem == "" {
			continue
		}
		failed++
		t.Run(filepath.Base(form), func(t *testing.T) {
			follow := ways(t, form, problem)
			require.True(t, len(follow) > 0 || elsewhere.MatchString(problem), "it says not what to do: %s", problem)
			for _, f := range follow {
				tried++
				followed(t, join([]string{"-in", form}, f), 4)
			}
		})
	}
	require.Greater(t, failed, 40)
	require.Greater(t, tried, 50)
	t.Logf("%d of %d forms stop with an error; %d ways to follow its advice", failed, len(forms), tried)
}

// followed requires that a file is read with flags, or with those that the next errors name.
func followed(t *testing.T, args []string, rounds int) {
	problem := readWith(t, args)
	if problem == "" {
		return
	}
	require.Positive(t, rounds, "%q: %s", args, problem)
	next := ways(t, args[1], problem)
	require.NotEmpty(t, next, "%q: %s", args, problem)
	followed(t, join(args, next[len(next)-1]), rounds-1)
}

// readWith reads a form and returns the error, or "".
func readWith(t *testing.T, args []string) string {
	o, err := parse(args, nil)
	require.NoError(t, err, args)
	if _, err = firstTable(o); err != nil {
		place := (*dataset.CSVError)(nil)
		require.True(t, errors.As(err, &place), "%T %v", err, err)
		return err.Error()
	}
	return ""
}

// A form whose rows are too few or not complete says which flag helps, when it is trained on.
func TestAdviceOfTraining(t *testing.T) {
	for form, columns := range map[string]string{"grafana_joined_apart.csv": "2", "vmstat_one_page.txt": "free"} {
		in := filepath.Join("..", "..", "dataset", "testdata", "forms", form)
		r := invoke(t, "", append(quick, "-in", in)...)
		require.Equal(t, 2, r.code, r.stdout)
		require.Contains(t, r.stderr, "name fewer metrics, which have values in the same rows, in -columns")
		r = invoke(t, "", append(quick, "-in", in, "-columns", columns)...)
		require.NotContains(t, r.stderr, "-columns", fmt.Sprint(r))
	}
}

// Each flag that a note on a form names works on that form too.
func TestAdviceOfNotesOnForms(t *testing.T) {
	forms, err := filepath.Glob(filepath.Join("..", "..", "dataset", "testdata", "forms", "*"))
	require.NoError(t, err)
	tried := map[string]int{}
	for _, form := range forms {
		o, err := parse([]string{"-in", form}, nil)
		require.NoError(t, err)
		j, err := read(o, nil)
		if err != nil {
			continue
		}
		for _, note := range j.table.Notes {
			for _, at := range advised.FindAllStringSubmatch(note, -1) {
				tried[at[1]]++
				good := 0
				for _, value := range noteValues(t, j.table, at[1], unquote(t, strings.TrimSpace(at[2])), note) {
					if readWith(t, []string{"-in", form, "-" + at[1], value}) == "" {
						good++
					}
				}
				require.Positive(t, good, "%s: -%s does not help: %s", form, at[1], note)
			}
		}
	}
	for _, flag := range []string{"counters", "time", "columns", "decimal", "year"} {
		require.Positive(t, tried[flag], flag)
	}
}

// noteValues returns what a user would give a flag that a note names.
func noteValues(t *testing.T, table *dataset.Table, flag, value, note string) []string {
	column := ""
	if m := regexp.MustCompile(`column ("(?:\\.|[^"\\])*")`).FindStringSubmatch(note); m != nil {
		column = unquote(t, m[1])
	}
	quotedColumn := `"` + strings.ReplaceAll(column, `"`, `""`) + `"`
	switch {
	case value != "":
		return []string{value}
	case flag == "counters":
		return []string{quotedColumn}
	case flag == "time":
		return []string{column}
	case flag == "columns" && strings.Contains(note, "name it in"):
		return []string{quotedColumn}
	case flag == "columns":
		for k, name := range table.Columns {
			if name != column {
				return []string{fmt.Sprint(numberOf(table, table.Columns[k]))}
			}
		}
	case flag == "decimal":
		return []string{".", ","}
	case flag == "year":
		return []string{"2023"}
	case flag == "sentinels":
		return []string{"-1,101"}
	}
	t.Fatalf("-%s in %s", flag, note)
	return nil
}

func numberOf(table *dataset.Table, column string) int {
	for _, r := range table.Roles {
		if r.Name == column {
			return r.Number
		}
	}
	return 0
}
