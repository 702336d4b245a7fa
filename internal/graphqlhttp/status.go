package graphqlhttp

import (
	"math"
	"net/http"
	"strconv"

	"github.com/vektah/gqlparser/v2/gqlerror"
)

// status is that of an answer without data: by the first error whose code has one, else by the media type.
func statusOf(media mediaType, errs gqlerror.List) int {
	for _, e := range errs {
		if status := codeOf(e).Status(); status != 0 {
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
