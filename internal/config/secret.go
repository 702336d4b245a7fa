package config

import (
	"fmt"
	"io"
	"log/slog"
	"unique"
)

const redacted = "[secret]"

// Secret is a text that shows itself to nobody who does not ask by [Secret.Reveal].
// Every verb of fmt, encoding/json, encoding.TextMarshaler and log/slog gives
// "[secret]". Two secrets are equal (==) when their texts are.
type Secret struct {
	// A handle rather than a string: fmt can't call methods on the unexported
	// fields of somebody's struct and prints their memory instead. Of a handle
	// that is an address.
	text unique.Handle[string]
}

// NewSecret hides text. The empty text gives the zero Secret.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{text: unique.Make(text)}
}

// Reveal gives the text.
func (s Secret) Reveal() string {
	if s == (Secret{}) {
		return ""
	}
	return s.text.Value()
}

// String gives "[secret]".
func (Secret) String() string { return redacted }

// GoString gives "[secret]".
func (Secret) GoString() string { return redacted }

// Format writes "[secret]", whatever the verb.
func (Secret) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, redacted) }

// MarshalJSON gives "[secret]" as a JSON string.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText gives "[secret]".
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue gives "[secret]".
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
