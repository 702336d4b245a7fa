package difyapi

import (
	"bytes"
	"errors"
	"iter"

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
