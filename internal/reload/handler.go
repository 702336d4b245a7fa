package reload

import (
	"net/http"
	"sync"
)

// Handler is an [http.Handler] that can be replaced while requests are under way. A request ends with the handler that it
// began with. It is safe for concurrent use.
type Handler struct {
	mu      sync.Mutex
	current *generation // nil after Close
}

// generation is one of the handlers that came after each other. Its fields below the handler are guarded by Handler.mu.
type generation struct {
	handler http.Handler
	close   func()
	users   int
	retired bool
}

// NewHandler starts with a handler. What it holds is given back by closing, which may be nil: see [Handler.Replace].
func NewHandler(first http.Handler, closing func()) *Handler {
	return &Handler{current: &generation{handler: first, close: closing}}
}

// ServeHTTP serves by the handler in force; after Close by none: 503.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g := h.enter()
	if g == nil {
		http.Error(w, "the server is stopping", http.StatusServiceUnavailable)
		return
	}
	defer h.leave(g)
	g.handler.ServeHTTP(w, r)
}

// Replace puts next into force: requests that come from now on are its own. The closing function of the handler before is
// called once, when the last request of that handler has ended: by Replace itself, or in the goroutine of this request, so
// that it should be quick.
func (h *Handler) Replace(next http.Handler, closing func()) {
	h.swap(&generation{handler: next, close: closing})
}

// Close is Replace without a successor. A second one does nothing.
func (h *Handler) Close() { h.swap(nil) }

func (h *Handler) swap(next *generation) {
	h.mu.Lock()
	last := h.current
	h.current = next
	unused := last != nil && last.users == 0
	if last != nil {
		last.retired = true
	}
	h.mu.Unlock()
	if unused {
		last.end()
	}
}

func (h *Handler) enter() *generation {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.current != nil {
		h.current.users++
	}
	return h.current
}

func (h *Handler) leave(g *generation) {
	h.mu.Lock()
	g.users--
	unused := g.retired && g.users == 0
	h.mu.Unlock()
	if unused {
		g.end()
	}
}

func (g *generation) end() {
	if g.close != nil {
		g.close()
	}
}
