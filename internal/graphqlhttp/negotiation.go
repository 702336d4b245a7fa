package graphqlhttp

import (
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/difygraph/difygraph/graph/code"
)

// mediaType is one in which answers can be written.
type mediaType string

const (
	plainJSON       mediaType = "application/json"
	graphQLResponse mediaType = "application/graphql-response+json"

	// Those of answers that come one after the other.
	eventStream    mediaType = "text/event-stream"
	multipartMixed mediaType = "multipart/mixed"
)

// subscriptionSpec is the version of Apollo's protocol for subscriptions in parts of a body, a parameter of multipart/mixed.
// Without it the type is for other things, such as @defer.
const subscriptionSpec = "1.0"

// How closely an element of Accept names a media type.
const (
	notNamed = iota
	namedByAny
	namedByKind
	namedExactly
)

// maxHeaderBytes bounds what is read of one header, of all its lines together. A browser's Accept has 150.
const maxHeaderBytes = 2 << 10

// isTooLong tells whether a header is longer than what is read of one.
func isTooLong(lines []string) bool {
	total := 0
	for _, line := range lines {
		total += len(line) + 1
	}
	return total > maxHeaderBytes
}

// preference is an element of Accept or Accept-Encoding: a value such as application/* or gzip, and its weight from 0
// to 1. A value with weight 0 must not be sent.
type preference struct {
	value  string
	weight float64
}

// preferences reads a header's lines, unless they are too long. Elements that can't be read are ignored, and so are those that want a charset that
// JSON does not have. A comma in a quoted parameter splits its element in two of them: no media type here has any.
func preferences(lines []string) []preference {
	if isTooLong(lines) {
		return nil
	}
	var all []preference
	for _, line := range lines {
		for element := range strings.SplitSeq(line, ",") {
			value, params, err := mime.ParseMediaType(element)
			if err != nil || params["charset"] != "" && !strings.EqualFold(params["charset"], "utf-8") {
				continue
			}
			if value == string(multipartMixed) && params["subscriptionspec"] != subscriptionSpec {
				continue
			}
			if weight, ok := parseWeight(params["q"]); ok {
				all = append(all, preference{value, weight})
			}
		}
	}
	return all
}

func parseWeight(q string) (weight float64, ok bool) {
	if q == "" {
		return 1, true
	}
	weight, err := strconv.ParseFloat(q, 64)
	return weight, err == nil && weight >= 0 && weight <= 1
}

// negotiate chooses the media type of the answer. Who names neither type but takes both by a wildcard gets
// application/json, as clients that are older than the other type expect.
func negotiate(h http.Header) (chosen mediaType, ok bool) {
	lines := h.Values("Accept")
	if isTooLong(lines) {
		return "", false
	}
	if strings.TrimSpace(strings.Join(lines, "")) == "" {
		return plainJSON, true
	}
	accepted := preferences(lines)
	plain, _ := weigh(accepted, plainJSON)
	response, named := weigh(accepted, graphQLResponse)
	switch {
	case plain == 0 && response == 0:
		return "", false
	case response > plain, response == plain && named == namedExactly:
		return graphQLResponse, true
	default:
		return plainJSON, true
	}
}

// weigh is the weight of a media type by the element that names it most closely.
func weigh(accepted []preference, m mediaType) (weight float64, named int) {
	for _, p := range accepted {
		if closeness := m.closeness(p.value); closeness > named {
			weight, named = p.weight, closeness
		}
	}
	return weight, named
}

func (m mediaType) closeness(value string) int {
	switch value {
	case string(m):
		return namedExactly
	case m.kind() + "/*":
		return namedByKind
	case "*/*", "*":
		return namedByAny
	default:
		return notNamed
	}
}

func (m mediaType) kind() string {
	kind, _, _ := strings.Cut(string(m), "/")
	return kind
}

// negotiateStream chooses the media type of a stream of answers: server-sent events, which wildcards mean too, or the parts of a
// body, for who names them. It is empty where neither will do.
func negotiateStream(h http.Header) mediaType {
	lines := h.Values("Accept")
	if strings.TrimSpace(strings.Join(lines, "")) == "" {
		return eventStream
	}
	accepted := preferences(lines)
	events, closeness := weigh(accepted, eventStream)
	mixed, named := weigh(accepted, multipartMixed)
	switch {
	case named == namedExactly && (mixed > events || mixed == events && closeness < namedExactly && mixed > 0):
		return multipartMixed
	case events > 0:
		return eventStream
	default:
		return ""
	}
}

// The content codings of answers, the better one first; noCoding is the answer as it is.
const (
	noCoding   = ""
	codingZstd = "zstd"
	codingGzip = "gzip"
)

// negotiateCoding is the coding that the client takes, and does not like less than the answer as it is. Of two that it likes
// alike it is the better one.
func negotiateCoding(h http.Header) string {
	accepted := preferences(h.Values("Accept-Encoding"))
	best, most := noCoding, 0.0
	for _, p := range accepted {
		if p.value == "identity" {
			most = p.weight
		}
	}
	for _, coding := range []string{codingGzip, codingZstd} {
		if weight := weighCoding(accepted, coding); weight > 0 && weight >= most {
			best, most = coding, weight
		}
	}
	return best
}

// weighCoding takes * for gzip alone: who names no coding may know no newer one.
func weighCoding(accepted []preference, coding string) (weight float64) {
	for _, p := range accepted {
		switch {
		case p.value == coding, coding == codingGzip && p.value == "x-gzip":
			return p.weight
		case coding == codingGzip && p.value == "*":
			weight = p.weight
		}
	}
	return weight
}

