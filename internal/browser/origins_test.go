package browser

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func guard(t testing.TB, origins ...string) http.Handler {
	t.Helper()
	guarded, err := Origins(origins, refuseInTest, always)
	if err != nil {
		t.Fatal(err)
	}
	return guarded(run)
}

func TestOrigins(t *testing.T) {
	t.Parallel()
	const yes, no = http.StatusOK, http.StatusForbidden
	handler := guard(t, "https://Dash.example", "http://tools.example:8080", "https://[fd00::1]:8443", "http://port.example:80")
	for name, test := range map[string]struct {
		site, origin []string
		host         string // localhost:8080 if empty
		want         int
	}{
		"no page":                                 {nil, nil, "", yes},
		"address typed in":                        {[]string{"none"}, nil, "", yes},
		"own page":                                {[]string{"same-origin"}, []string{"http://localhost:8080"}, "", yes},
		"own page, by GET":                        {[]string{"same-origin"}, nil, "", yes},
		"own page, old browser":                   {nil, []string{"http://localhost:8080"}, "", yes},
		"own page behind TLS":                     {[]string{"same-origin"}, []string{"https://logs.example"}, "logs.example", yes},
		"own page behind TLS, port named":         {[]string{"same-origin"}, []string{"https://logs.example"}, "logs.example:443", yes},
		"own page on port 80":                     {nil, []string{"http://logs.example"}, "logs.example:80", yes},
		"own page, host in large letters":         {nil, []string{"http://localhost:8080"}, "LOCALHOST:8080", yes},
		"own page by IPv6":                        {nil, []string{"http://[::1]:8080"}, "[::1]:8080", yes},
		"configured":                              {[]string{"cross-site"}, []string{"https://dash.example"}, "", yes},
		"configured, of the same site":            {[]string{"same-site"}, []string{"https://dash.example"}, "", yes},
		"configured, old browser":                 {nil, []string{"https://dash.example"}, "", yes},
		"configured with a port":                  {[]string{"cross-site"}, []string{"http://tools.example:8080"}, "", yes},
		"configured with the scheme's port":       {[]string{"cross-site"}, []string{"http://port.example"}, "", yes},
		"configured by IPv6":                      {[]string{"cross-site"}, []string{"https://[fd00::1]:8443"}, "", yes},
		"other site":                              {[]string{"cross-site"}, []string{"https://evil.example"}, "", no},
		"other site, by GET, image or link":       {[]string{"cross-site"}, nil, "", no},
		"other site, old browser":                 {nil, []string{"https://evil.example"}, "", no},
		"same site":                               {[]string{"same-site"}, []string{"http://other.logs.example"}, "logs.example", no},
		"same site, by GET":                       {[]string{"same-site"}, nil, "", no},
		"another port of this machine":            {[]string{"same-site"}, []string{"http://localhost:3000"}, "", no},
		"another port, old browser":               {nil, []string{"http://localhost:3000"}, "", no},
		"the scheme's port, named on one side":    {nil, []string{"http://localhost"}, "", no},
		"another name of this machine":            {nil, []string{"http://127.0.0.1:8080"}, "", no},
		"null":                                    {[]string{"cross-site"}, []string{"null"}, "", no},
		"null, old browser":                       {nil, []string{"null"}, "", no},
		"null from an own sandbox":                {[]string{"same-origin"}, []string{"null"}, "", no},
		"empty":                                   {nil, []string{""}, "", no},
		"own site, but another's origin":          {[]string{"same-origin"}, []string{"https://evil.example"}, "", no},
		"typed in, but another's origin":          {[]string{"none"}, []string{"https://evil.example"}, "", no},
		"another site, but own origin":            {[]string{"cross-site"}, []string{"http://localhost:8080"}, "", no},
		"a site of no kind we know":               {[]string{"same-planet"}, nil, "", no},
		"empty site":                              {[]string{""}, nil, "", no},
		"two sites":                               {[]string{"same-origin", "cross-site"}, nil, "", no},
		"two origins, one configured":             {nil, []string{"https://dash.example", "https://evil.example"}, "", no},
		"two origins in one":                      {nil, []string{"https://dash.example https://evil.example"}, "", no},
		"two origins, own and another":            {nil, []string{"http://localhost:8080", "https://evil.example"}, "", no},
		"configured with another scheme":          {nil, []string{"http://dash.example"}, "", no},
		"configured with another port":            {nil, []string{"https://dash.example:8443"}, "", no},
		"below a configured one":                  {nil, []string{"https://evil.dash.example"}, "", no},
		"a configured one and more":               {nil, []string{"https://dash.example.evil.example"}, "", no},
		"a configured one as a user":              {nil, []string{"https://dash.example@evil.example"}, "", no},
		"own with a path":                         {nil, []string{"http://localhost:8080/"}, "", no},
		"own as a user":                           {nil, []string{"http://localhost:8080@evil.example"}, "", no},
		"an extension":                            {[]string{"none"}, []string{"chrome-extension://abcdefgh"}, "", no},
		"own host, another scheme than the web's": {nil, []string{"file://localhost:8080"}, "", no},
		"no host":                                 {nil, []string{"http://"}, "-", no},
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			t.Run(name+", "+method, func(t *testing.T) {
				t.Parallel()
				header := http.Header{"Host": {"localhost:8080"}}
				if test.host != "" {
					header.Set("Host", strings.TrimPrefix(test.host, "-"))
				}
				if test.site != nil {
					header["Sec-Fetch-Site"] = test.site
				}
				if test.origin != nil {
					header["Origin"] = test.origin
				}
				w := send(t, handler, method, header)
				want := map[int]string{yes: "run", no: "FORBIDDEN: " + otherSite}[test.want]
				if w.Code != test.want || w.Body.String() != want {
					t.Errorf("got %d %s", w.Code, w.Body)
				}
			})
		}
	}
}

