package browser

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/rs/cors"

	"github.com/difygraph/difygraph/graph/code"
)

// otherSite is what a page of a site that is not configured is told.
const otherSite = "a page of another site sent this request; where that site is to be allowed, add its origin " +
	"under cors.origins in the configuration of this server"

// preflightSeconds is how long a browser may remember what is allowed. Chrome keeps it for two hours at most.
const preflightSeconds = 600

// Origins serves requests that no page sent, that a page of this server sent, or that a page of a configured origin sent,
// and answers others by 403: GET too, since the answer is read before the browser keeps it from the page. To pages of the
// configured origins it grants CORS for GET and POST, without credentials: tokens travel in the Authorization header, which
// the page sets itself. It answers preflights, and tells the log why one is refused, as far as mayTell lets it: whoever sends them has
// shown no token.
//
// Origins are a scheme, a host and perhaps a port, such as https://dash.example, in letters of any case. The error is of
// the first that is none. Their pages may set the headers too, beside those that clients and tools are known to set.
func Origins(
	origins []string, refuse code.Refuse, mayTell func(*http.Request) bool, headers ...string,
) (func(http.Handler) http.Handler, error) {
	allowed := map[string]bool{}
	for i, text := range origins {
		origin, ok := canonicalOrigin(strings.ToLower(text))
		if !ok {
			return nil, fmt.Errorf("browser: origin %d is none, such as https://dash.example", i)
		}
		allowed[origin] = true
	}
	isAllowed := func(r *http.Request) bool { return allowed[r.Header.Get("Origin")] && len(r.Header["Origin"]) == 1 }
	headers = slices.Concat(requestHeaders, headers)
	asked := newPreflights(headers, slog.Default(), mayTell)
	sharing := cors.New(cors.Options{
		AllowOriginVaryRequestFunc: func(r *http.Request, _ string) (bool, []string) { return isAllowed(r), nil },
		AllowedMethods:             requestMethods,
		AllowedHeaders:             headers,
		ExposedHeaders:             []string{"Retry-After", "WWW-Authenticate"},
		MaxAge:                     preflightSeconds,
	})
	return func(next http.Handler) http.Handler {
		shared := sharing.Handler(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			known := isAllowed(r)
			if !isOwn(r) && !known {
				asked.noteRefusal(r, false)
				refuse(w, r, http.StatusForbidden, code.Forbidden, otherSite)
				return
			}
			if known {
				asked.noteRefusal(r, true)
			}
			shared.ServeHTTP(w, asBrowsersAsk(r))
		})
	}, nil
}

// isOwn tells whether no page sent the request, or one of this server. Both headers must say so: old browsers send one of
// them alone, none of them sends a false one.
func isOwn(r *http.Request) bool {
	return len(r.Header["Origin"]) <= 1 && !slices.ContainsFunc(r.Header["Sec-Fetch-Site"], isForeignSite) &&
		!slices.ContainsFunc(r.Header["Origin"], func(origin string) bool { return !isSameOrigin(origin, r.Host) })
}

// isForeignSite tells whether a Sec-Fetch-Site is of another origin. "none" is of a person: an address typed in, a bookmark.
func isForeignSite(value string) bool { return value != "same-origin" && value != "none" }

// isSameOrigin tells whether the origin is the host that the request is for. The scheme is not compared: behind a proxy that
// ends TLS it is not known here.
func isSameOrigin(origin, host string) bool {
	scheme, _, _ := strings.Cut(origin, "://")
	canonical, ok := canonicalOrigin(origin)
	own, ownOK := canonicalOrigin(scheme + "://" + strings.ToLower(host))
	return ok && ownOK && canonical == own
}

// canonicalOrigin is an origin as browsers write it: without the scheme's own port.
func canonicalOrigin(text string) (string, bool) {
	if len(text) > len("https://")+maxHostBytes {
		return "", false
	}
	parsed, err := url.Parse(text)
	if err != nil || parsed.Scheme+"://"+parsed.Host != text {
		return "", false
	}
	if _, ok := hostOf(parsed.Host); !ok || defaultPorts[parsed.Scheme] == "" {
		return "", false
	}
	return strings.TrimSuffix(strings.TrimSuffix(text, defaultPorts[parsed.Scheme]), ":"), true
}

// defaultPorts are those that browsers leave out.
var defaultPorts = map[string]string{"http": ":80", "https": ":443"}
