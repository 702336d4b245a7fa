package browser

import (
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// requestHeaders are those that pages of configured origins may set: what clients of GraphQL name themselves and force a
// preflight by, and what tools in a page add to every request, so that traces go on from it. None of them opens anything.
var requestHeaders = []string{
	"Accept", "Authorization", "Content-Type",
	"Apollo-Require-Preflight", "Apollographql-Client-Name", "Apollographql-Client-Version", "X-Apollo-Operation-Name",
	"X-Apollo-Operation-Id", "Graphql-Preflight", "Graphql-Client-Name", "Graphql-Client-Version", "X-Requested-With",
	"Traceparent", "Tracestate", "Baggage", "Sentry-Trace", "B3", "X-B3-Traceid", "X-B3-Spanid", "X-B3-Parentspanid", "X-B3-Sampled",
	"X-Request-Id", "X-Correlation-Id", "Request-Id", "Request-Context", "X-Amzn-Trace-Id", "X-Cloud-Trace-Context", "Newrelic",
	"X-Datadog-Origin", "X-Datadog-Parent-Id", "X-Datadog-Sampling-Priority", "X-Datadog-Trace-Id", "Elastic-Apm-Traceparent",
}

var requestMethods = []string{http.MethodGet, http.MethodHead, http.MethodPost}

// headerName is a name as RFC 9110 has them, of a length that can be logged.
var headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$")

// preflights knows what a preflight may ask for.
type preflights struct {
	headers map[string]bool // in small letters
	log     *slog.Logger
	mayTell func(*http.Request) bool
}

func newPreflights(headers []string, log *slog.Logger, mayTell func(*http.Request) bool) preflights {
	p := preflights{headers: make(map[string]bool), log: log, mayTell: mayTell}
	for _, name := range headers {
		p.headers[strings.ToLower(name)] = true
	}
	return p
}

func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
}

// noteRefusal tells the log why a browser will not send a request of a page: the page is told nothing of it, and the server
// sees nothing else. Only what the browser named is shown, and only where it is a name.
func (p preflights) noteRefusal(r *http.Request, known bool) {
	if !isPreflight(r) {
		return
	}
	reason, origin := "its origin is not under cors.origins", "none"
	if known {
		reason = p.refusal(r)
	}
	if canonical, ok := canonicalOrigin(r.Header.Get("Origin")); ok {
		origin = canonical
	}
	if reason != "" && p.mayTell(r) {
		p.log.WarnContext(r.Context(), "a preflight is refused", "origin", origin, "reason", reason)
	}
}

// refusal is why a preflight of a configured origin is not granted; empty if it is.
func (p preflights) refusal(r *http.Request) string {
	if method := r.Header.Get("Access-Control-Request-Method"); !slices.Contains(requestMethods, method) {
		return "it asks for another method than " + strings.Join(requestMethods, ", ")
	}
	for _, name := range headersAsked(r) {
		switch {
		case p.headers[name]:
		case name != "*" && headerName.MatchString(name):
			return "the header " + name + " is not allowed; it can be, under cors.headers"
		default:
			return "it asks for a header that has no name"
		}
	}
	return ""
}

const requestedHeaders = "Access-Control-Request-Headers"

// headersAsked are the names of the headers that a preflight asks for, in small letters.
func headersAsked(r *http.Request) (names []string) {
	for name := range strings.SplitSeq(strings.Join(r.Header.Values(requestedHeaders), ","), ",") {
		if name = strings.ToLower(strings.TrimSpace(name)); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// asBrowsersAsk is a preflight with its headers' names in small letters and in order. Browsers write them so, and the CORS library
// refuses all others; people who try it out by hand do not.
func asBrowsersAsk(r *http.Request) *http.Request {
	names := headersAsked(r)
	if !isPreflight(r) || len(names) == 0 {
		return r
	}
	slices.Sort(names)
	r = r.Clone(r.Context())
	r.Header.Set(requestedHeaders, strings.Join(slices.Compact(names), ","))
	return r
}
