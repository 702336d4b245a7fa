package graphqlhttp

import (
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/difygraph/difygraph/graph/code"
)

// mediaType is one in which answers can be written.
type mediaType string

const (
	plainJSON       mediaType = "application/json"
	graphQLResponse mediaType = "application/graphql-response+json"
)

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
	case "application/*":
		return namedByKind
	case "*/*", "*":
		return namedByAny
	default:
		return notNamed
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

// admit looks at the request's head, before anything of its body is read, and returns the media type of the answer.
func admit(r *http.Request) (mediaType, *failure) {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost:
	case http.MethodOptions:
		return "", (&failure{status: http.StatusNoContent}).with("Allow", allowedMethods)
	default:
		return "", unsound(http.StatusMethodNotAllowed,
			"GraphQL is asked by POST or GET here").with("Allow", allowedMethods)
	}
	for _, name := range readHeaders {
		if isTooLong(r.Header[name]) {
			return "", unsound(http.StatusBadRequest, "the header %s is longer than %d bytes", name, maxHeaderBytes)
		}
	}
	if upgradesToWebSocket(r.Header) {
		return "", unsound(http.StatusBadRequest,
			"no WebSocket is served: the schema has no subscription; send queries by POST or GET")
	}
	media, ok := negotiate(r.Header)
	if !ok {
		return "", notAcceptable(r.Header)
	}
	if r.Method == http.MethodPost {
		return media, checkContent(r.Header)
	}
	return media, nil
}

func upgradesToWebSocket(h http.Header) bool {
	return hasToken(h.Values("Connection"), "upgrade") && hasToken(h.Values("Upgrade"), "websocket")
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
