package graphqlhttp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/difygraph/difygraph/graph/code"
)

// compressFrom is the size in bytes from which compression makes up for what it costs; a packet of a network holds some more.
const compressFrom = 1 << 10

// streamFrom is the size in bytes from which an answer is compressed while it is sent, and not before: its length is not known
// then, and nothing of it is held twice.
const streamFrom = 256 << 10

type compressor interface {
	io.WriteCloser
	Reset(to io.Writer)
}

// compressors have the levels that pay. Of a page of 95 rows with all fields, 88 KB, zstd leaves 17 % and gzip 20 %, at 2 µs a KB
// each; compress/gzip takes 4.5 for 21 %. The next levels leave less than 2 % less, at 1.3 times the price and more.
var compressors = map[string]*sync.Pool{
	codingZstd: {New: func() any {
		w, _ := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
			zstd.WithWindowSize(streamFrom), zstd.WithLowerEncoderMem(true)) // no error: the options are zstd's own
		return w
	}},
	codingGzip: {New: func() any {
		w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // no error: the level is one of gzip's own
		return w
	}},
}

// write sends the answer of an operation, or of a request that has none.
func (t *Transport) write(w http.ResponseWriter, r *http.Request, media mediaType, a *answer) {
	status := http.StatusOK
	if a.Data == nil {
		status = statusOf(media, a.Errors)
	}
	setRetryAfter(w.Header(), a.Errors)
	send(w, r, media, status, t.encode(a))
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
	send(w, r, media, f.status, t.encode(errorsAlone(f.errors)))
}

func send(w http.ResponseWriter, r *http.Request, media mediaType, status int, body parts) {
	h := w.Header()
	h.Set("Content-Type", string(media)+"; charset=utf-8")
	h.Add("Vary", "Accept, Accept-Encoding")
	h.Set("Cache-Control", "no-store") // runs change by the second, and are not for everyone's eyes
	if coding := negotiateCoding(r.Header); coding != noCoding && body.size() >= compressFrom {
		h.Set("Content-Encoding", coding)
		if body.size() >= streamFrom {
			w.WriteHeader(status)
			body.compressTo(w, coding)
			return
		}
		body = parts{compress(body, coding)}
	}
	h.Set("Content-Length", strconv.Itoa(body.size()))
	w.WriteHeader(status)
	if size := body.size(); size < streamFrom {
		body.writeOnce(w, size)
		return
	}
	body.writeTo(w)
}

var whole = sync.Pool{New: func() any { return new([]byte) }}

// writeOnce copies the parts, which are not large: that takes less than the system calls for a small one before and after.
func (p parts) writeOnce(w io.Writer, size int) {
	b, _ := whole.Get().(*[]byte)
	defer whole.Put(b)
	*b = slices.Grow((*b)[:0], size)
	for _, part := range p {
		*b = append(*b, part...)
	}
	_, _ = w.Write(*b) // who can't be written to has left
}

// parts are the bytes of a body, one after the other: an answer can be large, and is not copied.
type parts [][]byte

func (p parts) size() (size int) {
	for _, part := range p {
		size += len(part)
	}
	return size
}

// writeTo does not fail: who can't be written to has left.
func (p parts) writeTo(w io.Writer) {
	for _, part := range p {
		if _, err := w.Write(part); err != nil {
			return
		}
	}
}

func (p parts) compressTo(to io.Writer, coding string) {
	w, _ := compressors[coding].Get().(compressor)
	defer compressors[coding].Put(w)
	w.Reset(to)
	p.writeTo(w)
	_ = w.Close() // who can't be written to has left
}

func compress(body parts, coding string) []byte {
	var buffer bytes.Buffer
	body.compressTo(&buffer, coding)
	return buffer.Bytes()
}

// encode writes the answer by its parts: encoding/json would look at each byte of the data again, which gqlgen has made
// JSON already. Rows that were kept apart come where they belong. The key `data` is there if execution began.
func (t *Transport) encode(a *answer) parts {
	body, err := t.encodeParts(a)
	if err != nil {
		failed := gqlerror.List{newError(code.InternalServerError, "the answer can't be written as JSON")}
		body, _ = t.encodeParts(errorsAlone(failed)) // no error: nothing but texts
	}
	return body
}

