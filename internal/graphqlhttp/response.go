package graphqlhttp

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// gzipFrom is the size in bytes from which compression makes up for what it costs; a packet of a network holds some more.
const gzipFrom = 1 << 10

var gzipWriters = sync.Pool{New: func() any {
	w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // no error: the level is one of gzip's own
	return w
}}

// write sends the answer of an operation, or of a request that has none.
func (t *Transport) write(w http.ResponseWriter, r *http.Request, media mediaType, resp *graphql.Response, more bool) {
	status := http.StatusOK
	if resp.Data == nil {
		status = t.status(media, resp.Errors)
	}
	setRetryAfter(w.Header(), resp.Errors)
	send(w, r, media, status, t.encode(resp, more))
}

// refuse sends the answer of a request that HTTP itself has something against.
func (t *Transport) refuse(w http.ResponseWriter, r *http.Request, f *failure) {
	maps.Copy(w.Header(), f.header)
	if len(f.errors) == 0 {
		w.WriteHeader(f.status)
		return
	}
	media, ok := negotiate(r.Header)
	if !ok {
		media = plainJSON
	}
	setRetryAfter(w.Header(), f.errors)
	send(w, r, media, f.status, t.encode(&graphql.Response{Errors: f.errors}, false))
}

func send(w http.ResponseWriter, r *http.Request, media mediaType, status int, body []byte) {
	h := w.Header()
	h.Set("Content-Type", string(media)+"; charset=utf-8")
	h.Add("Vary", "Accept, Accept-Encoding")
	h.Set("Cache-Control", "no-store") // runs change by the second, and are not for everyone's eyes
	if len(body) >= gzipFrom && acceptsGzip(r.Header) {
		h.Set("Content-Encoding", "gzip")
		body = compress(body)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) //nolint:gosec // JSON, and declared so, whatever of a request is in it; who can't be written to has left
}

func compress(body []byte) []byte {
	var buffer bytes.Buffer
	w, _ := gzipWriters.Get().(*gzip.Writer)
	defer gzipWriters.Put(w)
	w.Reset(&buffer)
	_, _ = w.Write(body) // no error: the buffer takes everything
	_ = w.Close()
	return buffer.Bytes()
}

// encode writes the answer by its parts: encoding/json would look at each byte of the data again, which gqlgen has made
// JSON already. The key `data` is there if execution began.
func (t *Transport) encode(resp *graphql.Response, more bool) []byte {
	body, err := t.encodeParts(resp, more)
	if err != nil {
		failed := gqlerror.List{newError(CodeInternal, "the answer can't be written as JSON")}
		body, _ = t.encodeParts(&graphql.Response{Errors: failed}, false) // no error: nothing but texts
	}
	return body
}

func (t *Transport) encodeParts(resp *graphql.Response, more bool) ([]byte, error) {
	errs, err := t.encodeErrors(resp.Errors, more)
	if err != nil {
		return nil, err
	}
	var extensions []byte
	if len(resp.Extensions) > 0 {
		if extensions, err = json.Marshal(resp.Extensions); err != nil {
			return nil, err
		}
	}
	body := make([]byte, 0, len(errs)+len(resp.Data)+len(extensions)+64)
	body = appendPart(body, "errors", errs)
	body = appendPart(body, "data", resp.Data)
	body = appendPart(body, "extensions", extensions)
	if len(body) == 0 {
		return []byte("{}"), nil
	}
	return append(body, '}'), nil
}

// appendPart adds a member to an object that is still open. The first one opens it.
func appendPart(body []byte, name string, value []byte) []byte {
	if len(value) == 0 {
		return body
	}
	start := byte(',')
	if len(body) == 0 {
		start = '{'
	}
	body = append(body, start, '"')
	body = append(body, name...)
	body = append(body, '"', ':')
	return append(body, value...)
}
