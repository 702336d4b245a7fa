package difytest

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// Fault is something that goes wrong with one request, in Dify, in a proxy
// before it, or on the way. The zero Fault is no fault. The functions of this
// file make the usual ones; fields combine where that makes sense, so that
// BadGateway().After(time.Second) is a slow one.
type Fault struct {
	Delay time.Duration // waited before anything else

	// A whole answer in place of Dify's, where Status is not 0.
	Status      int
	ContentType string
	Header      http.Header // beyond Content-Type and Content-Length
	Body        string
	Proxy       bool // it comes from a proxy, without Dify's headers

	CutBody bool                     // the connection ends half way through the body
	Rewrite func(body []byte) []byte // changes the body of Dify's own answer
	Hang    bool                     // no answer until the client leaves
	Events  *EventsFault             // what goes wrong with a stream of events
	Close   bool                     // the connection is closed without an answer
}

// After returns the fault with a delay before it.
func (f Fault) After(delay time.Duration) *Fault {
	f.Delay = delay
	return &f
}

// Cut returns the fault with its body cut half way.
func (f Fault) Cut() *Fault {
	f.CutBody = true
	return &f
}

// Delay makes Dify slow: the usual answer, later.
func Delay(delay time.Duration) *Fault { return &Fault{Delay: delay} }

// Hang makes no answer until the client leaves.
func Hang() *Fault { return &Fault{Hang: true} }

// CloseConnection ends the connection without an answer.
func CloseConnection() *Fault { return &Fault{Close: true} }

// CutBody ends the connection half way through the usual answer, which has
// declared its whole length.
func CutBody() *Fault { return &Fault{CutBody: true} }

// Rewrite changes the body of Dify's own answer, as to leave a field out.
func Rewrite(change func(body []byte) []byte) *Fault { return &Fault{Rewrite: change} }

// EventsFault goes wrong with a stream of events, once so many were sent.
type EventsFault struct {
	After int
	How   EventsEnd
}

// EventsEnd is how a stream ends before its time.
type EventsEnd int

// The ends. A stream that stalls stays open, and even pings cease.
const (
	EventsCut   EventsEnd = iota // in the middle of the next event
	EventsEnded                  // in good order, before the next event
	EventsStall
)

// CutEvents breaks a stream off in the middle of the event after so many.
func CutEvents(after int) *Fault { return &Fault{Events: &EventsFault{after, EventsCut}} }

// EndEvents ends a stream in good order after so many events.
func EndEvents(after int) *Fault { return &Fault{Events: &EventsFault{after, EventsEnded}} }

// StallEvents lets nothing more come of a stream after so many events.
func StallEvents(after int) *Fault { return &Fault{Events: &EventsFault{after, EventsStall}} }

func (f *Fault) cuts(sent int) bool   { return f.hits(sent, EventsCut) }
func (f *Fault) ends(sent int) bool   { return f.hits(sent, EventsEnded) }
func (f *Fault) stalls(sent int) bool { return f.hits(sent, EventsStall) }

func (f *Fault) hits(sent int, how EventsEnd) bool {
	return f != nil && f.Events != nil && f.Events.How == how && sent >= f.Events.After
}

// TooManyRequests is the 429 of an app's limit of requests at once.
func TooManyRequests() *Fault {
	return refusing(http.StatusTooManyRequests, "too_many_requests",
		"Too many requests. Please try again later. The current maximum concurrent requests allowed for this app is 10.")
}

// RateLimitError is the 429 of a quota of Dify's cloud. Its message names the
// tenant, which is nobody's business.
func RateLimitError() *Fault {
	return refusing(http.StatusTooManyRequests, "rate_limit_error",
		"Rate limit exceeded for tenant 6f1c9b1e-52a4-4a66-9d0f-0a4b1c0f7f11, please try again later.")
}

// UnknownError is the 500 of an exception that Dify does not expect.
func UnknownError() *Fault { return answering(unknownError()) }

// InternalServerError is the 500 that Dify raises itself.
func InternalServerError() *Fault {
	return refusing(http.StatusInternalServerError, "internal_server_error",
		"The server encountered an internal error and was unable to complete your request. "+
			"Either the server is overloaded or there is an error in the application.")
}

