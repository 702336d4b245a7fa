package difyapi

import (
	"fmt"
	"strings"
	"unicode/utf16"
)

// KeywordLimit is the number of characters of a keyword that Dify compares; it cuts off the rest in silence. It counts
// characters of the keyword as sent, so those of [StoredText] where that is what is sent.
const KeywordLimit = 30

// StoredText is text as Dify stores it within a run's inputs and outputs: the inside of a JSON string in ASCII, as
// Python's json.dumps writes it. `京都` is stored as `\u4eac\u90fd`, a quote as `\"`. A keyword finds inputs and outputs only
// in this form from Dify 1.11.3 on, and in this form too before. Invalid UTF-8 becomes `\ufffd`.
func StoredText(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	for _, r := range text {
		writeStoredRune(&b, r)
	}
	return b.String()
}

func writeStoredRune(b *strings.Builder, r rune) {
	switch short, ok := storedShortForms[r]; {
	case ok:
		b.WriteString(short)
	case r >= ' ' && r <= '~':
		b.WriteRune(r)
	case r > 0xffff:
		high, low := utf16.EncodeRune(r)
		fmt.Fprintf(b, `\u%04x\u%04x`, high, low)
	default: // DEL, too: json.dumps keeps only the printable ASCII
		fmt.Fprintf(b, `\u%04x`, r)
	}
}

var storedShortForms = map[rune]string{
	'"': `\"`, '\\': `\\`, '\b': `\b`, '\f': `\f`, '\n': `\n`, '\r': `\r`, '\t': `\t`,
}