func TestWithoutOriginsEveryOtherSiteIsRefused(t *testing.T) {
	t.Parallel()
	handler := guard(t)
	for origin, want := range map[string]int{
		"https://dash.example": http.StatusForbidden, "*": http.StatusForbidden, "http://localhost:8080": http.StatusOK,
	} {
		w := send(t, handler, http.MethodPost, http.Header{"Host": {"localhost:8080"}, "Origin": {origin}})
		if w.Code != want || w.Header().Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: got %d %v", origin, w.Code, w.Header())
		}
	}
}

func TestTwoOriginsAreNone(t *testing.T) {
	t.Parallel()
	handler := guard(t)
	own := "http://localhost:8080"
	for n, want := range map[int]int{1: http.StatusOK, 2: http.StatusForbidden, 2000: http.StatusForbidden} {
		header := http.Header{"Host": {"localhost:8080"}, "Origin": slices.Repeat([]string{own}, n)}
		if w := send(t, handler, http.MethodPost, header); w.Code != want {
			t.Errorf("%d origins: %d", n, w.Code)
		}
	}
}

// TestLongNamesAreNotRead: a host that is longer than any name is unknown, and an origin foreign, by its length alone.
func TestLongNamesAreNotRead(t *testing.T) {
	t.Parallel()
	for bytes, known := range map[int]bool{maxHostBytes: true, maxHostBytes + 1: false, 64 << 10: false} {
		host := strings.Repeat("a", bytes)
		if _, ok := hostOf(host); ok != known {
			t.Errorf("a host of %d bytes", bytes)
		}
		if _, ok := canonicalOrigin("https://" + host); ok != known {
			t.Errorf("an origin of %d bytes", bytes)
		}
	}
}

func TestForwardedHeadersMakeNoOriginOwn(t *testing.T) {
	t.Parallel()
	header := http.Header{
		"Host": {"localhost:8080"}, "Origin": {"https://logs.example"},
		"X-Forwarded-Host": {"logs.example"}, "X-Forwarded-Proto": {"https"}, "Forwarded": {"host=logs.example;proto=https"},
	}
	if w := send(t, guard(t), http.MethodPost, header); w.Code != http.StatusForbidden {
		t.Errorf("got %d", w.Code)
	}
}

// corsHeaders are those of an answer that speak of CORS.
func corsHeaders(w *httptest.ResponseRecorder) map[string]string {
	headers := map[string]string{}
	for name := range w.Header() {
		if strings.HasPrefix(name, "Access-Control-") || name == "Vary" {
			headers[name] = strings.Join(w.Header()[name], "; ")
		}
	}
	return headers
}

func TestCORS(t *testing.T) {
	t.Parallel()
	handler := guard(t, "https://dash.example")
	for name, test := range map[string]struct {
		origin string
		status int
		want   map[string]string
	}{
		"configured": {"https://dash.example", http.StatusOK, map[string]string{
			"Access-Control-Allow-Origin": "https://dash.example", "Access-Control-Expose-Headers": "Retry-After, Www-Authenticate",
			"Vary": "Origin",
		}},
		"own":   {"http://localhost:8080", http.StatusOK, map[string]string{"Vary": "Origin"}},
		"other": {"https://evil.example", http.StatusForbidden, map[string]string{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := send(t, handler, http.MethodPost, http.Header{"Host": {"localhost:8080"}, "Origin": {test.origin}})
			if diff := cmp.Diff(test.want, corsHeaders(w)); w.Code != test.status || diff != "" {
				t.Errorf("%d, -want +got:\n%s", w.Code, diff)
			}
		})
	}
}

