package graphqlhttp

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
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
