package difyapi

import (
	"errors"
	"net/http"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// lastSecond is 9999-12-31T23:59:59Z, beyond which RFC 3339 has no form.
const lastSecond = 253402300799

var (
	errNoUnixTime = errors.New("not a time in seconds since 1970")
	errNoTimeText = errors.New("not a time in a form that Dify writes")
)

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

// decodeRunTime reads the times of a run's detail: Unix seconds, and text in the manner of RFC 822 before Dify 1.2.0.
func decodeRunTime(dec *jsontext.Decoder, t *time.Time) error {
	if dec.PeekKind() == jsontext.KindString {
		return decodeTimeText(dec, t, time.RFC1123Z, http.TimeFormat)
	}
	return decodeUnixSeconds(dec, t)
}

// decodeISOTime reads the times of end users: ISO 8601 with or without a fraction, in UTC where there is no offset.
func decodeISOTime(dec *jsontext.Decoder, t *time.Time) error {
	return decodeTimeText(dec, t, time.RFC3339, "2006-01-02T15:04:05")
}

// decodeTimeText reads a string in one of the layouts. A null leaves the zero time.
func decodeTimeText(dec *jsontext.Decoder, t *time.Time, layouts ...string) error {
	token, err := dec.ReadToken()
	if err != nil {
		return err
	}
	switch token.Kind() {
	case jsontext.KindNull:
		*t = time.Time{}
		return nil
	case jsontext.KindString:
		for _, layout := range layouts {
			if parsed, err := time.Parse(layout, token.String()); err == nil && writable(parsed) {
				*t = parsed.UTC()
				return nil
			}
		}
	}
	return errNoTimeText
}
