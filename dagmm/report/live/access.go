package live

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	sessionCookie = "anomaly_session"
	sessionLength = 12 * time.Hour
)

// secured sets what every answer carries: no page may be framed, and nothing may run or load
// but what comes from here.
func secured(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; " +
				"form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
			"X-Content-Type-Options":       "nosniff",
			"X-Frame-Options":              "DENY",
			"Referrer-Policy":              "same-origin", // without a referrer browsers would hide the origin of a form
			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Cache-Control":                "no-store",
		} {
			w.Header().Set(name, value)
		}
		h.ServeHTTP(w, r)
	})
}

// readers lets only those through who may see the page. Browsers without a session are asked
// for the token.
func (p *Page) readers(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch {
		case p.cfg.Token == "" && !fromLoopback(r):
			http.Error(w, "This page has no token, so it answers only on the computer it runs on, by the name localhost or a loopback address. "+
				"To reach it from elsewhere, or through a proxy, give it a token.", http.StatusForbidden)
		case p.cfg.Token != "" && !p.authorized(r):
			p.askForToken(w, r, http.StatusUnauthorized, "")
		default:
			h(w, r)
		}
	}
}

// operators lets only those of the readers through who ask from this page, or from no page at
// all: a form on somebody else's page cannot speak for an operator.
func (p *Page) operators(h http.HandlerFunc) http.HandlerFunc {
	return p.readers(fromHere(h))
}

func fromHere(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !sameOrigin(r) {
			http.Error(w, "The request comes from another site.", http.StatusForbidden)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, 4096)
		h(w, r)
	}
}

// sameOrigin reports whether the request comes from a page of this server, or not from a
// browser. Browsers send Sec-Fetch-Site where they trust the connection, and Origin always.
func sameOrigin(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" {
		return site == "same-origin"
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && u.Host == r.Host
}

// fromLoopback reports whether the request comes from this computer and asks for it by a name
// of its own: somebody else's page may give its own name the address 127.0.0.1.
func fromLoopback(r *http.Request) bool {
	for _, forwarded := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip"} {
		if r.Header.Get(forwarded) != "" {
			return false
		}
	}
	return isLoopback(r.RemoteAddr) && isLoopback(r.Host)
}

// isLoopback takes a host with or without a port.
func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = strings.Trim(address, "[]")
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// authorized reports whether the request brings the token, or a session that it has opened.
func (p *Page) authorized(r *http.Request) bool {
	if given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return p.isToken(given)
	}
	c, err := r.Cookie(sessionCookie)
	if err != nil {
		return false
	}
	until, _, ok := strings.Cut(c.Value, ".")
	seconds, err := strconv.ParseInt(until, 10, 64)
	return ok && err == nil && subtle.ConstantTimeCompare([]byte(c.Value), []byte(p.session(until))) == 1 && p.now().Unix() < seconds
}

// isToken compares in the same time whatever is given: not even the length shows.
func (p *Page) isToken(given string) bool {
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(p.cfg.Token))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// session is the value of a cookie that holds until some second. Only who knows the token can
// make one.
func (p *Page) session(until string) string {
	m := hmac.New(sha256.New, []byte(p.cfg.Token))
	m.Write([]byte("session until " + until))
	return until + "." + hex.EncodeToString(m.Sum(nil))
}

// logIn opens a session for who brings the token.
func (p *Page) logIn(w http.ResponseWriter, r *http.Request) {
	if p.cfg.Token == "" || !p.isToken(strings.TrimSpace(r.PostFormValue("token"))) {
		p.askForToken(w, r, http.StatusForbidden, "That is not the token.")
		return
	}
	end := p.now().Add(sessionLength)
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Value: p.session(strconv.FormatInt(end.Unix(), 10)), Expires: end,
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https"})
	redirect(w, cameFor(r))
}

// logOut ends the session of this browser.
func (p *Page) logOut(w http.ResponseWriter, _ *http.Request) {
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteStrictMode})
	redirect(w, "./")
}

// askForToken shows the form.
func (p *Page) askForToken(w http.ResponseWriter, r *http.Request, code int, problem string) {
	p.write(w, code, "login.html", map[string]any{"Title": p.cfg.Title, "Host": r.URL.Query().Has("name"), "Name": r.URL.Query().Get("name"), "Problem": problem})
}

// cameFor is the relative address of the page that a request is about: a host's, or that of all.
func cameFor(r *http.Request) string {
	if q := r.URL.Query(); q.Has("name") {
		return pageOf(q.Get("name"))
	}
	return "./"
}

// pageOf is the relative address of a host's page.
func pageOf(name string) string { return "host?name=" + url.QueryEscape(name) }

// redirect goes to a relative address. http.Redirect would make it absolute, and wrong below
// http.StripPrefix.
func redirect(w http.ResponseWriter, to string) {
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}
