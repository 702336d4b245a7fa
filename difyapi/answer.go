package difyapi

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Bounds of bodies, after decompression. A page of 100 rows has some 58 KB; the rest is for long error
// texts, and for the inputs and outputs of a run.
const (
	maxBodyBytes      = 16 << 20
	maxErrorBodyBytes = 64 << 10
)

// readAnswer sorts a response by status and type, and reads it so far that its connection can serve again: the body of a
// success, or the error that the response stands for.
func readAnswer(resp *http.Response) ([]byte, *Error) {
	switch {
	case resp.StatusCode >= http.StatusBadRequest:
		return nil, readErrorStatus(resp)
	case resp.StatusCode != http.StatusOK:
		drain(resp.Body)
		return nil, badResponse(resp.StatusCode, oddStatus(resp.StatusCode))
	case !declaresJSON(resp.Header):
		drain(resp.Body)
		return nil, badResponse(resp.StatusCode, ReasonNotJSON)
	}
	body, err := readBounded(resp, maxBodyBytes)
	if err != nil {
		return nil, badResponse(resp.StatusCode, bodyCause(err))
	}
	return body, nil
}

// readErrorStatus keeps the status whatever the body is. A body that is cut, too large or not JSON leaves no message: text
// that Dify did not write is not passed on.
func readErrorStatus(resp *http.Response) *Error {
	failure := &Error{Kind: KindStatus, Status: resp.StatusCode}
	body, err := readBounded(resp, maxErrorBodyBytes)
	if err == nil && declaresJSON(resp.Header) {
		failure.Code, failure.Message = decodeError(body)
	}
	failure.cause = statusCause(failure)
	return failure
}

// decodeError reads {"code", "message", "status"} and the form without code that servers before 1.11.0 give to refused
// parameters: {"errors", "message"}. Members of other types, which proxies write, do not count.
func decodeError(body []byte) (code, message string) {
	var members struct {
		Code    any `json:"code"`
		Message any `json:"message"`
	}
	if err := json.Unmarshal(body, &members, decoding); err != nil {
		return "", ""
	}
	code, _ = members.Code.(string)
	message, _ = members.Message.(string)
	return code, message
}

func badResponse(status int, cause error) *Error {
	return &Error{Kind: KindBadResponse, Status: status, cause: cause}
}

func oddStatus(status int) Reason {
	if status >= http.StatusMultipleChoices {
		return ReasonRedirect
	}
	return ReasonStatus
}

// declaresJSON reports whether the media type is application/json or one that is built on it. Its parameters do not matter,
// well-formed or not.
func declaresJSON(header http.Header) bool {
	mediaType := mediaType(header)
	return mediaType == "application/json" || strings.HasSuffix(mediaType, "+json")
}

// mediaType is what a header declares of a body; empty where it has nothing.
func mediaType(header http.Header) string {
	declared, _, _ := strings.Cut(header.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(declared))
}

// unknownMediaType stands for all that are not known: a server can write anything there, a secret too.
const unknownMediaType = "another type"

// knownMediaTypes are those that Dify's answers have, and those of what stands before it.
var knownMediaTypes = []string{
	"", "application/json", "application/problem+json", "application/xml", "application/xhtml+xml", "application/octet-stream",
	"application/javascript", "text/html", "text/plain", "text/xml", "text/event-stream", "text/javascript", "text/css",
}

// tellable is the media type for errors and logs.
func tellable(mediaType string) string {
	if slices.Contains(knownMediaTypes, mediaType) {
		return mediaType
	}
	return unknownMediaType
}

// dateOf is the time that an answer says it was made at, or else that of its receipt.
func dateOf(header http.Header) time.Time {
	if date, err := http.ParseTime(header.Get("Date")); err == nil {
		return date.UTC()
	}
	return time.Now().UTC()
}

// maxReserved is how much memory a declared length reserves: a server may promise more than it sends.
const maxReserved = 256 << 10

// readBounded reads to the end, which also sets the connection free, or until there is too much.
func readBounded(resp *http.Response, bound int64) ([]byte, error) {
	var data bytes.Buffer
	data.Grow(int(min(max(resp.ContentLength, 0), bound, maxReserved)) + bytes.MinRead)
	if _, err := data.ReadFrom(io.LimitReader(resp.Body, bound+1)); err != nil {
		return nil, err
	}
	if int64(data.Len()) > bound {
		return nil, ReasonTooLarge
	}
	return data.Bytes(), nil
}

// drain reads what is left of a body that does not matter, so that the connection is not lost with it; a large one costs
// more than a connection.
func drain(body io.Reader) {
	_, _ = io.CopyN(io.Discard, body, maxErrorBodyBytes)
}

// Receipt is what is known of an answer beside its content. Every result of a call has one.
type Receipt struct {
	// Version is that of the server that answered; zero where a proxy hides it.
	Version Version `json:"-"`
	// SentAt is when the request was sent, UTC.
	SentAt time.Time `json:"-"`
	// Date is when the answer was made, by the clock of the API or of a proxy before it, in UTC and whole seconds; ours at receipt
	// where it does not say.
	Date time.Time `json:"-"`
	// Requests is how many requests the answer took: more than 1 where a connection that was kept turned out to be dead.
	Requests int `json:"-"`
	// Bytes is the size of the answer's body, decompressed: about what the result holds in memory.
	Bytes int `json:"-"`
	// UnreadablePlaces is where in the body members stand that could not be read, such as data[3].workflow_run.total_tokens.
	UnreadablePlaces []string `json:"-"`
}

// Size is Bytes, for those who hold results of any type.
func (r Receipt) Size() int { return r.Bytes }

// Unread is UnreadablePlaces, for those who look at results of any type.
func (r Receipt) Unread() []string { return r.UnreadablePlaces }

func (a *answer) receipt(unreadable []jsontext.Pointer) Receipt {
	r := Receipt{Version: a.version, SentAt: a.sentAt, Date: a.date, Requests: a.requests, Bytes: len(a.body)}
	for _, pointer := range unreadable {
		r.UnreadablePlaces = append(r.UnreadablePlaces, place(pointer))
	}
	return r
}

type meterKey struct{}

// WithMeter lets calls under the context tell how many bytes of their answers' bodies came, decompressed, as they come.
// The meter may end the context, and with it the call. It is called by one goroutine of each call.
func WithMeter(ctx context.Context, meter func(bytes int)) context.Context {
	return context.WithValue(ctx, meterKey{}, meter)
}

// metered is the body of an answer to a request made under the context.
func metered(ctx context.Context, body io.ReadCloser) io.ReadCloser {
	meter, ok := ctx.Value(meterKey{}).(func(int))
	if !ok {
		return body
	}
	return &meteredBody{body, meter}
}

type meteredBody struct {
	io.ReadCloser
	meter func(int)
}

func (b *meteredBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.meter(n)
	return n, err
}
