package httpserver

import (
	"net/http"
	"sync"
	"time"
)

// responseWriter is a response that has writeTimeout from its first byte to its last. The server's own WriteTimeout begins with the
// request: alone it had to be longer than any operation's deadline, which a reload may change, and a client that does not read
// would hold its connection, and the place of its operation, for all that time. It stays for what the server answers by itself.
// While the server drains, the client has clientGrace instead.
type responseWriter struct {
	http.ResponseWriter

	control *http.ResponseController

	mu      sync.Mutex
	timeout time.Duration // from the first byte to the last
	begun   bool
}

func newResponseWriter(w http.ResponseWriter) *responseWriter {
	return &responseWriter{ResponseWriter: w, control: http.NewResponseController(w), timeout: writeTimeout}
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

// begin puts the deadline in the place of the server's.
func (a *responseWriter) begin() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.begun {
		a.begun = true
		a.setDeadline()
	}
}

// drain leaves the client clientGrace to take its answer, from now on or from its first byte. The request must be under way.
func (a *responseWriter) drain() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.timeout = clientGrace
	if a.begun {
		a.setDeadline()
	}
}

// setDeadline fails on connections alone that are closed or hijacked, and no longer ours to cut.
func (a *responseWriter) setDeadline() {
	_ = a.control.SetWriteDeadline(time.Now().Add(a.timeout))
}

func (a *responseWriter) hasBegun() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.begun
}
