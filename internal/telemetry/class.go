package telemetry

import (
	"net/http"
	"strings"
)

// class is the kind of thing that went wrong, for metrics: the graver one where there are several.
type class int

const (
	classOK       class = iota
	classCanceled       // the client did not wait
	classInput          // the client has to ask differently
	classDenied         // the caller may not
	classRefused        // the caller asks for too much, or all callers together
	classUpstream       // an app's Dify failed
	classTimeout        // time was up
	classInternal       // the fault is here
)

func (c class) String() string {
	return [...]string{"ok", "canceled", "input", "denied", "refused", "upstream", "timeout", "internal"}[c]
}

// codeInternal is also the code of errors without one: they came past whatever gives codes.
const codeInternal = "INTERNAL_SERVER_ERROR"

var classes = map[string]class{
	"BAD_USER_INPUT":            classInput,
	"GRAPHQL_PARSE_FAILED":      classInput,
	"GRAPHQL_VALIDATION_FAILED": classInput,
	"PERSISTED_QUERY_NOT_FOUND": classInput,
	"INVALID_CURSOR":            classInput,
	"UNAUTHENTICATED":           classDenied,
	"FORBIDDEN":                 classDenied,
	"COST_LIMIT_EXCEEDED":       classRefused,
	"RATE_LIMITED":              classRefused,
	"OVERLOADED":                classRefused,
	"OPERATION_TIMEOUT":         classTimeout,
}

func classOfCode(code string) class {
	if known, ok := classes[code]; ok {
		return known
	}
	if strings.HasPrefix(code, "UPSTREAM_") {
		return classUpstream
	}
	return classInternal
}

// classOfStatus is for answers that have no error codes.
func classOfStatus(status int) class {
	switch status {
	case statusClientClosedRequest:
		return classCanceled
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusMisdirectedRequest:
		return classDenied
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return classRefused
	case http.StatusRequestTimeout, http.StatusGatewayTimeout:
		return classTimeout
	}
	switch status / 100 {
	case 2, 3:
		return classOK
	case 4:
		return classInput
	default: // no answer at all, too
		return classInternal
	}
}

// worst is the class of a request that was answered by the status.
func (r *record) worst(status int) class {
	if len(r.codes) == 0 {
		return classOfStatus(status)
	}
	gravest := classOK
	for code := range r.codes {
		gravest = max(gravest, classOfCode(code))
	}
	return gravest
}
