package browser

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"testing"
)

// TestWhyRefused: the log says what a refused preflight asked for, in words that help, and repeats nothing that is no name.
func TestWhyRefused(t *testing.T) {
	t.Parallel()
	p := newPreflights([]string{"Content-Type", "X-Tenant"}, slog.New(slog.DiscardHandler), always)
	for name, test := range map[string]struct{ method, headers, want string }{
		"granted":           {"POST", "content-type,x-tenant", ""},
		"blanks":            {"POST", "content-type, x-tenant", ""},
		"none":              {"GET", "", ""},
		"another header":    {"POST", "content-type,x-shop", "the header x-shop is not allowed; it can be, under cors.headers"},
		"no name":           {"POST", "x-shop: secret", "it asks for a header that has no name"},
		"a star":            {"POST", "*", "it asks for a header that has no name"},
		"another method":    {"DELETE", "", "it asks for another method than GET, HEAD, POST"},
		"a method of words": {"secret words", "", "it asks for another method than GET, HEAD, POST"},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, "/", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Access-Control-Request-Method", test.method)
		r.Header.Set("Access-Control-Request-Headers", test.headers)
		if got := p.refusal(r); got != test.want || !isPreflight(r) {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

// TestRefusedPreflightIsLogged, with its origin, and with nothing else that a page can write as it likes.
func TestRefusedPreflightIsLogged(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		method, origin, headers string
		known                   bool
		want                    []string // nothing is logged where empty
	}{
		"another header": {"OPTIONS", "https://dash.example", "x-shop", true, []string{"origin=https://dash.example", "x-shop", "cors.headers"}},
		"another site":   {"OPTIONS", "https://other.example", "content-type", false, []string{"origin=https://other.example", "cors.origins"}},
		"no origin":      {"OPTIONS", "planted words", "content-type", false, []string{"origin=none"}},
		"granted":        {"OPTIONS", "https://dash.example", "content-type", true, nil},
		"no preflight":   {"POST", "https://other.example", "x-shop", false, nil},
	} {
		var log bytes.Buffer
		p := newPreflights([]string{"Content-Type"}, slog.New(slog.NewTextHandler(&log, nil)), always)
		r, err := http.NewRequestWithContext(t.Context(), test.method, "/", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Origin", test.origin)
		r.Header.Set("Access-Control-Request-Method", "POST")
		r.Header.Set("Access-Control-Request-Headers", test.headers)
		p.noteRefusal(r, test.known)
		if (log.Len() == 0) != (test.want == nil) || strings.Contains(log.String(), "planted") {
			t.Errorf("%s: %s", name, &log)
		}
		for _, text := range test.want {
			if !strings.Contains(log.String(), text) {
				t.Errorf("%s: %q is not in %s", name, text, &log)
			}
		}
	}
}

func always(*http.Request) bool { return true }

// TestRefusedPreflightsDoNotFillTheLog: there are no more lines than there may be.
func TestRefusedPreflightsDoNotFillTheLog(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	left := 3
	p := newPreflights(nil, slog.New(slog.NewTextHandler(&log, nil)), func(*http.Request) bool { left--; return left >= 0 })
	for i := range 100 {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, "/", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Access-Control-Request-Method", "POST")
		r.Header.Set("Access-Control-Request-Headers", "x-shop")
		p.noteRefusal(r, i%2 == 0)
	}
	if lines := strings.Count(log.String(), "\n"); lines != 3 {
		t.Errorf("%d lines, want 3", lines)
	}
}
