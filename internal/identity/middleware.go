package identity

import "net/http"

// Code is the error code of a request without a caller, as GraphQL's clients see it.
const Code = "UNAUTHENTICATED"

// A Refuse writes the answer to a request that is not served: the HTTP status, and a body in the form of GraphQL's errors,
// with the message and the code. Headers of the answer may be set already.
type Refuse func(w http.ResponseWriter, r *http.Request, status int, code, message string)

// Middleware serves requests whose caller a finds, with the caller in the context ([FromContext]). It answers others by 401
// and WWW-Authenticate. Of a request that it refuses it reads the header alone: strangers send no bodies here.
func Middleware(a *Authenticator, refuse Refuse) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			caller, refusal := a.Authenticate(r)
			if refusal != nil {
				w.Header().Set("WWW-Authenticate", refusal.Challenge())
				refuse(w, r, http.StatusUnauthorized, Code, refusal.Reason())
				return
			}
			next.ServeHTTP(w, r.WithContext(NewContext(r.Context(), caller)))
		})
	}
}
