package lifecycle

import (
	"io"
	"net/http"
	"sync"
)

// gate stands before the service's handler, and knows whether it may be asked and how many requests are under way.
type gate struct {
	probes *http.ServeMux

	mu       sync.Mutex
	handler  http.Handler // nil while starting
	draining bool
	underWay map[*answer]struct{}
	idle     chan struct{} // closed once draining and nothing is under way
}

func newGate() *gate {
	g := &gate{probes: http.NewServeMux(), underWay: make(map[*answer]struct{}), idle: make(chan struct{})}
	g.probes.HandleFunc("GET /healthz", g.health)
	g.probes.HandleFunc("GET /readyz", g.readiness)
	g.probes.HandleFunc("/", g.pass)
	return g
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := newAnswer(w)
	g.probes.ServeHTTP(a, r)
	a.begin() // for the header of an answer without a body
}

// health says that the process answers.
func (g *gate) health(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "ok\n") }

// readiness looks at this process alone. A Dify that is down must not take the server out of its balancer: other apps,
// and the error that names the failing one, are still to be had here.
func (g *gate) readiness(w http.ResponseWriter, _ *http.Request) {
	g.mu.Lock()
	starting, draining := g.handler == nil, g.draining
	g.mu.Unlock()
	switch {
	case draining:
		say(w, http.StatusServiceUnavailable, "draining\n")
	case starting:
		say(w, http.StatusServiceUnavailable, "starting\n")
	default:
		say(w, http.StatusOK, "ready\n")
	}
}

// pass hands the request on, or refuses it.
func (g *gate) pass(w http.ResponseWriter, r *http.Request) {
	a, _ := w.(*answer) // by ServeHTTP
	handler := g.enter(a)
	if handler == nil {
		// The connection may be one that is kept alive. The next try should find another server.
		w.Header().Set("Connection", "close")
		w.Header().Set("Retry-After", "1")
		say(w, http.StatusServiceUnavailable, "the server is starting or stopping\n")
		return
	}
	defer g.leave(a)
	handler.ServeHTTP(a, r)
}

// enter counts a request; nil where it is refused.
func (g *gate) enter(a *answer) http.Handler {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.draining || g.handler == nil {
		return nil
	}
	g.underWay[a] = struct{}{}
	return g.handler
}

func (g *gate) leave(a *answer) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.underWay, a)
	g.closeIfIdle()
}

func (g *gate) open(handler http.Handler) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.handler = handler
}

// drain refuses what comes from now on. The channel is closed when the last request has ended. To be called once.
func (g *gate) drain() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.draining = true
	g.closeIfIdle()
	return g.idle
}

func (g *gate) closeIfIdle() {
	if g.draining && len(g.underWay) == 0 {
		close(g.idle)
	}
}

// unanswered is how many requests under way have nothing of their answer yet.
func (g *gate) unanswered() (n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for a := range g.underWay {
		if !a.begun.Load() {
			n++
		}
	}
	return n
}

func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}
