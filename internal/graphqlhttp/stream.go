package graphqlhttp

import (
	"bytes"
	"iter"
	"net/http"
	"sync"
	"time"
)

// framing is how answers stand in the body of a response, one after the other.
type framing struct {
	contentType   string
	open, end     string
	before, after string // of an answer
	beat          string // of a client's patience, which proxies have less of than people
	interval      time.Duration
	beforeFailure string // in place of before and the answer's {, where the server ends the subscription; empty if that is as any
}

// framings are those of graphql-sse's distinct connections, and of Apollo's multipart protocol for subscriptions.
//
// An EventSource passes over events without data, and so complete has an empty text. Apollo's clients read a part once they see
// the boundary after it.
var framings = map[mediaType]framing{
	eventStream: {
		contentType: string(eventStream) + "; charset=utf-8",
		open:        ":\n\n",
		before:      "event: next\ndata: ",
		after:       "\n\n",
		beat:        ":\n\n",
		interval:    10 * time.Second,
		end:         "event: complete\ndata: \n\n",
	},
	multipartMixed: {
		contentType:   string(multipartMixed) + `; boundary="graphql"; subscriptionSpec="` + subscriptionSpec + `"`,
		open:          "\r\n--graphql",
		before:        partHeader + `{"payload":`,
		beforeFailure: partHeader + `{"payload":null,`,
		after:         "}\r\n--graphql",
		beat:          partHeader + "{}\r\n--graphql",
		interval:      5 * time.Second,
		end:           "--\r\n",
	},
}

const partHeader = "\r\ncontent-type: application/json\r\n\r\n"

// streamWriteTimeout is how long a client may take for one answer. There is none for all of them.
const streamWriteTimeout = 30 * time.Second

// stream sends answers as they come, and between them what shows that the server is there.
func (t *Transport) stream(w http.ResponseWriter, f framing, answers iter.Seq[*answer]) {
	h := w.Header()
	h.Set("Content-Type", f.contentType)
	h.Add("Vary", "Accept")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // for nginx, which would wait for more
	s := &streamWriter{w: w, control: http.NewResponseController(w)}
	_ = s.control.SetReadDeadline(time.Time{}) // the server's is for requests; what fails has left
	s.write(parts{[]byte(f.open)})
	t.writeAnswers(s, f, answers)
	s.write(parts{[]byte(f.end)})
}

// writeAnswers sends answers and heartbeats. The heartbeats end with it even where an answer panics.
func (t *Transport) writeAnswers(s *streamWriter, f framing, answers iter.Seq[*answer]) {
	defer s.beat(f)()
	for a := range answers {
		if !s.write(f.frame(a, t.encode(a))) {
			return
		}
	}
}

// frame puts an answer into its frame.
func (f framing) frame(a *answer, body parts) parts {
	before, after := f.before, f.after
	if a.cause != nil && f.beforeFailure != "" {
		before, after = f.beforeFailure, f.after[len("}"):]
		body[0] = body[0][len("{"):]
	}
	framed := append(make(parts, 0, len(body)+2), []byte(before))
	for _, part := range body {
		framed = append(framed, oneLine(part))
	}
	return append(framed, []byte(after))
}

// oneLine puts blanks in the place of line ends, which JSON has between its tokens alone, and an event stream between its fields.
func oneLine(text []byte) []byte {
	if !bytes.ContainsAny(text, "\r\n") {
		return text
	}
	return bytes.Map(func(r rune) rune {
		if r == '\r' || r == '\n' {
			return ' '
		}
		return r
	}, text)
}

// streamWriter writes to a client who may be slow, or gone.
type streamWriter struct {
	mu      sync.Mutex
	w       http.ResponseWriter
	control *http.ResponseController
	failed  bool
}

// write sends all of the parts. It is false once the client has left, or has taken too long.
func (s *streamWriter) write(body parts) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.send(body)
}

// beatOnce sends a heartbeat, unless something else is on its way.
func (s *streamWriter) beatOnce(text string) {
	if s.mu.TryLock() {
		defer s.mu.Unlock()
		s.send(parts{[]byte(text)})
	}
}

// send is called with the lock held.
func (s *streamWriter) send(body parts) bool {
	_ = s.control.SetWriteDeadline(time.Now().Add(streamWriteTimeout)) // in the place of the server's
	for _, part := range body {
		if s.failed {
			break
		}
		_, err := s.w.Write(part)
		s.failed = err != nil
	}
	s.failed = s.failed || s.control.Flush() != nil
	return !s.failed
}

// beat sends heartbeats until it is stopped. One that can't be sent ends the request's context, as net/http has it.
func (s *streamWriter) beat(f framing) (stop func()) {
	var beating sync.WaitGroup
	over := make(chan struct{})
	beating.Go(func() {
		tick := time.NewTicker(f.interval)
		defer tick.Stop()
		for {
			select {
			case <-over:
				return
			case <-tick.C:
				s.beatOnce(f.beat)
			}
		}
	})
	return func() {
		close(over)
		beating.Wait()
	}
}
