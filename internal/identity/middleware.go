package identity

import (
	"net/http"
	"strconv"

	"github.com/difygraph/difygraph/graph/code"
)

// Middleware serves requests whose caller a finds, with the caller in the context ([FromContext]). It answers others by 401
// and WWW-Authenticate, or by 503 where their tokens can't be checked for now. Of a request that it refuses it reads the header
// alone: strangers send no bodies here.
func Middleware(a *Authenticator, refuse code.Refuse) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			caller, refusal := a.authenticate(r)
			if refusal != nil {
				a.refused(r.Context(), refusal.why)
				refusal.write(w, r, refuse)
				return
			}
			next.ServeHTTP(w, r.WithContext(withCaller(r.Context(), caller)))
		})
	}
}

func (r *refusal) write(w http.ResponseWriter, request *http.Request, refuse code.Refuse) {
	if r.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", strconv.Itoa(int(r.retryAfter.Seconds())))
		refuse(w, request, r.status, code.Overloaded, r.reason())
		return
	}
	w.Header().Set("WWW-Authenticate", r.challenge())
	refuse(w, request, r.status, code.Unauthenticated, r.reason())
}
