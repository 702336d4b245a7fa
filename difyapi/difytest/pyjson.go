package difytest

import (
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// StoredText returns s as Dify stores it inside a JSON string: all of it in
// ASCII, as Python's json.dumps writes it, without the quotes around it. Rows'
// inputs and outputs are made of it.
func StoredText(s string) string {
	quoted := appendString(nil, s)
	return string(quoted[1 : len(quoted)-1])
}

// appendString appends s as Python's json.dumps writes it.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for len(s) > 0 {
		plain := 0
		for plain < len(s) && isPlain(s[plain]) {
			plain++
		}
		dst = append(dst, s[:plain]...)
		if s = s[plain:]; len(s) == 0 {
			break
		}
		r, size := utf8.DecodeRuneInString(s)
		dst = appendEscaped(dst, r)
		s = s[size:]
	}
	return append(dst, '"')
}

// isPlain says whether json.dumps leaves a byte as it is: printable ASCII, and
// not the delete character.
func isPlain(b byte) bool {
	return b >= ' ' && b <= '~' && b != '"' && b != '\\'
}

func appendEscaped(dst []byte, r rune) []byte {
	switch r {
	case '"', '\\':
		return append(dst, '\\', byte(r))
	case '\b':
		return append(dst, `\b`...)
	case '\f':
		return append(dst, `\f`...)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	if high, low := utf16.EncodeRune(r); r > 0xffff {
		return appendUnit(appendUnit(dst, high), low)
	}
	return appendUnit(dst, r)
}

func appendUnit(dst []byte, unit rune) []byte {
	const digits = "0123456789abcdef"
	return append(dst, '\\', 'u', digits[unit>>12&15], digits[unit>>8&15], digits[unit>>4&15], digits[unit&15])
}

// appendFloat appends f as Python writes a float: with a fraction, so that it
// stays one, and with an exponent only far from 1.
func appendFloat(dst []byte, f float64) []byte {
	const smallest, largest = 1e-4, 1e16
	if magnitude := math.Abs(f); f != 0 && (magnitude < smallest || magnitude >= largest) {
		return strconv.AppendFloat(dst, f, 'e', -1, 64)
	}
	dst = strconv.AppendFloat(dst, f, 'f', -1, 64)
	if f == math.Trunc(f) {
		dst = append(dst, ".0"...)
	}
	return dst
}
