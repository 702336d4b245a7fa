package graphqlhttp

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// request is what a body or a query string asks for. Variables are built once the operation is known, and those that it
// declares alone.
type request struct {
	graphql.RawParams

	variables, extensions jsontext.Value
	kind                  ast.Operation // once the operation is known
}

// read makes a request of the body or of the query string. What both take of memory is in the lease.
func (t *Transport) read(w http.ResponseWriter, r *http.Request, held *lease) (*request, *failure) {
	start := graphql.Now()
	asked, f := t.readRequest(w, r, held)
	if f != nil {
		return nil, f
	}
	return asked, asked.complete(r.Header, start)
}

// complete does what is left once the members are known.
func (r *request) complete(header http.Header, start time.Time) *failure {
	r.Extensions, _ = pick(r.extensions, func(name string) bool { return name == persistedMember })
	if r.Query == "" && r.Extensions[persistedMember] == nil {
		return unsound(http.StatusBadRequest, "the request has no query")
	}
	r.Headers = header
	r.ReadTime = graphql.TraceTiming{Start: start, End: graphql.Now()}
	return nil
}

func (t *Transport) readRequest(w http.ResponseWriter, r *http.Request, held *lease) (*request, *failure) {
	if r.Method != http.MethodPost { // GET, or HEAD
		return t.readQueryString(r, held)
	}
	body, f := t.readPaid(w, r, held)
	if f != nil {
		return nil, f
	}
	if f := t.makeRoom(r.Context(), len(body), held); f != nil {
		return nil, f
	}
	found, f := readMembers(body, t.options.Limits)
	if f != nil {
		return nil, f
	}
	return found.request()
}

// readPaid reads a body that is paid for: before it is read where its length was announced, else for what of it has come.
func (t *Transport) readPaid(w http.ResponseWriter, r *http.Request, held *lease) ([]byte, *failure) {
	most := t.options.MaxBodyBytes
	if r.ContentLength > most {
		return nil, tooLarge(most)
	}
	announced := r.ContentLength >= 0
	if announced {
		if f := t.charge(r.Context(), int(r.ContentLength), false); f != nil {
			return nil, f
		}
	}
	body, f := readBody(w, r, most, held)
	if announced || len(body) == 0 {
		return body, f
	}
	if refused := t.charge(r.Context(), len(body), true); f == nil {
		f = refused
	}
	return body, f
}

func (t *Transport) charge(ctx context.Context, bytes int, owed bool) *failure {
	if t.options.Charge == nil {
		return nil
	}
	if err := t.options.Charge(ctx, bytes, owed); err != nil {
		return unpaid(err)
	}
	return nil
}

// unpaid ends a request that its caller can't pay for.
func unpaid(err *gqlerror.Error) *failure {
	errs := gqlerror.List{err}
	return &failure{status: statusOf(graphQLResponse, errs), errors: errs}
}

// makeRoom takes what decoding so many bytes will, before it begins.
func (t *Transport) makeRoom(ctx context.Context, bytes int, held *lease) *failure {
	return held.take(ctx, decodedBytes(bytes, t.options.Limits.Values))
}

// readQueryString reads the parameters of a GET. `variables` and `extensions` are JSON in them.
func (t *Transport) readQueryString(r *http.Request, held *lease) (*request, *failure) {
	raw := r.URL.RawQuery
	if int64(len(raw)) > t.options.MaxBodyBytes {
		return nil, unsound(http.StatusRequestURITooLong, "the query string is longer than %d bytes", t.options.MaxBodyBytes)
	}
	if f := t.charge(r.Context(), len(raw), false); f != nil {
		return nil, f
	}
	if f := t.makeRoom(r.Context(), len(raw), held); f != nil {
		return nil, f
	}
	texts, f := readParameters(raw)
	if f != nil {
		return nil, f
	}
	found := members{}
	for _, name := range []string{memberVariables, memberExtensions} {
		if found[name], f = readJSON(name, texts[name], t.options.Limits); f != nil {
			return nil, f
		}
	}
	asked, f := found.request()
	if f == nil {
		asked.Query, asked.OperationName = texts[memberQuery], texts[memberOperationName]
	}
	return asked, f
}

