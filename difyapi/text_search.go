package difyapi

import (
	"bytes"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// ComparedHead is the longest beginning of a keyword that Dify compares whole: its [StoredText] has at most [KeywordLimit]
// characters, and ends with a whole one. Every text that contains the keyword contains its head.
func ComparedHead(keyword string) string {
	stored := 0
	for i, r := range keyword {
		if stored += len(StoredText(string(r))); stored > KeywordLimit {
			return keyword[:i]
		}
	}
	return keyword
}

// Text is looked for as Dify looks for keywords: anywhere, and case is ignored for ASCII letters alone. Unlike Dify's, it
// may be of any length.
type Text struct{ plain, stored string } // in lower case, the latter as Dify stores it

// NewText takes the text as a person writes it.
func NewText(text string) *Text {
	return &Text{plain: lowerASCII(text), stored: lowerASCII(StoredText(text))}
}

// In tells whether the text occurs in another.
func (t *Text) In(text string) bool {
	return strings.Contains(lowerASCII(text), t.plain)
}

// Has tells whether the text occurs in one of the strings, names included. What is no JSON is looked at as it is.
func (v Variables) Has(t *Text) bool {
	if v.err != nil {
		return t.In(string(v.value)) || strings.Contains(lowerASCII(string(v.value)), t.stored)
	}
	dec := jsontext.NewDecoder(bytes.NewReader(v.value), variablesSyntax)
	for {
		token, err := dec.ReadToken()
		if err != nil {
			return false // the end: that the value is JSON was seen before
		}
		if token.Kind() == jsontext.KindString && t.In(token.String()) {
			return true
		}
	}
}

// StoredIn tells whether the text occurs in another in its stored form, which Dify looks for in session ids, too.
func (t *Text) StoredIn(text string) bool {
	return strings.Contains(lowerASCII(text), t.stored)
}

// Keeps tells whether Dify finds a text of up to [KeywordLimit] characters, as stored, in what it keeps of the variables: anywhere,
// names, numbers and punctuation included.
func (v Variables) Keeps(t *Text) bool { return t.StoredIn(v.kept()) }

// kept is the text that Dify keeps, as Python's json.dumps writes it.
func (v Variables) kept() string {
	text := v.value.Clone()
	if v.err == nil {
		_ = text.Format(variablesSyntax, jsontext.SpaceAfterColon(true), jsontext.SpaceAfterComma(true))
	}
	var b strings.Builder
	b.Grow(len(text))
	for _, r := range string(text) {
		if r > '~' {
			writeStoredRune(&b, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func lowerASCII(text string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, text)
}
