// Package series selects time series by their name and labels, in the notation of Prometheus:
//
//	node_cpu_seconds_total{mode="idle",cpu=~"0|1"}
package series

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// ErrSyntax reports a selector that cannot be read.
var ErrSyntax = errors.New("bad selector")

// Label is a label, or an attribute, of a series.
type Label struct{ Name, Value []byte }

// Labels are the labels of a series, without its name.
type Labels []Label

// Get returns the value of a label; nil where it is not there.
func (l Labels) Get(name string) []byte {
	for i := range l {
		if string(l[i].Name) == name {
			return l[i].Value
		}
	}
	return nil
}

// Selector selects series.
type Selector struct {
	Name     string // of the metric
	matchers []matcher
}

type matcher struct {
	label, value string
	pattern      *regexp.Regexp // instead of value
	not          bool
}

// Matches reports whether the labels of a series are those that the selector wants. A label
// that is not there is empty.
func (s *Selector) Matches(l Labels) bool {
	for i := range s.matchers {
		m := &s.matchers[i]
		value := l.Get(m.label)
		is := string(value) == m.value
		if m.pattern != nil {
			is = m.pattern.Match(value)
		}
		if is == m.not {
			return false
		}
	}
	return true
}

// Parse reads a selector. Names of metrics and labels may have dots, as those of OpenTelemetry
// do.
func Parse(text string) (*Selector, error) {
	p := &parser{text: text, rest: text}
	s, err := p.selector()
	if err != nil {
		return nil, fmt.Errorf("series: %w %q: %w", ErrSyntax, text, err)
	}
	return s, nil
}

type parser struct{ text, rest string }

func (p *parser) skip() { p.rest = strings.TrimLeft(p.rest, " \t\r\n") }

// take takes a text if it comes next.
func (p *parser) take(text string) bool {
	p.skip()
	rest, ok := strings.CutPrefix(p.rest, text)
	if ok {
		p.rest = rest
	}
	return ok
}

// name takes a name; "" where none comes next.
func (p *parser) name() string {
	p.skip()
	rest := strings.TrimLeftFunc(p.rest, func(r rune) bool {
		return strings.ContainsRune("_:.-/", r) || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	})
	out := p.rest[:len(p.rest)-len(rest)]
	p.rest = rest
	return out
}

func (p *parser) selector() (*Selector, error) {
	s := &Selector{Name: p.name()}
	if s.Name == "" {
		return nil, errors.New("it begins with no name of a metric")
	}
	if p.take("{") {
		for !p.take("}") {
			m, err := p.matcher()
			if err != nil {
				return nil, err
			}
			s.matchers = append(s.matchers, m)
			if !p.take(",") && !strings.HasPrefix(p.rest, "}") {
				return nil, p.want("a comma or }")
			}
		}
	}
	if p.skip(); p.rest != "" {
		return nil, p.want("its end")
	}
	return s, nil
}

func (p *parser) want(what string) error {
	return fmt.Errorf("want %s after %q", what, p.text[:len(p.text)-len(p.rest)])
}

func (p *parser) matcher() (m matcher, err error) {
	if m.label = p.name(); m.label == "" {
		return m, p.want("a label")
	}
	pattern := false
	switch { // the longer ones first
	case p.take("=~"):
		pattern = true
	case p.take("!~"):
		pattern, m.not = true, true
	case p.take("!="):
		m.not = true
	case p.take("="):
	default:
		return m, p.want("=, !=, =~ or !~")
	}
	p.skip()
	quoted, err := strconv.QuotedPrefix(p.rest)
	if err != nil {
		return m, p.want("a value in quotes")
	}
	if m.value, err = strconv.Unquote(quoted); err != nil {
		return m, err
	}
	p.rest = p.rest[len(quoted):]
	if pattern {
		m.pattern, err = regexp.Compile("^(?s:" + m.value + ")$")
	}
	return m, err
}
