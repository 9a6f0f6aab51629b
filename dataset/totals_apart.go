package dataset

import (
	"bytes"
	"slices"
	"strings"
)

// A row of totals may have the form of a row: its word then stands in a column of texts, such as
// that of hosts' names. Sums and averages are left out wherever they stand. A state may be called Max
// too: such rows are totals only before and after all others, and a Reader, which does not see the
// end, takes those after the others for rows.

// wordColumn is a column of texts that is watched for the word of a total.
type wordColumn struct {
	col   int
	last  []byte
	total bool // last is such a word
	sure  bool // and one that names no state
	other int  // texts that are none
}

// watchWords sets the columns in which the word of a total would tell a row of totals: those that are
// not read, where such words are rare in the sample. Where the user says that texts tell series
// apart, none does.
func (p *plan) watchWords() {
	if len(p.opt.Series) > 0 {
		return
	}
	for c, s := range p.stats {
		if !p.free(c) || p.roles[c].Role == RoleMetric || s.isEmpty() {
			continue
		}
		totals := 0
		for _, cell := range s.cells {
			if isTotalWord(cell) {
				totals++
			}
		}
		if 5*totals <= s.texts+s.numbers {
			p.words = append(p.words, &wordColumn{col: c, other: s.texts + s.numbers - totals})
		}
	}
}

// totalWords are names of totals and averages, in lower case.
var totalWords = func() map[string]bool {
	words := map[string]bool{}
	for _, list := range []string{
		"sum,sums,total,totals,grand total,overall total,average,averages,avg,mean,min,max,minimum,maximum,median,stddev,std dev,std. dev.,standard deviation,percentile",
		"summe,summen,gesamt,gesamtsumme,mittelwert,mittelwerte,durchschnitt,durchschnitte,standardabweichung",
		"moyenne,moyennes,totaux,somme,sommes,promedio,promedios,suma,sumas,mínimo,máximo,totales,total general",
		"totale,totali,somma,media,medio,minimo,massimo,média,soma,totaal,gemiddeld,gemiddelde,итого,среднее",
		"合计,总计,平均,平均值,最大,最小,最大值,最小值,合計,総計,합계,평균",
	} {
		for w := range strings.SplitSeq(list, ",") {
			words[w] = true
		}
	}
	return words
}()

// isTotalWord reports whether a text names a total or an average: Sum, Averages (of 90 values),
// 95th percentile.
func isTotalWord(s string) bool {
	if len(s) > 40 {
		return false
	}
	s = strings.TrimSuffix(s, ":")
	if i := strings.IndexByte(s, '('); i > 0 && s[len(s)-1] == ')' {
		s = s[:i]
	}
	s = strings.ToLower(strings.TrimSpace(s))
	if totalWords[s] {
		return true
	}
	rest, ok := strings.CutSuffix(s, "percentile")
	rest = strings.TrimSuffix(strings.TrimSpace(rest), "th")
	return ok && len(rest) >= 2 && len(rest) <= 4 && strings.Trim(rest, "0123456789.") == ""
}

// couldTotal rules out most texts that are no total's word: those that end in a digit, as times do,
// and long ones.
func couldTotal(b []byte) bool {
	n := len(b)
	return n > 2 && n <= 40 && (b[n-1] < '0' || b[n-1] > '9')
}

// isTotalRow reports whether a row in the form of others is one of totals, and whether that is sure
// wherever it stands.
func (r *rowReader) isTotalRow() (is, sure bool) {
	for _, w := range r.words {
		if cell := r.fields[w.col]; !bytes.Equal(cell, w.last) {
			w.last = append(w.last[:0], cell...)
			w.total = couldTotal(cell) && isTotalWord(string(cell))
			w.sure = w.total && !slices.Contains(stateLike, strings.ToLower(string(cell)))
		}
		if w.total && w.other > 0 {
			return true, w.sure || r.rows == 0
		}
		w.other++
	}
	return false, false
}

// stateLike are words of totals that name states too.
var stateLike = []string{"min", "max", "minimum", "maximum", "mean", "median", "medio", "media"}

// dropTotals leaves out the rows of totals that end the table.
func (r *rowReader) dropTotals() {
	n := r.lastTotals
	r.lastTotals = 0
	if n == 0 || n == r.rows {
		return
	}
	for range n {
		r.store.drop()
	}
	r.rows -= n
	r.left[leftTotal] += n
	for _, of := range []*[]int{&r.series.of, &r.recordings.of} {
		if len(*of) > n {
			*of = (*of)[:len(*of)-n]
		}
	}
	if r.clock != nil {
		r.stamps = r.stamps[:r.rows]
	}
	if r.label >= 0 {
		r.marks = r.marks[:r.rows]
	}
	for _, t := range r.texts {
		for text := range t.seen {
			if isTotalWord(text) {
				delete(t.seen, text)
			}
		}
	}
}
