package difyapi

import (
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// decoding is how all of Dify's JSON is read. A run's error can hold half of a surrogate pair, which Python writes without
// complaint: such text is mended with U+FFFD rather than that a whole page is refused.
//
// Endpoints differ in how they write times.
var (
	decoding        = json.JoinOptions(jsontext.AllowInvalidUTF8(true), json.WithUnmarshalers(json.UnmarshalFromFunc(decodeUnixSeconds)))
	runDecoding     = json.JoinOptions(decoding, json.WithUnmarshalers(json.UnmarshalFromFunc(decodeRunTime)))
	endUserDecoding = json.JoinOptions(decoding, json.WithUnmarshalers(json.UnmarshalFromFunc(decodeISOTime)))
)

// decode reads the body of an answer into v. A body that does not fit is a bad response.
func (a *answer) decode(path string, v any, how json.Options) error {
	if err := json.Unmarshal(a.body, v, how); err != nil {
		return a.notTheAPI(path, decodeCause(err))
	}
	return nil
}

// notTheAPI is the error for this answer, see [notTheAPI].
func (a *answer) notTheAPI(path string, cause error) *Error {
	failure := notTheAPI(path, cause)
	failure.Requests = a.requests
	return failure
}

// notTheAPI is the error for a body of status 200 that is not what the endpoint answers.
func notTheAPI(path string, cause error) *Error {
	failure := badResponse(http.StatusOK, cause)
	failure.endpoint = http.MethodGet + " " + path
	return failure
}
