package browser

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestSecurityHeaders(t *testing.T) {
	t.Parallel()
	for status, handler := range map[int]http.Handler{
		http.StatusOK:                 run,
		http.StatusMisdirectedRequest: Hosts([]string{"logs.example"}, refuseInTest)(run),
		http.StatusForbidden:          http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }),
	} {
		w := send(t, SecurityHeaders(handler), http.MethodGet, http.Header{"Host": {"evil.example"}})
		if w.Code != status {
			t.Errorf("got %d", w.Code)
		}
		for name, want := range map[string]string{
			"Content-Security-Policy":      "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Referrer-Policy":              "no-referrer",
			"X-Content-Type-Options":       "nosniff",
			"X-Frame-Options":              "DENY",
		} {
			if got := w.Header().Values(name); len(got) != 1 || got[0] != want {
				t.Errorf("%d, %s: got %q", status, name, got)
			}
		}
	}
}

func TestPageSetsAPolicyOfItsOwn(t *testing.T) {
	t.Parallel()
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'self'")
	})
	w := httptest.NewRecorder()
	SecurityHeaders(page).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody))
	if got := w.Header().Values("Content-Security-Policy"); len(got) != 1 || got[0] != "default-src 'self'" {
		t.Errorf("got %q", got)
	}
}
