package watch

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// ErrName reports a host name that cannot be used.
var ErrName = errors.New("unusable host name")

const (
	longestName = 200 // bytes of a host's name
	escape      = '_' // precedes two hexadecimal digits
)

// Token returns the token of a subject that stands for a host: letters, digits and hyphens as
// they are, and every other byte as _ and two hexadecimal digits. Different names have different
// tokens, whatever dots, spaces and wildcards they hold.
func Token(host string) (string, error) {
	if host == "" || len(host) > longestName {
		return "", fmt.Errorf("watch: host name of %d bytes, want 1 to %d: %w", len(host), longestName, ErrName)
	}
	var b strings.Builder
	for i := range len(host) {
		if c := host[i]; plain(c) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%c%02X", escape, c)
		}
	}
	return b.String(), nil
}

// Host returns the name that a token stands for.
func Host(token string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(token); i++ {
		if c := token[i]; plain(c) {
			b.WriteByte(c)
			continue
		}
		if token[i] != escape || i+2 >= len(token) {
			return "", fmt.Errorf("watch: token %q: %w", token, ErrName)
		}
		c, err := hex.DecodeString(token[i+1 : i+3])
		if err != nil {
			return "", fmt.Errorf("watch: token %q: %w: %w", token, ErrName, err)
		}
		b.WriteByte(c[0])
		i += 2
	}
	host := b.String()
	if again, err := Token(host); err != nil || again != token {
		return "", fmt.Errorf("watch: token %q is not that of host %q: %w", token, host, ErrName)
	}
	return host, nil
}

func plain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-'
}
