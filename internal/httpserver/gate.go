package httpserver

import (
	"context"
	"io"
	"net/http"
	"sync"
)

// gate stands before the handlers, and knows which of them may be asked and what requests are under way.
type gate struct {
	probes *http.ServeMux

	mu       sync.Mutex
	inForce  *generation // nil while starting, and after the end
	draining bool
	underWay map[*responseWriter]*generation
	idle     chan struct{} // closed once draining and nothing is under way

	ending context.Context //nolint:containedctx // it is the server's own, and over once draining
	end    context.CancelFunc
}

// generation is one of the handlers that come after each other.
type generation struct {
	handler http.Handler
	close   func() // once no request of it is under way, and none can come
}

func newGate() *gate {
	g := &gate{probes: http.NewServeMux(), underWay: make(map[*responseWriter]*generation), idle: make(chan struct{})}
	g.ending, g.end = context.WithCancel(context.Background())
	g.probes.HandleFunc("GET /healthz", g.health)
	g.probes.HandleFunc("GET /readyz", g.readiness)
	g.probes.HandleFunc("/", g.pass)
	return g
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := newResponseWriter(w)
	g.probes.ServeHTTP(a, r)
	a.begin() // for the header of an answer without a body
}

// health says that the process answers.
func (g *gate) health(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "ok\n") }

// readiness looks at this process alone. A Dify that is down must not take the server out of its balancer: other apps,
// and the error that names the failing one, are still to be had here.
func (g *gate) readiness(w http.ResponseWriter, _ *http.Request) {
	g.mu.Lock()
	starting, draining := g.inForce == nil, g.draining
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
	a, _ := w.(*responseWriter) // by ServeHTTP
	entered := g.enter(a)
	if entered == nil {
		// The connection may be one that is kept alive. The next try should find another server.
		w.Header().Set("Connection", "close")
		w.Header().Set("Retry-After", "1")
		say(w, http.StatusServiceUnavailable, "the server is starting or stopping\n")
		return
	}
	defer g.leave(a)
	entered.handler.ServeHTTP(a, r)
}

// enter notes a request of the generation in force; nil where it is refused.
func (g *gate) enter(a *responseWriter) *generation {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.draining || g.inForce == nil {
		return nil
	}
	g.underWay[a] = g.inForce
	return g.inForce
}

func (g *gate) leave(a *responseWriter) {
	g.mu.Lock()
	left := g.underWay[a]
	delete(g.underWay, a)
	over := g.isOver(left)
	g.closeIfIdle()
	g.mu.Unlock()
	if over {
		left.close()
	}
}

// put brings a generation into force, or nil for none.
func (g *gate) put(next *generation) {
	g.mu.Lock()
	before := g.inForce
	g.inForce = next
	over := before != nil && g.isOver(before)
	g.mu.Unlock()
	if over {
		before.close()
	}
}

// isOver tells whether another generation is in force and no request of this one is under way.
func (g *gate) isOver(of *generation) bool {
	if of == g.inForce {
		return false
	}
	for _, other := range g.underWay {
		if other == of {
			return false
		}
	}
	return true
}

// drain refuses what comes from now on, and waits no longer for clients to take their answers than it must. The channel is closed
// when the last request has ended. To be called once.
func (g *gate) drain() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.draining = true
	g.end()
	for a := range g.underWay {
		a.drain()
	}
	g.closeIfIdle()
	return g.idle
}

func (g *gate) closeIfIdle() {
	if g.draining && len(g.underWay) == 0 {
		close(g.idle)
	}
}

// requests is how many are under way.
func (g *gate) requests() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.underWay)
}

// unanswered is how many requests under way have nothing of their answer yet.
func (g *gate) unanswered() (n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for a := range g.underWay {
		if !a.hasBegun() {
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
