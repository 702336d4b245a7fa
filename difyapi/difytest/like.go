package difytest

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// likePattern is a compiled pattern of SQL's ILIKE.
type likePattern struct {
	tokens []likeToken
	// literal is what a pattern of the form %literal% looks for, in lower case:
	// the usual case, and far cheaper.
	literal   string
	isLiteral bool
}

// likeToken is one character, any one character, or any number of them.
type likeToken struct {
	kind rune // 0, '_' or '%'
	char rune // in lower case, where kind is 0
}

func compileLike(pattern string) likePattern {
	var p likePattern
	escaped := false
	for _, r := range pattern {
		switch {
		case !escaped && r == '\\':
			escaped = true
			continue
		case !escaped && (r == '%' || r == '_'):
			p.tokens = append(p.tokens, likeToken{kind: r})
		default:
			p.tokens = append(p.tokens, likeToken{char: unicode.ToLower(r)})
		}
		escaped = false
	}
	p.literal, p.isLiteral = p.inner()
	return p
}

// inner returns the characters between a leading and a trailing %, if there is
// nothing else.
func (p likePattern) inner() (string, bool) {
	last := len(p.tokens) - 1
	if last < 1 || p.tokens[0].kind != '%' || p.tokens[last].kind != '%' {
		return "", false
	}
	var literal strings.Builder
	for _, token := range p.tokens[1:last] {
		if token.kind != 0 {
			return "", false
		}
		literal.WriteRune(token.char)
	}
	return literal.String(), true
}

func (p likePattern) matches(text string) bool {
	if p.isLiteral {
		return containsFold(text, p.literal)
	}
	return matchLike(p.tokens, []rune(strings.ToLower(text)))
}

// matchLike walks along the text and, where it cannot go on, comes back to the
// latest % and lets it take one character more.
func matchLike(tokens []likeToken, text []rune) bool {
	t, retry, resume := 0, -1, 0
	for i := 0; i < len(text); {
		switch {
		case t < len(tokens) && tokens[t].kind == '%':
			retry, resume = t, i
			t++
		case t < len(tokens) && (tokens[t].kind == '_' || tokens[t].kind == 0 && tokens[t].char == text[i]):
			t++
			i++
		case retry >= 0:
			resume++
			t, i = retry+1, resume
		default:
			return false
		}
	}
	for t < len(tokens) && tokens[t].kind == '%' {
		t++
	}
	return t == len(tokens)
}

// containsFold says whether text has the lower-case part in it, in any case.
// Stored text is ASCII, and is searched without a copy.
func containsFold(text, part string) bool {
	switch {
	case part == "":
		return true
	case !isASCII(text):
		return strings.Contains(strings.ToLower(text), part)
	}
	lower := part[0]
	upper := byte(unicode.ToUpper(rune(lower)))
	for i := 0; i+len(part) <= len(text); i++ {
		// Looking at one character first makes the whole several times as fast.
		if c := text[i]; (c == lower || c == upper) && hasFoldPrefix(text[i:], part) {
			return true
		}
	}
	return false
}

func hasFoldPrefix(text, part string) bool {
	for i := range len(part) {
		c := text[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != part[i] {
			return false
		}
	}
	return true
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