// Unauthorized is the 401 of a wrong key.
func Unauthorized() *Fault { return answering(unauthorized("Access token is invalid")) }

// Forbidden is the 403 of an app whose API is disabled.
func Forbidden() *Fault { return answering(forbidden("The app's API service has been disabled.")) }

// NotFoundPage is the HTML 404 of a route that Dify does not have.
func NotFoundPage() *Fault { return answering(notFound()) }

// BadGateway is a proxy's HTML 502.
func BadGateway() *Fault { return proxyPage(http.StatusBadGateway, "502 Bad Gateway") }

// ServiceUnavailable is a proxy's HTML 503.
func ServiceUnavailable() *Fault {
	return proxyPage(http.StatusServiceUnavailable, "503 Service Temporarily Unavailable")
}

// GatewayTimeout is a proxy's HTML 504.
func GatewayTimeout() *Fault { return proxyPage(http.StatusGatewayTimeout, "504 Gateway Time-out") }

// Nonsense is a 200 with JSON that is not the API's, such as `{}` or `[]`, or
// with nothing at all.
func Nonsense(body string) *Fault {
	return &Fault{Status: http.StatusOK, ContentType: jsonType, Body: body}
}

// LoginPage is a 200 with an HTML page, as from a proxy that wants a login.
func LoginPage() *Fault { return proxyPage(http.StatusOK, "Sign in") }

func refusing(status int, code, message string) *Fault {
	return answering(errorAnswer(status, code, message))
}

func answering(a answer) *Fault {
	return &Fault{Status: a.status, ContentType: a.contentType, Header: a.header, Body: string(a.body)}
}

func proxyPage(status int, title string) *Fault {
	body := "<html>\r\n<head><title>" + title + "</title></head>\r\n<body>\r\n<center><h1>" + title +
		"</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
	return &Fault{Status: status, ContentType: "text/html", Body: body, Proxy: true}
}

// faults decides which request has which fault.
type faults struct {
	mu     sync.Mutex
	queue  []*Fault
	choose func(*http.Request) *Fault
}

// FailNext gives the next requests a fault each, in order of their arrival;
// nil stands for a request without one. They come before those of SetFault.
func (s *Server) FailNext(faults ...*Fault) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.queue = append(s.faults.queue, faults...)
}

// SetFault lets choose decide the fault of each request; nil means none. It is
// called once per request, for several at once. A nil function ends it.
func (s *Server) SetFault(choose func(*http.Request) *Fault) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.choose = choose
}

// next returns the fault of a request, or nil.
func (f *faults) next(r *http.Request) *Fault {
	f.mu.Lock()
	choose := f.choose
	if len(f.queue) > 0 {
		fault := f.queue[0]
		f.queue = f.queue[1:]
		f.mu.Unlock()
		return fault
	}
	f.mu.Unlock()
	if choose == nil {
		return nil
	}
	return choose(r)
}

// wait lets the delay pass, and says false if the client left meanwhile.
func (f *Fault) wait(ctx context.Context) bool {
	if f == nil || f.Delay <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(f.Delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// replaces says whether Dify's own answer is not wanted.
func (f *Fault) replaces() bool { return f != nil && (f.Hang || f.Close || f.Status != 0) }

// write does what takes the place of Dify's answer.
func (f *Fault) write(s *Server, w http.ResponseWriter, r *http.Request) {
	if f.Hang {
		<-r.Context().Done()
	}
	if f.Hang || f.Close {
		panic(http.ErrAbortHandler)
	}
	if !f.Proxy {
		s.stamp(w.Header())
	}
	reply := answer{status: f.Status, contentType: f.ContentType, header: f.Header, body: []byte(f.Body)}
	reply.write(w, f.CutBody)
}

// finish applies the fault to Dify's own answer and says whether to cut it.
func (f *Fault) finish(reply answer) (finished answer, cut bool) {
	if f == nil {
		return reply, false
	}
	if f.Rewrite != nil {
		reply.body = f.Rewrite(reply.body)
	}
	return reply, f.CutBody
}
