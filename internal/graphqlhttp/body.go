package graphqlhttp

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
)

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
