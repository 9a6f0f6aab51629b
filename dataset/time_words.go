package dataset

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// Times of the same form differ in their words by language. Those of the commonest locales are read
// as the English ones that a layout has.

// timeWord is what a word in a time means.
type timeWord struct {
	plain string // what to write in its place
	kind  wordKind
}

type wordKind int

const (
	monthWord wordKind = iota
	halfWord           // AM or PM, which may stand before the clock
	dayWord            // a day of the week, which says nothing new
	fillWord           // de, at, Uhr
	joinWord           // 年, which stands for a sign between two numbers
)

// timeWords are the words of times, in lower case.
var timeWords = func() map[string]timeWord {
	words := map[string]timeWord{}
	add := func(kind wordKind, plain, list string) {
		for w := range strings.FieldsSeq(list) {
			words[w] = timeWord{plain, kind}
		}
	}
	add(monthWord, "Jan", "jan january januar jänner janvier janv enero ene gennaio gen janeiro januari")
	add(monthWord, "Feb", "feb february februar février févr fevrier febrero febbraio fevereiro fev februari")
	add(monthWord, "Mar", "mar march märz mär mrz maerz mars marzo março marco maart mrt")
	add(monthWord, "Apr", "apr april avril avr abril abr aprile")
	add(monthWord, "May", "may mai mayo maggio mag maio mei")
	add(monthWord, "Jun", "jun june juni juin junio giugno giu junho")
	add(monthWord, "Jul", "jul july juli juillet juil julio luglio lug julho")
	add(monthWord, "Aug", "aug august août aout agosto ago augustus")
	add(monthWord, "Sep", "sep sept september septembre septiembre settembre set setembro")
	add(monthWord, "Oct", "oct october oktober okt octobre octubre ottobre ott outubro out")
	add(monthWord, "Nov", "nov november novembre noviembre novembro")
	add(monthWord, "Dec", "dec december dezember dez décembre déc diciembre dic dicembre dezembro")
	add(halfWord, "AM", "am 上午 오전 午前")
	add(halfWord, "PM", "pm 下午 오후 午後")
	add(dayWord, "", "mon tue wed thu fri sat sun monday tuesday wednesday thursday friday saturday sunday tues thur thurs")
	add(dayWord, "", "mo di mi do fr sa so montag dienstag mittwoch donnerstag freitag samstag sonntag")
	add(dayWord, "", "lundi mardi mercredi jeudi vendredi samedi dimanche lunes martes miércoles jueves viernes sábado domingo")
	add(fillWord, "", "de um at à uhr")
	add(joinWord, "-", "年 月 년 월")
	add(joinWord, ":", "时 時 点 点钟 분 分 시")
	add(joinWord, " ", "日 일 秒 초")
	return words
}()

// wordIn returns the word that b begins with, and what it means in a time, if that is known.
func wordIn(b []byte) (word []byte, means timeWord, known bool) {
	n := 0
	for n < len(b) && (b[n] >= 'A' && b[n] <= 'Z' || b[n] >= 'a' && b[n] <= 'z' || b[n] >= utf8.RuneSelf && blankBefore(b[n:]) == 0) {
		n += letterBytes(b[n:])
	}
	word = b[:n]
	if n == 0 || n > 24 {
		return word, means, false
	}
	var buf [24]byte
	ascii := true
	for i, c := range word {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		ascii = ascii && c < 0x80
		buf[i] = c
	}
	means, known = timeWords[string(buf[:n])]
	if !known && !ascii && !utf8.Valid(word) {
		if s, err := charmap.Windows1252.NewDecoder().String(string(buf[:n])); err == nil {
			means, known = timeWords[s]
		}
	}
	return word, means, known
}

// isDateWord reports whether a text begins with the name of a month, of a day of the week, or of a
// half of the day.
func isDateWord(s string) bool {
	_, means, known := wordIn([]byte(s))
	return known && (means.kind == monthWord || means.kind == dayWord || means.kind == halfWord)
}

// plainWords appends a time to dst with the words that Go knows, and returns the half of the day
// where it stands before the clock.
func plainWords(dst, b []byte) (plain, half []byte) {
	for len(b) > 0 {
		word, means, known := wordIn(b)
		if len(word) == 0 {
			dst, b = append(dst, b[0]), b[1:]
			continue
		}
		b = b[len(word):]
		switch {
		case !known:
			dst = append(dst, word...)
		case means.kind == monthWord:
			dst = append(dst, means.plain...)
			if len(b) > 0 && b[0] == '.' && len(word) < 6 {
				b = b[1:] // févr.
			}
		case means.kind == halfWord && bytes.ContainsAny(b, "0123456789"):
			half, b = []byte(means.plain), trimBlanks(b)
			if n := len(dst); n > 0 && dst[n-1] != ' ' {
				dst = append(dst, ' ')
			}
		case means.kind == dayWord && len(dst) == 0:
			b = trimBlanks(bytes.TrimLeft(trimBlanks(b), ",."))
		case means.kind == fillWord && (len(dst) == 0 || dst[len(dst)-1] == ' '):
			b = trimBlanks(b)
		case means.kind == joinWord && len(dst) > 0:
			dst, b = append(dst, means.plain...), trimBlanks(b)
		default:
			dst = append(dst, word...)
		}
	}
	return bytes.TrimRight(dst, " :"), half
}
