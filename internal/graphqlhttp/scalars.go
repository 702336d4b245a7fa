package graphqlhttp

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/gqlerror"
)

// scalar reads a value of one of the specification's scalars.
func (c *coercer) scalar(name string, value any) (any, *gqlerror.Error) {
	result, ok := any(nil), false
	switch name {
	case "Int":
		result, ok = toInt(value)
	case "Float":
		result, ok = toFloat(value)
	case "String":
		result, ok = value.(string)
	case "Boolean":
		result, ok = value.(bool)
	case "ID":
		result, ok = toID(value)
	}
	if !ok {
		return nil, c.errorf("expected %s, got %s", describeScalar(name), describe(value))
	}
	return result, nil
}

// toInt takes numbers without a fraction, within 32 bits; 5.0 and 5e0 are the integer 5.
func toInt(value any) (any, bool) {
	number, ok := value.(json.Number)
	if !ok {
		return nil, false
	}
	if n, err := strconv.ParseInt(number.String(), 10, 32); err == nil {
		return n, true
	}
	f, err := number.Float64()
	if err != nil || f != math.Trunc(f) || f < math.MinInt32 || f > math.MaxInt32 {
		return nil, false
	}
	return int64(f), true
}

// toFloat takes any number that a Float can hold; it is rounded to 64 bits.
func toFloat(value any) (any, bool) {
	number, ok := value.(json.Number)
	if !ok {
		return nil, false
	}
	f, err := number.Float64()
	return f, err == nil
}

// toID takes strings and integers. An integer is kept digit by digit, however long.
func toID(value any) (any, bool) {
	switch value := value.(type) {
	case string:
		return value, true
	case json.Number:
		return value.String(), !strings.ContainsAny(value.String(), ".eE")
	default:
		return nil, false
	}
}

func describeScalar(name string) string {
	switch name {
	case "Int":
		return "an Int, a whole number of 32 bits"
	case "Float":
		return "a Float, a number"
	case "ID":
		return "an ID, a string or a whole number"
	default:
		return "a " + name
	}
}

// describe names a value in a message: a text or number in short, anything larger by its kind.
func describe(value any) string {
	switch value := value.(type) {
	case nil:
		return "null"
	case string:
		return strconv.Quote(shorten(value))
	case json.Number:
		return shorten(value.String())
	case bool:
		return strconv.FormatBool(value)
	case []any:
		return "a list"
	default:
		return "an object"
	}
}
