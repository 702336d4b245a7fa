package playground

import (
	"io"
	"net/http"
	"path"
	"strings"
	"testing"
)

func TestServesWhatThePageLinksTo(t *testing.T) {
	t.Parallel()
	for name, bundle := range bundles {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			handler := newHandler(Options{}.withDefaults(), bundle)
			for _, file := range append(pageFiles(t, handler), settingsPath(t, handler)) {
				response := get(t, handler, http.MethodGet, file)
				if response.StatusCode != http.StatusOK {
					t.Errorf("%s: status %d", file, response.StatusCode)
				}
				wantHeader(t, response, "Content-Type", contentTypes[path.Ext(file)])
				wantHeader(t, response, "Cache-Control", "public, max-age=31536000, immutable")
				wantHeader(t, response, "X-Content-Type-Options", "nosniff")
			}
		})
	}
}

func TestPageHeaders(t *testing.T) {
	t.Parallel()
	for name, bundle := range bundles {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			response := get(t, newHandler(Options{}.withDefaults(), bundle), http.MethodGet, "/")
			wantHeader(t, response, "Content-Type", "text/html; charset=utf-8")
			wantHeader(t, response, "Cache-Control", "no-cache")
			policy := response.Header.Get("Content-Security-Policy")
			for _, want := range []string{"default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"} {
				if !strings.Contains(policy+";", want+";") {
					t.Errorf("policy %q lacks %q", policy, want)
				}
			}
		})
	}
}

func TestRevalidates(t *testing.T) {
	t.Parallel()
	handler := newHandler(Options{}.withDefaults(), bundles["plain"])
	for _, path := range append(pageFiles(t, handler), "/") {
		etag := get(t, handler, http.MethodGet, path).Header.Get("ETag")
		if etag == "" {
			t.Errorf("%s: no ETag", path)
		}
		same := get(t, handler, http.MethodGet, path, "If-None-Match", etag)
		if same.StatusCode != http.StatusNotModified {
			t.Errorf("%s: status %d for its own ETag, want 304", path, same.StatusCode)
		}
		other := get(t, handler, http.MethodGet, path, "If-None-Match", `"other"`)
		if other.StatusCode != http.StatusOK {
			t.Errorf("%s: status %d for another ETag, want 200", path, other.StatusCode)
		}
	}
}

func TestHeadHasNoBody(t *testing.T) {
	t.Parallel()
	handler := newHandler(Options{}.withDefaults(), bundles["plain"])
	for _, path := range append(pageFiles(t, handler), "/") {
		response := get(t, handler, http.MethodHead, path)
		content, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != http.StatusOK || len(content) != 0 || response.ContentLength <= 0 {
			t.Errorf("HEAD %s: status %d, body of %d, Content-Length %d", path, response.StatusCode, len(content), response.ContentLength)
		}
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	handler := newHandler(Options{}.withDefaults(), bundles["plain"])
	script := pageFiles(t, handler)[len(pageFiles(t, handler))-1]
	folder := path.Dir(script)
	tests := map[string]struct {
		method, path string
		want         int
	}{
		"another path":            {http.MethodGet, "/other", http.StatusNotFound},
		"another file":            {http.MethodGet, folder + "/other.js", http.StatusNotFound},
		"the folder":              {http.MethodGet, folder + "/", http.StatusNotFound},
		"the template":            {http.MethodGet, folder + "/index.html", http.StatusNotFound},
		"a dot file":              {http.MethodGet, folder + "/.gitignore", http.StatusNotFound},
		"a file of another build": {http.MethodGet, "/playground/0123456789abcdef/main.js", http.StatusNotFound},
		"no digest":               {http.MethodGet, "/playground/main.js", http.StatusNotFound},
		"POST to the page":        {http.MethodPost, "/", http.StatusMethodNotAllowed},
		"DELETE of a file":        {http.MethodDelete, script, http.StatusMethodNotAllowed},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			response := get(t, handler, test.method, test.path)
			if response.StatusCode != test.want {
				t.Errorf("%s %s: status %d, want %d", test.method, test.path, response.StatusCode, test.want)
			}
			if cached := response.Header.Get("Cache-Control"); cached != "" {
				t.Errorf("Cache-Control of a refusal: %q", cached)
			}
		})
	}
}

func TestDigestFollowsContent(t *testing.T) {
	t.Parallel()
	digest := func(content map[string][]byte) string { return newFiles(content).digest }
	base := digest(map[string][]byte{"a.js": []byte("1"), "b.js": []byte("2")})
	if again := digest(map[string][]byte{"b.js": []byte("2"), "a.js": []byte("1")}); again != base {
		t.Errorf("digest %s, then %s of the same files", base, again)
	}
	for name, other := range map[string]map[string][]byte{
		"content":       {"a.js": []byte("1"), "b.js": []byte("3")},
		"name":          {"a.js": []byte("1"), "c.js": []byte("2")},
		"moved content": {"a.js": []byte("12"), "b.js": nil},
	} {
		if digest(other) == base {
			t.Errorf("the same digest in spite of another %s", name)
		}
	}
}

func wantHeader(t *testing.T, response *http.Response, name, want string) {
	t.Helper()
	if got := response.Header.Get(name); got != want || want == "" {
		t.Errorf("%s: %q, want %q", name, got, want)
	}
}
