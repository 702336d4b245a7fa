package difyapi

import (
	"bytes"
	"errors"

	"github.com/go-json-experiment/json/jsontext"
)

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
	clean, depth := bytes.Clone(body), 0
	for i := 0; i < len(clean); {
		length := 1
		switch c := clean[i]; c {
		case '"':
			length = stringLength(clean[i:])
		case '[', '{':
			if depth++; depth > parsedDepth {
				length, depth = nestedLength(clean[i:]), depth-1
				replaced = append(replaced, replace(clean, i, length))
			}
		case ']', '}':
			depth--
		case 'N', 'I', '-':
			if n := notNumberLength(clean[i:]); n > 0 {
				length = n
				replaced = append(replaced, replace(clean, i, length))
			}
		}
		i += length
	}
	return clean, replaced
}

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

// nestedLength is the length of the array or object that the text begins with.
func nestedLength(text []byte) int {
	for i, depth := 0, 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			i += stringLength(text[i:]) - 1
		case '[', '{':
			depth++
		case ']', '}':
			if depth--; depth == 0 {
				return i + 1
			}
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

// depth is how deep a text is nested that is JSON, or nearly so.
func depth(text []byte) (deepest int) {
	for i, depth := 0, 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			i += stringLength(text[i:]) - 1
		case '[', '{':
			depth++
			deepest = max(deepest, depth)
		case ']', '}':
			depth--
		}
	}
	return deepest
}
