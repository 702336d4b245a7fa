package httpserver

import (
	"net/http"
	"sync/atomic"
	"time"
)

// responseWriter is a response that has writeTimeout from its first byte to its last. The server's own WriteTimeout begins with the
// request: alone it had to be longer than any operation's deadline, which a reload may change, and a client that does not read
// would hold its connection, and the place of its operation, for all that time. It stays for what the server answers by itself.
type responseWriter struct {
	http.ResponseWriter

	control *http.ResponseController
	begun   atomic.Bool
}

func newResponseWriter(w http.ResponseWriter) *responseWriter {
	return &responseWriter{ResponseWriter: w, control: http.NewResponseController(w)}
}

func (a *responseWriter) WriteHeader(status int) {
	a.begin()
	a.ResponseWriter.WriteHeader(status)
}

func (a *responseWriter) Write(p []byte) (int, error) {
	a.begin()
	return a.ResponseWriter.Write(p)
}

// Flush is for handlers that stream. One whose answers have no end sets deadlines of its own by an
// [http.ResponseController], after its first byte.
func (a *responseWriter) Flush() {
	a.begin()
	_ = a.control.Flush() // A client that is gone shows by the request's context.
}

// Unwrap is for [http.ResponseController].
func (a *responseWriter) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// begin puts the deadline in the place of the server's. That it can't is so on connections alone that are closed or hijacked,
// and no longer ours to cut.
func (a *responseWriter) begin() {
	if !a.begun.Swap(true) {
		_ = a.control.SetWriteDeadline(time.Now().Add(writeTimeout))
	}
}
