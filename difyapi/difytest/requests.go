package difytest

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Request is one that the server has received.
type Request struct {
	App    string // name of the app whose key was sent; empty where there is none
	Method string
	Path   string
	Route  string // as of [RouteOf]
	Query  url.Values
	Page   int // as asked, 1 where the query has none; 0 where it is no number
	Limit  int // likewise, 20 where the query has none
	Status int // 0 while under way, or where no status was sent
	At     time.Time
}

// Offset returns how many rows the database had to pass over for the page.
func (r Request) Offset() int { return (r.Page - 1) * r.Limit }

// requestLog keeps the newest requests and counts all of them.
type requestLog struct {
	mu      sync.Mutex
	keep    int
	entries []*Request
	calls   map[string]int
}

// begin notes a request when it arrives, so that one that never ends is seen.
func (l *requestLog) begin(r Request) *Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.calls == nil {
		l.calls = map[string]int{}
	}
	l.calls[r.Route]++
	if len(l.entries) >= 2*l.keep {
		l.entries = slices.Clone(l.entries[l.keep:])
	}
	l.entries = append(l.entries, &r)
	return &r
}

func (l *requestLog) end(entry *Request, status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	entry.Status = status
}

// Requests returns the newest requests in the order of their arrival, at
// least as many as [Options] says.
func (s *Server) Requests() []Request {
	s.requests.mu.Lock()
	defer s.requests.mu.Unlock()
	requests := make([]Request, 0, len(s.requests.entries))
	for _, entry := range s.requests.entries {
		copied := *entry
		copied.Query = maps.Clone(entry.Query)
		requests = append(requests, copied)
	}
	return requests
}

// Calls returns how many requests a route has had, such as [LogsRoute] or
// [RunRoute], whatever the ids, those under way included.
func (s *Server) Calls(route string) int {
	s.requests.mu.Lock()
	defer s.requests.mu.Unlock()
	return s.requests.calls[route]
}

// ResetRequests forgets all requests and counts.
func (s *Server) ResetRequests() {
	s.requests.mu.Lock()
	defer s.requests.mu.Unlock()
	s.requests.entries, s.requests.calls = nil, nil
}

func (s *Server) describe(r *http.Request) Request {
	query := r.URL.Query()
	route, _ := RouteOf(r.URL.Path)
	described := Request{
		Method: r.Method,
		Path:   r.URL.Path,
		Route:  route,
		Query:  query,
		Page:   asked(query, "page", defaultPage),
		Limit:  asked(query, "limit", defaultLimit),
		At:     s.options.Now(),
	}
	if app := s.appOfKey(bearerToken(r)); app != nil {
		described.App = app.Name()
	}
	return described
}

func asked(query url.Values, parameter string, otherwise int) int {
	if !query.Has(parameter) {
		return otherwise
	}
	n, _ := strconv.Atoi(query.Get(parameter))
	return n
}
