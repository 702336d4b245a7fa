package difyapi

import (
	"bytes"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
)

// The functions of this file read a member's value, in every form that has one meaning: numbers and booleans in text, whole
// numbers with a point, numbers where text is expected. They report false for all others.

// text takes what is no text as it is written, but nothing that has members.
func text(v value) (string, bool) {
	if v.kind == jsontext.KindBeginObject || v.kind == jsontext.KindBeginArray {
		return "", false
	}
	return string(v.text), true
}

// written takes any value as it is written: for names that Dify may have more of, and that everything has one of.
func written(v value) (string, bool) { return string(v.text), true }

func status(v value) (RunStatus, bool) { return RunStatus(v.text), true }

// jsonNumber is the form of numbers in JSON.
var jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)

// numeral is the number that the value is, or that its text is.
func numeral(v value) (string, bool) {
	switch v.kind {
	case jsontext.KindNumber:
		return string(v.text), true
	case jsontext.KindString:
		trimmed := bytes.TrimSpace(v.text)
		return string(trimmed), jsonNumber.Match(trimmed)
	default:
		return "", false
	}
}

// number reads whole numbers, exactly.
func number[T int | int64](v value) (T, bool) {
	digits, ok := numeral(v)
	n, exact := integer(digits)
	return T(n), ok && exact && int64(T(n)) == n
}

func whole(v value) (int, bool) { return number[int](v) }

// largestExact is up to where every whole number is a float64 of its own.
const largestExact = 1 << 53

// integer is the whole number that digits are, if they are one and no nearby number can be meant.
func integer(digits string) (int64, bool) {
	if before, after, _ := strings.Cut(digits, "."); strings.Trim(after, "0") == "" {
		digits = before
	}
	if n, err := strconv.ParseInt(digits, 10, 64); err == nil {
		return n, true
	}
	f, err := strconv.ParseFloat(digits, 64)
	return int64(f), err == nil && f == math.Trunc(f) && math.Abs(f) <= largestExact
}

func decimal(v value) (float64, bool) {
	digits, ok := numeral(v)
	f, err := strconv.ParseFloat(digits, 64)
	return f, ok && err == nil
}

// flag takes 0 and 1, too, as some databases have them.
func flag(v value) (on, ok bool) {
	switch strings.ToLower(string(v.text)) {
	case "true", "1":
		return true, true
	case "false", "0":
		return false, true
	default:
		return false, false
	}
}

// identity reads a UUID in any of its forms.
func identity(v value) (uuid.UUID, bool) {
	id, err := uuid.ParseBytes(v.text)
	return id, v.kind == jsontext.KindString && err == nil
}

// texts reads an array of texts.
func texts(v value) ([]string, bool) {
	if v.kind != jsontext.KindBeginArray {
		return nil, false
	}
	var raw []jsontext.Value
	if err := json.Unmarshal(v.text, &raw, decoding); err != nil {
		return nil, false
	}
	list := make([]string, len(raw))
	for i, element := range raw {
		if json.Unmarshal(element, &list[i], decoding) != nil {
			return nil, false
		}
	}
	return list, true
}

// json takes a value as it is, to pass it on.
func (r *bodyReader) json(v value) (jsontext.Value, bool) {
	raw := r.original(v)
	err := raw.Format(variablesSyntax)
	return raw, err == nil && depth(raw) <= maxDepth
}

// variables reads a run's inputs or outputs. What is wrong with them is said by [Variables.Value]. A string is taken for a text
// that holds JSON, and looked into once: a string within the text is a string.
func (r *bodyReader) variables(dec *jsontext.Decoder, to *Variables) error {
	v, _, err := r.next(dec)
	if err != nil {
		return err
	}
	if v.kind == jsontext.KindString {
		*to = newVariables(bytes.Clone(v.text))
	} else {
		*to = newVariables(r.original(v))
	}
	return nil
}