// dataOf is empty where execution did not begin.
func dataOf(a *answer) parts {
	if len(a.Data) == 0 {
		return nil
	}
	return a.rows.Join(a.Data)
}

func (t *Transport) encodeParts(resp *answer) (parts, error) {
	errs, err := t.encodeErrors(resp.Errors, resp.more)
	if err != nil {
		return nil, err
	}
	var extensions []byte
	if len(resp.Extensions) > 0 {
		if extensions, err = json.Marshal(resp.Extensions); err != nil {
			return nil, err
		}
	}
	var body parts
	for _, member := range []struct {
		name  string
		value parts
	}{{"errors", parts{errs}}, {"data", dataOf(resp)}, {"extensions", parts{extensions}}} {
		if member.value.size() > 0 {
			body = append(append(body, []byte(`,"`+member.name+`":`)), member.value...)
		}
	}
	if len(body) == 0 {
		return parts{[]byte("{}")}, nil
	}
	body[0][0] = '{'
	return append(body, []byte{'}'}), nil
}

// status is that of an answer without data: by the first error whose code has one, else by the media type.
func statusOf(media mediaType, errs gqlerror.List) int {
	for _, e := range errs {
		if status := codeOf(e).Status(); status != 0 {
			return status
		}
	}
	if media == graphQLResponse {
		return http.StatusBadRequest
	}
	return http.StatusOK
}

// setRetryAfter repeats the longest `extensions.retryAfter`, in seconds, where those who know no GraphQL find it.
func setRetryAfter(h http.Header, errs gqlerror.List) {
	longest := 0.0
	for _, e := range errs {
		switch seconds := e.Extensions["retryAfter"].(type) {
		case int:
			longest = max(longest, float64(seconds))
		case float64:
			longest = max(longest, seconds)
		}
	}
	if longest > 0 && longest <= math.MaxInt32 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(longest))))
	}
}

// maxMessageBytes bounds one error's message: gqlparser's repeat what was sent.
const maxMessageBytes = 1000

// encodeErrors writes as many errors as an answer may have, and a last one that says how many are missing, unless there are
// more that nobody counted. It is empty without errors.
func (t *Transport) encodeErrors(errs gqlerror.List, more bool) ([]byte, error) {
	if len(errs) == 0 {
		return nil, nil
	}
	list := []byte{'['}
	kept := 0
	for _, e := range errs[:min(len(errs), t.options.MaxErrors)] {
		one, err := encodeError(e)
		if err != nil {
			return nil, err
		}
		if len(list)+len(one) > t.options.MaxErrorBytes {
			break
		}
		list = append(append(list, one...), ',')
		kept++
	}
	message := "more errors are left out"
	if leftOut := len(errs) - kept; !more && leftOut == 0 {
		list[len(list)-1] = ']'
		return list, nil
	} else if !more {
		message = fmt.Sprintf("%d more errors are left out", leftOut)
	}
	last, err := encodeError(newError(codeOf(errs[0]), "%s", message))
	return append(append(list, last...), ']'), err
}

// encodeErrorList writes the errors of an answer that has nothing else.
func (t *Transport) encodeErrorList(a *answer) []byte {
	list, err := t.encodeErrors(a.Errors, a.more)
	if err != nil || list == nil {
		list, _ = t.encodeErrors(gqlerror.List{newError(code.InternalServerError, "the errors can't be written as JSON")}, false)
	}
	return list
}

// encodeError writes one error, its message cut where it is long.
func encodeError(e *gqlerror.Error) ([]byte, error) {
	if len(e.Message) <= maxMessageBytes {
		return json.Marshal(e)
	}
	cut := *e
	cut.Message = cutMessage(e.Message)
	return json.Marshal(&cut)
}

func cutMessage(message string) string {
	if len(message) <= maxMessageBytes {
		return message
	}
	end := maxMessageBytes
	for !utf8.RuneStart(message[end]) {
		end--
	}
	return message[:end] + "…"
}

func codeOf(e *gqlerror.Error) code.Code { return code.OfExtensions(e.Extensions) }
