package model

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/list"
)

// MarshalDateTime writes an instant in UTC.
func MarshalDateTime(t time.Time) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) { _, _ = w.Write(AppendDateTime(nil, t)) })
}

// AppendDateTime appends an instant as JSON.
func AppendDateTime(b []byte, t time.Time) []byte {
	return append(t.UTC().AppendFormat(append(b, '"'), time.RFC3339Nano), '"')
}

// UnmarshalDateTime reads what RFC 3339 takes: letters of either case, any offset and any number of digits. A leap second is
// the second after it, as in Unix time. Dates without a time and times without an offset are none: they are different
// instants in different places.
func UnmarshalDateTime(v any) (time.Time, error) {
	text, _ := v.(string)
	t, ok := parseDateTime(strings.ToUpper(text))
	if !ok {
		return t, notA("DateTime", v, "an instant of RFC 3339 with an offset, e.g. 2026-11-22T09:30:00Z")
	}
	return t, nil
}

// dateTime is the form that RFC 3339 has, in capitals: up to the minute, seconds, what a nanosecond leaves of a fraction, the
// rest of it, the offset.
var dateTime = regexp.MustCompile(`^(\d{4}-\d\d-\d\dT\d\d:\d\d:)(\d\d)(\.\d{1,9})?(\d*)(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$`)

func parseDateTime(text string) (time.Time, bool) {
	parts := dateTime.FindStringSubmatch(text)
	if parts == nil || parts[3] == "" && parts[4] != "" {
		return time.Time{}, false
	}
	leap := parts[2] == "60"
	if leap {
		parts[2], parts[3], parts[4] = "59", "", ""
	}
	t, err := time.Parse(time.RFC3339Nano, parts[1]+parts[2]+parts[3]+parts[5])
	if strings.Trim(parts[4], "0") != "" {
		t = t.Add(time.Nanosecond) // no instant is earlier than it was written
	}
	if leap {
		t = t.Add(time.Second)
	}
	return t, err == nil && (!leap || endsHalfYear(t.UTC()))
}

// endsHalfYear tells whether a leap second can come before an instant: they are at the end of June or December in UTC.
func endsHalfYear(t time.Time) bool {
	return t.Equal(time.Date(t.Year(), time.January, 1, 0, 0, 0, 0, time.UTC)) || t.Equal(time.Date(t.Year(), time.July, 1, 0, 0, 0, 0, time.UTC))
}

// MarshalUUID writes a UUID as Dify does.
func MarshalUUID(id uuid.UUID) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) { _, _ = w.Write(AppendUUID(nil, id)) })
}

// AppendUUID appends a UUID as JSON.
func AppendUUID(b []byte, id uuid.UUID) []byte {
	text := [...]byte{0: '"', 9: '-', 14: '-', 19: '-', 24: '-', 37: '"'}
	hex.Encode(text[1:], id[:4])
	hex.Encode(text[10:], id[4:6])
	hex.Encode(text[15:], id[6:8])
	hex.Encode(text[20:], id[8:10])
	hex.Encode(text[25:], id[10:])
	return append(b, text[:]...)
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

// MarshalInt writes a JSON number of 32 bits, as clients take an Int to be. A larger one is an error at its field.
func MarshalInt(n int) graphql.ContextMarshaler {
	return graphql.ContextWriterFunc(func(_ context.Context, w io.Writer) error {
		if !list.IsInt(n) {
			return list.ErrBeyondInt
		}
		_, err := io.WriteString(w, strconv.Itoa(n))
		return err
	})
}

// UnmarshalInt reads a whole number, from a literal or a variable.
func UnmarshalInt(_ context.Context, v any) (int, error) { return graphql.UnmarshalInt(v) }

// MarshalInt64 writes a JSON number.
func MarshalInt64(n int64) graphql.Marshaler { return graphql.MarshalInt64(n) }

// UnmarshalInt64 reads a whole number of 64 bits, from a literal or a variable, or from text for clients whose own numbers are
// shorter. 5.0 and 1e3 are whole, as they are for an Int in a variable.
func UnmarshalInt64(v any) (int64, error) {
	if n, err := graphql.UnmarshalInt64(v); err == nil {
		return n, nil
	}
	f, ok := v.(float64)
	if number, isNumber := v.(json.Number); isNumber {
		parsed, err := number.Float64()
		f, ok = parsed, err == nil
	}
	const largestExact = 1 << 53 // up to where each is a float64 of its own
	if !ok || f != math.Trunc(f) || math.Abs(f) > largestExact {
		return 0, notA("Int64", v, "a whole number of up to 64 bits")
	}
	return int64(f), nil
}

// MarshalJSON writes a JSON value as Dify wrote it.
func MarshalJSON(v jsontext.Value) graphql.Marshaler {
	if len(v) == 0 {
		return graphql.Null
	}
	return graphql.WriterFunc(func(w io.Writer) {
		if taking, ok := w.(Taker); ok && taking.Take(v) {
			return
		}
		_, _ = w.Write(v)
	})
}

// Taker is a writer that can hold on to a value which nobody changes, where it is too large to be copied.
type Taker interface {
	// Take is false where the value has to be written.
	Take(value []byte) bool
}

// UnmarshalJSON is never called: no input has a JSON value.
func UnmarshalJSON(v any) (jsontext.Value, error) {
	return nil, notA("JSON", v, "no input")
}

// notA is the error for an input value that its scalar does not have.
func notA(scalar string, v any, want string) error {
	return &list.InputError{Argument: scalar, Reason: describe(v) + " is not " + want}
}

// describe names a value in a message: a text in short, and what has members by its kind.
func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		if runes := []rune(v); len(runes) > 60 {
			v = string(runes[:60]) + "…"
		}
		return strconv.Quote(v)
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	default:
		return fmt.Sprint(v) // a number or a boolean
	}
}
