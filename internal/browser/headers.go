package browser

import "net/http"

// contentSecurityPolicy is of answers that are no page: a browser that is made to show one runs and loads nothing. A page
// sets a policy of its own.
const contentSecurityPolicy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// SecurityHeaders tells browsers to take answers for what they say they are, to show them in no frame, to give them to no
// other site, and to tell no other site where they were read. A handler may set others in their place.
func SecurityHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", contentSecurityPolicy)
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin") // Requests with CORS are not asked about it.
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("X-Frame-Options", "DENY") // as frame-ancestors, for browsers that do not know it
		next.ServeHTTP(w, r)
	})
}