func TestPreflight(t *testing.T) {
	t.Parallel()
	const vary = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
	guarded, err := Origins([]string{"https://dash.example"}, refuseInTest, always, "X-Tenant")
	if err != nil {
		t.Fatal(err)
	}
	handler := guarded(run)
	granted := func(method, headers string) map[string]string {
		all := map[string]string{
			"Access-Control-Allow-Origin": "https://dash.example", "Access-Control-Allow-Methods": method,
			"Access-Control-Max-Age": "600", "Vary": vary,
		}
		if headers != "" {
			all["Access-Control-Allow-Headers"] = headers
		}
		return all
	}
	for name, test := range map[string]struct {
		origin, method, headers string
		status                  int
		want                    map[string]string
	}{
		"POST": {
			"https://dash.example", "POST", "accept,authorization,content-type", http.StatusNoContent,
			granted("POST", "accept,authorization,content-type"),
		},
		"GET":            {"https://dash.example", "GET", "authorization", http.StatusNoContent, granted("GET", "authorization")},
		"no headers":     {"https://dash.example", "POST", "", http.StatusNoContent, granted("POST", "")},
		"Apollo's":       {"https://dash.example", "POST", "apollo-require-preflight", http.StatusNoContent, granted("POST", "apollo-require-preflight")},
		"another method": {"https://dash.example", "DELETE", "", http.StatusNoContent, map[string]string{"Vary": vary}},
		"tracing tools'": {"https://dash.example", "POST", "baggage,content-type,sentry-trace,traceparent,tracestate,x-request-id", http.StatusNoContent, granted("POST", "baggage,content-type,sentry-trace,traceparent,tracestate,x-request-id")},
		"clients'":       {"https://dash.example", "POST", "apollographql-client-name,graphql-preflight,x-apollo-operation-name", http.StatusNoContent, granted("POST", "apollographql-client-name,graphql-preflight,x-apollo-operation-name")},
		"HEAD":           {"https://dash.example", "HEAD", "authorization", http.StatusNoContent, granted("HEAD", "authorization")},
		"configured":     {"https://dash.example", "POST", "x-tenant", http.StatusNoContent, granted("POST", "x-tenant")},
		"by hand": {
			"https://dash.example", "POST", "X-Tenant, , Content-Type,x-tenant", http.StatusNoContent, granted("POST", "content-type,x-tenant"),
		},
		"a header of none": {"https://dash.example", "POST", "x-evil", http.StatusNoContent, map[string]string{"Vary": vary}},
		"another site":     {"https://evil.example", "POST", "content-type", http.StatusForbidden, map[string]string{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			header := http.Header{
				"Host": {"localhost:8080"}, "Origin": {test.origin}, "Sec-Fetch-Site": {"cross-site"},
				"Access-Control-Request-Method": {test.method},
			}
			if test.headers != "" {
				header.Set("Access-Control-Request-Headers", test.headers)
			}
			w := send(t, handler, http.MethodOptions, header)
			if w.Code != test.status || w.Body.String() == "run" {
				t.Errorf("got %d %s", w.Code, w.Body)
			}
			if diff := cmp.Diff(test.want, corsHeaders(w)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestOriginsThatAreNone(t *testing.T) {
	t.Parallel()
	for _, origin := range []string{"", "*", "null", "dash.example", "https://*.example", "https://dash.example/", "ftp://dash.example", "https://"} {
		if _, err := Origins([]string{"https://right.example", origin}, refuseInTest, always); err == nil {
			t.Errorf("%q is taken", origin)
		}
	}
}

// FuzzOrigins holds that an origin is this server's own only where it spells the very host.
func FuzzOrigins(f *testing.F) {
	for _, seed := range []string{"http://localhost:8080", "http://LOCALHOST:8080", "null", "http://localhost:8080@evil", "//localhost:8080", "http:localhost:8080"} {
		f.Add(seed)
	}
	handler := guard(f, "https://dash.example")
	f.Fuzz(func(t *testing.T, origin string) {
		w := send(t, handler, http.MethodPost, http.Header{"Host": {"localhost:8080"}, "Origin": {origin}})
		switch origin {
		case "http://localhost:8080", "https://localhost:8080", "https://dash.example":
		default:
			if w.Code != http.StatusForbidden {
				t.Errorf("%q runs", origin)
			}
		}
	})
}
