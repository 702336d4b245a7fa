package difyapi

import (
	"net/http"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// lastSecond is 9999-12-31T23:59:59Z, beyond which RFC 3339 has no form.
const lastSecond = 253402300799

// firstMilli is the first number that is taken for milliseconds, in 2001. As seconds it would be in the year 33658.
const firstMilli = 1_000_000_000_000

// instant reads Dify's times, UTC: whole seconds since 1970, which some servers write as 1795418445.0 and some as milliseconds;
// text in the manner of RFC 822 in runs before 1.2.0; ISO 8601 of end users, in UTC where there is no offset, with fractions.
func instant(v value) (time.Time, bool) {
	if _, ok := numeral(v); ok {
		return unixTime(v)
	}
	if v.kind != jsontext.KindString {
		return time.Time{}, false
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.RFC1123Z, http.TimeFormat} {
		if parsed, err := time.Parse(layout, string(v.text)); err == nil && writable(parsed) {
			return parsed.UTC(), true
		}
	}
	return time.Time{}, false
}

// unixTime drops fractions: Dify keeps whole seconds.
func unixTime(v value) (time.Time, bool) {
	f, ok := decimal(v)
	switch {
	case !ok || f < 0:
		return time.Time{}, false
	case f >= firstMilli && f < (lastSecond+1)*1000:
		return time.Unix(int64(f)/1000, 0).UTC(), true
	case f < lastSecond+1:
		return time.Unix(int64(f), 0).UTC(), true
	default:
		return time.Time{}, false
	}
}
