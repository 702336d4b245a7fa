package difyapi

import (
	"errors"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// decoding is how all of Dify's JSON is read. A run's error can hold half of a surrogate pair, which Python writes without
// complaint: such text is mended with U+FFFD rather than that a whole page is refused.
var decoding = json.JoinOptions(
	jsontext.AllowInvalidUTF8(true),
	json.WithUnmarshalers(json.UnmarshalFromFunc(decodeUnixSeconds)),
)

// lastSecond is 9999-12-31T23:59:59Z, beyond which RFC 3339 has no form.
const lastSecond = 253402300799

var errNoUnixTime = errors.New("not a time in seconds since 1970")

// decodeUnixSeconds reads Dify's times: whole seconds since 1970, which some servers write as 1795418445.0. A null leaves
// the zero time.
func decodeUnixSeconds(dec *jsontext.Decoder, t *time.Time) error {
	token, err := dec.ReadToken()
	if err != nil {
		return err
	}
	switch token.Kind() {
	case jsontext.KindNull:
		*t = time.Time{}
		return nil
	case jsontext.KindNumber:
		// A fraction is an error to Int, which even so gives the whole seconds.
		if seconds, _ := token.Int(); seconds >= 0 && seconds <= lastSecond {
			*t = time.Unix(seconds, 0).UTC()
			return nil
		}
	}
	return errNoUnixTime
}

// decode reads the body of an answer into v. A body that does not fit is a bad response.
func (a *answer) decode(path string, v any) error {
	if err := json.Unmarshal(a.body, v, decoding); err != nil {
		return notTheAPI(path, decodeCause(err))
	}
	return nil
}

// notTheAPI is the error for a body of status 200 that is not what the endpoint answers.
func notTheAPI(path string, cause error) *Error {
	failure := badResponse(http.StatusOK, cause)
	failure.endpoint = http.MethodGet + " " + path
	return failure
}
