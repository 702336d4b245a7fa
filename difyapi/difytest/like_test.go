package difytest

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCompileLike(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		pattern, text string
		want          bool
	}{
		{`%ell%`, "hello", true},
		{`%ELL%`, "hello", true},
		{`%ell%`, "HELLO", true},
		{`%elk%`, "hello", false},
		{`%h_l%`, "hello", true},
		{`%h%o%`, "hello", true},
		{`%o%h%`, "hello", false},
		{`%h\_l%`, "hello", false},
		{`%h\_l%`, "ah_l", true},
		{`%100\%%`, "100% sure", true},
		{`%100\%%`, "1000 sure", false},
		{`%\\u4eac%`, `\u4EAC`, true},
		{`%\u4eac%`, `\u4eac`, true}, // the backslash is lost, and what follows is there
		{`%`, "", true},
		{`%%`, "", true},
		{`%ä%`, "Ärger", true},
		{`hello`, "hello", true},
		{`hello`, "hello!", false},
	} {
		if got := compileLike(test.pattern).matches(test.text); got != test.want {
			t.Errorf("%q ILIKE %q is %t", test.text, test.pattern, got)
		}
	}
}

// TestLikeAgainstRegexp compares the two ways of matching with a third.
func TestLikeAgainstRegexp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringOfN(rapid.RuneFrom([]rune(`aB%_\ä`)), 0, 6, -1).Draw(t, "pattern")
		text := rapid.StringOfN(rapid.RuneFrom([]rune(`aAbBÄ%_\`)), 0, 8, -1).Draw(t, "text")
		if got, want := compileLike(pattern).matches(text), likeByRegexp(pattern).MatchString(text); got != want {
			t.Fatalf("%q ILIKE %q is %t", text, pattern, got)
		}
	})
}

func likeByRegexp(pattern string) *regexp.Regexp {
	var translated strings.Builder
	escaped := false
	for _, r := range pattern {
		switch {
		case !escaped && r == '\\':
			escaped = true
			continue
		case !escaped && r == '%':
			translated.WriteString(".*")
		case !escaped && r == '_':
			translated.WriteString(".")
		default:
			translated.WriteString(regexp.QuoteMeta(string(r)))
		}
		escaped = false
	}
	return regexp.MustCompile(`(?is)^` + translated.String() + `$`)
}

func TestKeywordPattern(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ version, keyword, want string }{
		{"1.14.2", `50%_\`, `%50\%\_\\%`},
		{"1.14.2", `京`, `%京%`},
		{"1.11.3", `%`, `%\%%`},
		{"1.11.2", `%`, `%%%`},
		{"1.11.2", `京都`, `%\\u4eac\\u90fd%`},
		{"1.10.1", `\u4eac`, `%\\\u4eac%`},
		{"1.10.1", `\"`, `%\\"%`},
		{"1.10.1", "é\n", `%\xe9\n%`},
		{"1.10.1", "🚚", `%\U0001f69a%`},
		{"0.14.0", `京%`, `%京%%`},
	} {
		if got := keywordPattern(parseRelease(test.version), test.keyword); got != test.want {
			t.Errorf("%s: pattern of %q is %q, want %q", test.version, test.keyword, got, test.want)
		}
	}
}
