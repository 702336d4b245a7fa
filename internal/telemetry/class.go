package telemetry

import (
	"net/http"

	"github.com/difygraph/difygraph/graph/code"
)

// classOfStatus is for answers that have no error codes.
func classOfStatus(status int) code.Class {
	switch status {
	case statusClientClosedRequest:
		return code.Canceled
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusMisdirectedRequest:
		return code.Denied
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return code.Refused
	case http.StatusRequestTimeout, http.StatusGatewayTimeout:
		return code.Timeout
	}
	switch status / 100 {
	case 2, 3:
		return code.OK
	case 4:
		return code.Input
	default: // no answer at all, too
		return code.Internal
	}
}

// worst is the class of a request that was answered by the status. An answer without the rows of an app that failed is none that is
// well, whoever asked for the rest.
func (r *record) worst(status int) code.Class {
	if len(r.codes) == 0 && len(r.failed) == 0 {
		return classOfStatus(status)
	}
	gravest := code.OK
	for c := range r.codes {
		gravest = max(gravest, c.Class())
	}
	for _, c := range r.failed {
		gravest = max(gravest, c.Class())
	}
	return gravest
}