// readParameters decodes those of a query string that are a request's, and looks at no others but to see that they can be read.
func readParameters(raw string) (map[string]string, *failure) {
	texts := map[string]string{}
	for parameter := range strings.SplitSeq(raw, "&") {
		key, value, _ := strings.Cut(parameter, "=")
		name, err := url.QueryUnescape(key)
		text, valueErr := url.QueryUnescape(value)
		if err != nil || valueErr != nil || strings.Contains(parameter, ";") {
			return nil, unsound(http.StatusBadRequest, "the query string can't be read")
		}
		switch name {
		case memberQuery, memberOperationName, memberVariables, memberExtensions:
			if _, twice := texts[name]; twice {
				return nil, unsound(http.StatusBadRequest, "the query string has %q more than once", name)
			}
			if !utf8.ValidString(text) {
				return nil, unsound(http.StatusBadRequest, "%q is no valid UTF-8", name)
			}
			texts[name] = text
		}
	}
	return texts, nil
}

// readJSON wants one JSON value in the text of a parameter, or nothing.
func readJSON(name, text string, limits Limits) (jsontext.Value, *failure) {
	if text == "" {
		return nil, nil
	}
	s := newScanner([]byte(text), limits, 1)
	err := s.skip()
	if refused, ok := errors.AsType[*failureError](err); ok {
		return nil, refused.failure
	}
	if err != nil || !s.atEnd() {
		return nil, unsound(http.StatusBadRequest, "%q is no valid JSON", name)
	}
	return jsontext.Value(strings.TrimLeft(text, " \t\r\n")), nil
}

// What reading takes of the pool.
const (
	firstBytes    = 4 << 10 // before anything has arrived
	bytesPerValue = 64      // a value of JSON, decoded: an interface, a text's header and its bytes
)

// readBody reads a request's body, or what of it has arrived. Memory is taken as bytes arrive, whatever was announced.
func readBody(w http.ResponseWriter, r *http.Request, most int64, held *lease) ([]byte, *failure) {
	body, err := readAll(r.Context(), http.MaxBytesReader(w, r.Body, most), most, held)
	return body, bodyFailure(err, most)
}

func bodyFailure(err error, most int64) *failure {
	if err == nil {
		return nil
	}
	if refused, ok := errors.AsType[*failureError](err); ok {
		return refused.failure
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return tooLarge(most)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return unsound(http.StatusRequestTimeout, "the body took too long to arrive")
	}
	return unsound(http.StatusBadRequest, "the body did not arrive whole")
}

func tooLarge(most int64) *failure {
	return unsound(http.StatusRequestEntityTooLarge, "the body is larger than %d bytes", most)
}

// failureError is a failure where an error is wanted.
type failureError struct{ *failure }

func (f *failureError) Error() string { return f.errors.Error() }

// readAll is io.ReadAll with a buffer that the lease holds. It doubles when it is full. Where there is no room for it, nothing is
// returned, and nothing to be paid: that is not the caller's fault.
func readAll(ctx context.Context, source io.Reader, most int64, held *lease) ([]byte, error) {
	var buffer []byte
	for {
		if len(buffer) == cap(buffer) {
			size := min(max(firstBytes, 2*int64(cap(buffer))), most+1) // one more, to find the end
			if f := held.take(ctx, size); f != nil {
				return nil, &failureError{f}
			}
			buffer = append(make([]byte, 0, size), buffer...)
			held.keep(size)
		}
		n, err := source.Read(buffer[len(buffer):cap(buffer)])
		buffer = buffer[:len(buffer)+n]
		if errors.Is(err, io.EOF) {
			return buffer, nil
		}
		if err != nil {
			return buffer, err
		}
	}
}

// decodedBytes is what is made of JSON of so many bytes, at most: its texts and values.
func decodedBytes(bytes, mostValues int) int64 {
	return int64(bytes) + int64(min(bytes/2+1, mostValues))*bytesPerValue
}