// failure says why a request runs no operation.
type failure struct {
	// status is 0 for a request that HTTP has nothing against: then the errors are the executor's to present, and their
	// codes decide.
	status int
	header http.Header
	errors gqlerror.List
	more   bool // errors there were that nobody counted
}

func newError(c code.Code, format string, args ...any) *gqlerror.Error {
	e := gqlerror.Errorf(format, args...)
	e.Extensions = map[string]any{"code": c}
	return e
}

// unsound is the failure of a request that is none of GraphQL over HTTP.
func unsound(status int, format string, args ...any) *failure {
	return &failure{status: status, errors: gqlerror.List{newError(code.BadUserInput, format, args...)}}
}

// invalid is the failure of a request whose operation can't be run.
func invalid(c code.Code, format string, args ...any) *failure {
	return &failure{errors: gqlerror.List{newError(c, format, args...)}}
}

func (f *failure) with(header, value string) *failure {
	if f.header == nil {
		f.header = http.Header{}
	}
	f.header.Set(header, value)
	return f
}

const allowedMethods = "GET, HEAD, OPTIONS, POST"

// readHeaders are those that are read here, whose length is bounded. One that is longer is of no client that means well.
var readHeaders = []string{"Accept", "Accept-Encoding", "Connection", "Content-Encoding", "Content-Type", "Upgrade"}

// accepted is how a request can be answered.
type accepted struct {
	single mediaType // of one answer; empty if the client takes none
	stream mediaType // of answers one after the other; empty if the client takes none, or none is served
	socket bool      // over a WebSocket, and in no other way
}

// media is the media type for an operation, or for a request without one: a stream where it has to be.
func (a accepted) media(kind ast.Operation) mediaType {
	if kind == ast.Subscription || a.single == "" {
		return a.stream
	}
	return a.single
}

// check wants a client that subscribes to take a stream.
func (a accepted) check(kind ast.Operation) *failure {
	if kind != ast.Subscription || a.stream != "" {
		return nil
	}
	return unsound(http.StatusNotAcceptable, `a subscription is answered as %s, or as %s; subscriptionSpec="%s", and Accept has neither; `+
		"or subscribe over a WebSocket", eventStream, multipartMixed, subscriptionSpec)
}

// admit looks at the request's head, before anything of its body is read.
func (t *Transport) admit(r *http.Request) (a accepted, f *failure) {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost:
	case http.MethodOptions:
		return a, (&failure{status: http.StatusNoContent}).with("Allow", allowedMethods)
	default:
		return a, unsound(http.StatusMethodNotAllowed,
			"GraphQL is asked by POST or GET here").with("Allow", allowedMethods)
	}
	for _, name := range readHeaders {
		if isTooLong(r.Header[name]) {
			return a, unsound(http.StatusBadRequest, "the header %s is longer than %d bytes", name, maxHeaderBytes)
		}
	}
	if upgradesToWebSocket(r.Header) {
		return accepted{socket: true}, t.checkSocket()
	}
	a.single, _ = negotiate(r.Header)
	if t.streams != nil {
		a.stream = negotiateStream(r.Header)
	}
	if a.single == "" && a.stream == "" {
		return a, notAcceptable(r.Header)
	}
	if r.Method == http.MethodPost {
		return a, checkContent(r.Header)
	}
	return a, nil
}

func (t *Transport) checkSocket() *failure {
	if t.streams != nil {
		return nil
	}
	return unsound(http.StatusBadRequest, "no WebSocket is served: the schema has no subscription; send queries by POST or GET")
}

func upgradesToWebSocket(h http.Header) bool {
	return hasToken(h.Values("Connection"), "upgrade") && hasToken(h.Values("Upgrade"), "websocket")
}

// UpgradesToSocket tells whether a request is served as a WebSocket. Its client may say later who it is (Streams.Authenticate).
func (t *Transport) UpgradesToSocket(r *http.Request) bool {
	return t.streams != nil && upgradesToWebSocket(r.Header)
}

func hasToken(lines []string, token string) bool {
	for _, line := range lines {
		for element := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(element), token) {
				return true
			}
		}
	}
	return false
}

func notAcceptable(h http.Header) *failure {
	for _, line := range h.Values("Accept") {
		if strings.Contains(strings.ToLower(line), "text/event-stream") {
			return unsound(http.StatusNotAcceptable,
				"no event stream is served: the schema has no subscription; accept %s or %s", graphQLResponse, plainJSON)
		}
	}
	return unsound(http.StatusNotAcceptable, "the answer can be %s or %s, and Accept has neither", graphQLResponse, plainJSON)
}

// checkContent wants JSON in UTF-8, as it is. Compressed bodies are refused: requests are small, and a bound on what
// arrives is a bound on what is read.
func checkContent(h http.Header) *failure {
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || kind != string(plainJSON) || len(h.Values("Content-Type")) != 1 {
		return unsound(http.StatusUnsupportedMediaType, "Content-Type must be %s", plainJSON).with("Accept", string(plainJSON))
	}
	if charset, ok := params["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
		return unsound(http.StatusUnsupportedMediaType, "the body's charset must be utf-8")
	}
	for _, line := range h.Values("Content-Encoding") {
		if !strings.EqualFold(line, "identity") {
			return unsound(http.StatusUnsupportedMediaType,
				"the body must come without Content-Encoding").with("Accept-Encoding", "identity")
		}
	}
	return nil
}

// Refuse answers a request that another handler refuses before this transport saw it, in the same form: with the status,
// the error, and Retry-After where `extensions.retryAfter` has seconds. Headers that w has already stay.
func (t *Transport) Refuse(w http.ResponseWriter, r *http.Request, status int, err *gqlerror.Error) {
	t.refuse(w, r, &failure{status: status, errors: gqlerror.List{err}})
}
