package difyapi

import (
	"bytes"
	"errors"
	"iter"
	"net/http"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// decoding is how all of Dify's JSON is read. A run's error can hold half of a surrogate pair, which Python writes without
// complaint: such text is mended with U+FFFD rather than that a whole page is refused.
var decoding = jsontext.AllowInvalidUTF8(true)

// bodyReader reads one body, member by member. What has one meaning is read, in whatever form it was written; what has none
// leaves the field zero and is noted. So one odd value costs itself, and not the page that it stands on.
type bodyReader struct {
	body []byte
	// notJSON are the offsets of values that are no JSON, in order, see [tolerate].
	notJSON []int64
	// unreadable is where members stand that could not be read.
	unreadable []jsontext.Pointer
	scratch    []byte
	// redactor sees all texts and all JSON that is passed on; nil: nothing is withheld.
	redactor *redactor
}

// decode reads the body of an answer as a T, and tells which of its members could not be read. A body that is no such object is
// a bad response.
func decode[T any](a *answer, path string) (*T, []jsontext.Pointer, error) {
	r := &bodyReader{body: a.body}
	v, err := read[T](r)
	if err != nil {
		return nil, nil, a.notTheAPI(path, decodeFault(err))
	}
	return v, r.unreadable, nil
}

// read reads the body as a T, whose members may be of types that the more unmarshalers are for.
func read[T any](r *bodyReader, more ...*json.Unmarshalers) (*T, error) {
	v := new(T)
	err := json.Unmarshal(r.body, v, r.options(more))
	if clean, notJSON := tolerate(r.body, err); len(notJSON) > 0 {
		r.notJSON, r.unreadable, v = notJSON, nil, new(T)
		err = json.Unmarshal(clean, v, r.options(more))
	}
	return v, err
}

func (r *bodyReader) options(more []*json.Unmarshalers) json.Options {
	return json.JoinOptions(decoding, json.WithUnmarshalers(json.JoinUnmarshalers(
		json.JoinUnmarshalers(more...),
		member(r, r.written), member(r, status), optional(r, r.text),
		optional(r, whole), optional(r, number[int64]), optional(r, decimal), optional(r, flag), member(r, flag),
		member(r, instant), optional(r, instant), member(r, identity), optional(r, identity), member(r, texts), member(r, r.json),
		object[WorkflowLog](r), object[WorkflowRun](r), object[Account](r), object[EndUser](r),
		json.UnmarshalFromFunc(r.variables),
	)))
}

// value is a member's, as it stands in the body. The text of a string is without quotes and escapes.
type value struct {
	kind     jsontext.Kind
	text     []byte
	from, to int64 // in the body
}

// original is a copy of the value as Dify wrote it.
func (r *bodyReader) original(v value) jsontext.Value { return bytes.Clone(r.body[v.from:v.to]) }

// next reads the next value. It is sound unless something in it is no JSON.
func (r *bodyReader) next(dec *jsontext.Decoder) (v value, sound bool, err error) {
	raw, err := dec.ReadValue()
	if err != nil {
		return v, false, err
	}
	to := dec.InputOffset()
	v = value{kind: raw.Kind(), text: raw, from: to - int64(len(raw)), to: to}
	if v.kind == jsontext.KindString {
		r.scratch, _ = jsontext.AppendUnquote(r.scratch[:0], raw) // what is no UTF-8 is mended, see decoding
		v.text = r.scratch
	}
	i, _ := slices.BinarySearch(r.notJSON, v.from)
	return v, i == len(r.notJSON) || r.notJSON[i] >= to, nil
}

func (r *bodyReader) note(dec *jsontext.Decoder) {
	r.unreadable = append(r.unreadable, dec.StackPointer())
}

// member reads a field that is no pointer. A null leaves it zero.
func member[T any](r *bodyReader, parse func(value) (T, bool)) *json.Unmarshalers {
	return json.UnmarshalFromFunc(func(dec *jsontext.Decoder, to *T) error {
		v, sound, err := r.next(dec)
		if err != nil {
			return err
		}
		*to = *new(T)
		if v.kind == jsontext.KindNull {
			return nil
		}
		if parsed, ok := parse(v); ok && sound {
			*to = parsed
		} else {
			r.note(dec)
		}
		return nil
	})
}

// optional reads a field that is a pointer. A null leaves it nil.
func optional[T any](r *bodyReader, parse func(value) (T, bool)) *json.Unmarshalers {
	return member(r, func(v value) (*T, bool) {
		parsed, ok := parse(v)
		return &parsed, ok
	})
}

// object reads a field that has members of its own. What is no object is none.
func object[T any](r *bodyReader) *json.Unmarshalers {
	return json.UnmarshalFromFunc(func(dec *jsontext.Decoder, to **T) error {
		if dec.PeekKind() == jsontext.KindBeginObject {
			return errors.ErrUnsupported // read it as any other
		}
		v, _, err := r.next(dec)
		if err == nil && v.kind != jsontext.KindNull {
			r.note(dec)
		}
		*to = nil
		return err
	})
}

// notTheAPI is the error for this answer, see [notTheAPI].
func (a *answer) notTheAPI(path string, cause error) *Error {
	failure := notTheAPI(path, cause)
	failure.Requests, failure.ContentType = a.requests, a.contentType
	return failure
}

// notTheAPI is the error for a body of status 200 that is not what the endpoint answers.
func notTheAPI(path string, cause error) *Error {
	failure := badResponse(http.StatusOK, cause)
	failure.endpoint = http.MethodGet + " " + path
	if fault, ok := cause.(*fault); ok { //nolint:errorlint // made here, never wrapped
		failure.Place = fault.place
	}
	return failure
}

// maxDepth is how deep a value may be nested that is passed on. Many parsers of JSON stop at 1,000, and the answer that the
// value is put into has some levels of its own.
const maxDepth = 500

// parsedDepth is how deep a body may be nested: within what the decoder takes, beyond what is passed on.
const parsedDepth = 2 * maxDepth

// notNumbers are what Python's json writes for floats that are no JSON.
var notNumbers = [][]byte{[]byte("NaN"), []byte("Infinity"), []byte("-Infinity")}

// tolerate gives a body that could not be parsed another chance: what Python writes in the place of numbers, and values that are
// nested too deep, are replaced by zeros. It returns where these stand, in order; none where the fault is another.
func tolerate(body []byte, fault error) (clean []byte, replaced []int64) {
	if _, ok := errors.AsType[*jsontext.SyntacticError](fault); !ok {
		return nil, nil
	}
	clean = bytes.Clone(body)
	tooDeep, next := -1, 0 // where what is too deep begins, and where what comes after a word
	for i, depth := range outsideStrings(body) {
		length := 0
		switch {
		case tooDeep >= 0 && depth == parsedDepth+1 && isClosing(body[i]):
			length = i + 1 - tooDeep
			i, tooDeep = tooDeep, -1
		case tooDeep >= 0:
		case depth > parsedDepth:
			tooDeep = i
		case i >= next:
			length = notNumberLength(body[i:])
			next = i + length
		}
		if length > 0 {
			replaced = append(replaced, replace(clean, i, length))
		}
	}
	return clean, replaced
}

// depth is how deep a text is nested that is JSON, or nearly so.
func depth(text []byte) (deepest int) {
	for _, depth := range outsideStrings(text) {
		deepest = max(deepest, depth)
	}
	return deepest
}

// outsideStrings goes through a text that is JSON, or nearly so, and tells of each byte that is not part of a string how deep it is
// nested; brackets are part of what they are around.
func outsideStrings(text []byte) iter.Seq2[int, int] {
	return func(yield func(at, depth int) bool) {
		for i, depth := 0, 0; i < len(text); i++ {
			c := text[i]
			if c == '"' {
				i += stringLength(text[i:]) - 1
				continue
			}
			if c == '[' || c == '{' {
				depth++
			}
			if !yield(i, depth) {
				return
			}
			if isClosing(c) {
				depth--
			}
		}
	}
}

func isClosing(c byte) bool { return c == ']' || c == '}' }

// replace puts a zero and blanks in the place of a value, so that all others stay where they are.
func replace(body []byte, at, length int) int64 {
	for i := range length {
		body[at+i] = ' '
	}
	body[at] = '0'
	return int64(at)
}

// stringLength is the length of the string that the text begins with; of all of it where the string does not end.
func stringLength(text []byte) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}

func notNumberLength(text []byte) int {
	for _, word := range notNumbers {
		rest, found := bytes.CutPrefix(text, word)
		if found && (len(rest) == 0 || bytes.IndexByte([]byte(",]} \t\r\n"), rest[0]) >= 0) {
			return len(word)
		}
	}
	return 0
}
