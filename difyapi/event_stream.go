package difyapi

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"time"

	"github.com/tmaxmax/go-sse"
)

// Bounds of a stream of events. Whoever reaches one may begin another stream.
const (
	maxEventBytes = maxBodyBytes
	maxEvents     = 100_000 // pings count
	maxStreamTime = time.Hour
	// maxStreamPause is how long nothing at all may come, while Dify pings every 10 s.
	maxStreamPause = time.Minute
	// silence is less than the 300 s without an event after which Dify ends a stream. One that ends sooner was ended by something else.
	silence = 4 * time.Minute
)

const eventStreamType = "text/event-stream"

// eventStream is an answer that goes on: server-sent events. It holds a slot until it is closed.
type eventStream struct {
	client   *Client
	endpoint string
	body     io.ReadCloser
	ends     endings
	ctx      context.Context
	callCtx  context.Context // ends with the stream's own deadlines too
	cancel   context.CancelFunc
	alive    *time.Timer // cancels unless something comes
	close    func()      // to be called once
}

// openStream sends GET path?query once, and returns what is answered where that is a stream. A stream takes a slot as a call does,
// and counts among the server's streams.
func (c *Client) openStream(ctx context.Context, path, query string) (*eventStream, error) {
	s, err := c.beginStream(ctx, path, query)
	if err == nil || answeredByDify(err) {
		c.found.Store(true)
	}
	return s, c.judgeMissing(ctx, path, err)
}

func (c *Client) beginStream(ctx context.Context, path, query string) (*eventStream, error) {
	s := &eventStream{client: c, ctx: ctx, endpoint: http.MethodGet + " " + path}
	done, ok := c.server.stream(c.streams)
	if !ok {
		return nil, &Error{Kind: KindStreamsInUse, endpoint: s.endpoint}
	}
	slot, err := c.enter(ctx)
	if err != nil {
		done()
		return nil, notSent(ctx, s.endpoint, err)
	}
	began := time.Now()
	if err := s.connect(path, query); err != nil {
		s.hangUp()
		done()
		c.leave(slot, err, time.Since(began)) //nolint:contextcheck // A probe outlives the call that gave cause for it.
		return nil, err
	}
	c.guard().record(nil, 0) // how it ends tells nothing of the app
	s.close = func() {
		s.hangUp()
		done()
		c.server.release(slot)
	}
	return s, nil
}

// stream counts one more stream, until done. It is false where there are as many as may be: most, and always fewer than slots.
func (s *server) stream(most int) (done func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.streams >= min(most, s.semaphore.slots-1) {
		return nil, false
	}
	s.streams++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.streams--
	}, true
}

// connect sends the request, and has the body of what is a stream. hangUp is to follow.
func (s *eventStream) connect(path, query string) error {
	s.callCtx, s.cancel = context.WithTimeout(s.ctx, maxStreamTime)
	s.alive = time.AfterFunc(s.client.timeout, s.cancel)
	if !allowed(s.ctx) {
		return allowanceSpent(s.endpoint)
	}
	req := s.client.newRequest(s.callCtx, path, query)
	req.Header.Set("Accept", eventStreamType)
	req.Header.Set("Accept-Encoding", "identity") // what compresses holds events back
	resp, requests, err := s.client.attempt(req)  //nolint:bodyclose // hangUp closes it
	if err != nil {
		return s.explain(&Error{Kind: KindUnavailable, Requests: requests, cause: transportCause(err)})
	}
	s.body = metered(s.ctx, resp.Body)
	s.client.noteVersion(ParseVersion(resp.Header.Get("X-Version")))
	if resp.StatusCode == http.StatusOK && mediaType(resp.Header) == eventStreamType {
		s.alive.Reset(maxStreamPause)
		return nil
	}
	return s.explain(s.client.notEvents(resp, requests))
}

// notEvents is the failure that an answer stands for which is no stream.
func (c *Client) notEvents(resp *http.Response, requests int) *Error {
	_, failure := readAnswer(resp)
	if failure == nil {
		failure = badResponse(resp.StatusCode, ReasonNotEvents)
	}
	failure.version, failure.Requests = ParseVersion(resp.Header.Get("X-Version")), requests
	failure.ContentType = tellable(mediaType(resp.Header))
	return failure
}

// hangUp closes the connection, unless the server has ended the answer.
func (s *eventStream) hangUp() {
	s.alive.Stop()
	s.cancel()
	if s.body != nil {
		_ = s.body.Close()
	}
}

func (s *eventStream) explain(failure *Error) error {
	return s.client.explain(s.ctx, s.callCtx, s.endpoint, failure)
}

// events are the data of the stream's events, without pings. Who stops is done with it; else the last one is an error: a stream
// that is over has said so before, by an event that its reader knows.
func (s *eventStream) events() iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		count, latest := 0, time.Now()
		for event, err := range sse.Read(s, &sse.ReadConfig{MaxEventSize: maxEventBytes}) {
			count++
			switch {
			case err != nil:
				yield("", s.explain(badResponse(http.StatusOK, streamCause(err))))
				return
			case count > maxEvents:
				yield("", s.explain(badResponse(http.StatusOK, ReasonTooManyEvents)))
				return
			case event.Data == "": // a ping
			default:
				latest = time.Now()
				if !yield(event.Data, nil) {
					return
				}
			}
		}
		yield("", s.explain(s.ended(time.Since(latest))))
	}
}

// ended is the failure of a stream whose body has ended, so long after its latest event.
func (s *eventStream) ended(pause time.Duration) *Error {
	if s.ends.betweenEvents() && pause >= silence {
		return &Error{Kind: KindSilent, Status: http.StatusOK}
	}
	return badResponse(http.StatusOK, ReasonCut)
}

// Read reads the body. What comes tells that the server is alive.
func (s *eventStream) Read(p []byte) (int, error) {
	n, err := s.body.Read(p)
	if n > 0 {
		s.alive.Reset(maxStreamPause)
		s.ends.add(p[:n])
	}
	return n, err
}

func streamCause(err error) error {
	if errors.Is(err, bufio.ErrTooLong) {
		return ReasonEventTooLarge
	}
	return bodyCause(err)
}

// endings are the last bytes of a stream. They tell whether its last event is whole, which go-sse does not.
type endings []byte

// longestEnding is that of an event whose lines end in two characters.
const longestEnding = 4

func (e *endings) add(read []byte) {
	*e = append(*e, read[max(0, len(read)-longestEnding):]...)
	*e = (*e)[max(0, len(*e)-longestEnding):]
}

func (e endings) betweenEvents() bool {
	lines := bytes.ReplaceAll(bytes.ReplaceAll(e, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n"))
	return len(e) == 0 || bytes.HasSuffix(lines, []byte("\n\n"))
}
