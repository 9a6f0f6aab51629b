package dataset

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

var (
	anomalousWords = []string{"1", "true", "t", "yes", "y", "anomaly", "anomalous", "abnormal", "outlier", "attack", "fault",
		"faulty", "failure", "incident", "bad"}
	normalWords = []string{"0", "false", "f", "no", "n", "normal", "ok", "inlier", "good", "benign", "healthy"}
)

// labelReader reads the cells of a label column.
type labelReader struct {
	anomalous, normal []string
	usual             bool // they are those that are known without options

	known map[string]bool // cells parsed before
}

func newLabelReader(opt *CSVOptions) *labelReader {
	l := &labelReader{anomalous: opt.Anomalous, normal: opt.Normal, known: map[string]bool{}}
	if len(l.anomalous) == 0 && len(l.normal) == 0 {
		l.anomalous, l.normal, l.usual = anomalousWords, normalWords, true
	}
	return l
}

// parse reports whether a cell means anomalous.
func (l *labelReader) parse(b []byte) (bool, error) {
	if v, ok := l.known[string(b)]; ok {
		return v, nil
	}
	v, err := l.judge(string(b))
	if err == nil && len(l.known) < 1000 {
		l.known[string(b)] = v
	}
	return v, err
}

func (l *labelReader) judge(cell string) (bool, error) {
	hit := func(words []string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return sameLabel(w, cell) })
	}
	bad, good := hit(l.anomalous), hit(l.normal)
	if plain := strings.ReplaceAll(cell, " ", ""); !bad && !good && l.usual && plain != "" {
		cell = plain // A ttack, as SWaT writes it
		bad, good = hit(l.anomalous), hit(l.normal)
	}
	switch {
	case bad && good:
		return false, fmt.Errorf("%s stands in both Anomalous and Normal", shown(cell))
	case bad || good:
		return bad, nil
	case len(l.anomalous) == 0:
		return true, nil
	case len(l.normal) == 0:
		return false, nil
	case cell == "":
		return false, fmt.Errorf(`the label is empty; give Normal "" if that means normal, or Label %q to read without labels`, None)
	}
	return false, fmt.Errorf("%s is not a label that is known; give the labels of anomalies in Anomalous or the others in Normal, or Label %q to read without labels", shown(cell), None)
}

// sameLabel compares two labels as numbers if both are numbers, so that 1 equals 1.0, and as
// texts without regard to case otherwise.
func sameLabel(a, b string) bool {
	if strings.EqualFold(a, b) || strings.EqualFold(a, strings.TrimSuffix(b, ".")) {
		return true
	}
	x, errx := strconv.ParseFloat(a, 64)
	y, erry := strconv.ParseFloat(b, 64)
	return errx == nil && erry == nil && x == y
}
