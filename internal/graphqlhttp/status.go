package graphqlhttp

import (
	"math"
	"net/http"
	"strconv"

	"github.com/vektah/gqlparser/v2/gqlerror"
)

// DefaultStatus is the HTTP status of answers without data, by the code of their error. What HTTP itself has a word for is
// said in it whatever the media type: gateways and clients that know nothing of GraphQL act on it.
func DefaultStatus() map[string]int {
	return map[string]int{
		"UNAUTHENTICATED":   http.StatusUnauthorized,
		"RATE_LIMITED":      http.StatusTooManyRequests,
		CodeOverloaded:      http.StatusServiceUnavailable,
		"OPERATION_TIMEOUT": http.StatusGatewayTimeout,
		CodeInternal:        http.StatusInternalServerError,
	}
}

// status is that of an answer without data: by the first error whose code has one, else by the media type.
func (t *Transport) status(media mediaType, errs gqlerror.List) int {
	for _, e := range errs {
		if status, ok := t.options.Status[codeOf(e)]; ok {
			return status
		}
	}
	if media == graphQLResponse {
		return http.StatusBadRequest
	}
	return http.StatusOK
}

// setRetryAfter repeats the longest `extensions.retryAfter`, in seconds, where those who know no GraphQL find it.
func setRetryAfter(h http.Header, errs gqlerror.List) {
	longest := 0.0
	for _, e := range errs {
		switch seconds := e.Extensions["retryAfter"].(type) {
		case int:
			longest = max(longest, float64(seconds))
		case float64:
			longest = max(longest, seconds)
		}
	}
	if longest > 0 && longest <= math.MaxInt32 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(longest))))
	}
}
