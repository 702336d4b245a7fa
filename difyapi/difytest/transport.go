package difytest

import (
	"errors"
	"net/http"
	"net/http/httptest"
)

// Transport answers requests within the process, for tests that are about what
// Dify says and not about networks. A connection that a fault breaks off is an
// error of it.
func (s *Server) Transport() http.RoundTripper { return inProcess{s} }

type inProcess struct{ server *Server }

var errBrokenOff = errors.New("difytest: the connection was broken off")

func (p inProcess) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	recorder := httptest.NewRecorder()
	defer func() {
		switch panicked := recover(); panicked {
		case nil:
		case http.ErrAbortHandler:
			resp, err = nil, errBrokenOff
		default:
			panic(panicked)
		}
	}()
	p.server.ServeHTTP(recorder, r)
	return recorder.Result(), nil
}
