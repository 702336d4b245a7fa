package identity

import (
	"net/http"

	"github.com/difygraph/difygraph/graph/code"
)

// Middleware serves requests whose caller a finds, with the caller in the context ([FromContext]). It answers others by 401
// and WWW-Authenticate. Of a request that it refuses it reads the header alone: strangers send no bodies here.
func Middleware(a *Authenticator, refuse code.Refuse) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			caller, refusal := a.authenticate(r)
			if refusal != nil {
				w.Header().Set("WWW-Authenticate", refusal.challenge())
				refuse(w, r, http.StatusUnauthorized, code.Unauthenticated, refusal.reason())
				return
			}
			next.ServeHTTP(w, r.WithContext(withCaller(r.Context(), caller)))
		})
	}
}
