package model

import (
	"fmt"
	"io"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/feed"
)

// MarshalDateTime writes an instant in UTC.
func MarshalDateTime(t time.Time) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) { io.WriteString(w, t.UTC().Format(`"`+time.RFC3339Nano+`"`)) })
}

// UnmarshalDateTime reads an instant with any offset. Dates without a time and times without an offset are refused: they
// are different instants in different places.
func UnmarshalDateTime(v any) (time.Time, error) {
	text, ok := v.(string)
	t, err := time.Parse(time.RFC3339Nano, text)
	if year := t.UTC().Year(); !ok || err != nil || year < 1 || year > 9999 {
		return t, notA("DateTime", v, "an instant of RFC 3339 with an offset, e.g. 2026-11-22T09:30:00Z")
	}
	return t, nil
}

// MarshalUUID writes a UUID as Dify does.
func MarshalUUID(id uuid.UUID) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) { io.WriteString(w, `"`+id.String()+`"`) })
}

// UnmarshalUUID reads the form that Dify writes, in either case. Dify answers what is no UUID with a server error.
func UnmarshalUUID(v any) (uuid.UUID, error) {
	text, _ := v.(string)
	id, err := difyapi.ParseUUID(text)
	if err != nil {
		return uuid.Nil, notA("UUID", v, "a UUID such as fb47b2e6-5e43-4f90-be01-d5c5a088d156")
	}
	return id, nil
}

// MarshalInt64 writes a JSON number.
func MarshalInt64(n int64) graphql.Marshaler { return graphql.MarshalInt64(n) }

// UnmarshalInt64 reads a whole number of 64 bits, from a literal or a variable.
func UnmarshalInt64(v any) (int64, error) {
	n, err := graphql.UnmarshalInt64(v)
	if err != nil {
		return 0, notA("Int64", v, "a whole number of up to 64 bits")
	}
	return n, nil
}

// MarshalJSON writes a JSON value as Dify wrote it.
func MarshalJSON(v jsontext.Value) graphql.Marshaler {
	if len(v) == 0 {
		return graphql.Null
	}
	return graphql.WriterFunc(func(w io.Writer) { _, _ = w.Write(v) })
}

// UnmarshalJSON is never called: no input has a JSON value.
func UnmarshalJSON(v any) (jsontext.Value, error) {
	return nil, notA("JSON", v, "no input")
}

// notA is the error for an input value that its scalar does not have.
func notA(scalar string, v any, want string) error {
	text := fmt.Sprint(v)
	if runes := []rune(text); len(runes) > 60 {
		text = string(runes[:60]) + "…"
	}
	return &feed.InputError{Argument: scalar, Reason: fmt.Sprintf("%q is not %s", text, want)}
}
