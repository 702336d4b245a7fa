package difyapi

import (
	"net/http"
	"strings"
)

// apiKey holds a key behind a function, because fmt cannot look into one: not even a client that is printed field by
// field, as part of another struct, shows its key.
type apiKey struct {
	reveal func() string
}

// newAPIKey refuses what cannot be sent in an HTTP header or can only be a slip of the hand.
func newAPIKey(key string) (apiKey, error) {
	if key == "" {
		return apiKey{}, &OptionError{Option: "APIKey", Reason: "it is empty; Dify shows an app's key under API Access"}
	}
	if strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return apiKey{}, &OptionError{Option: "APIKey", Reason: "it must be printable ASCII without blanks and line breaks, the key alone without Bearer"}
	}
	return apiKey{reveal: func() string { return key }}, nil
}

// authorize puts the key into a request.
func (k apiKey) authorize(req *http.Request) {
	req.Header.Set("Authorization", "Bearer "+k.reveal())
}

// redact takes the key out of a text that came from outside: a proxy may repeat the headers that it was sent.
func (k apiKey) redact(text string) string {
	return strings.ReplaceAll(text, k.reveal(), "[redacted]")
}
