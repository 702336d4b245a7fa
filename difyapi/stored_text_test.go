package difyapi_test

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/difygraph/difygraph/difyapi"
)

// The expectations are what Python's json.dumps writes.
func TestStoredText(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"":                 "",
		"plain text / <&":  "plain text / <&",
		"京都":               `\u4eac\u90fd`,
		`say "a\b"`:        `say \"a\\b\"`,
		"\b\f\n\r\t":       `\b\f\n\r\t`,
		"\x00\x1f":         `\u0000\u001f`,
		"~\x7f\u0080":      `~\u007f\u0080`,
		"é":                `\u00e9`,
		"😀":                `\ud83d\ude00`,
		"\uffff\U00010000": `\uffff\ud800\udc00`,
		"bad \xff byte":    `bad \ufffd byte`,
	}
	for text, want := range tests {
		if got := difyapi.StoredText(text); got != want {
			t.Errorf("StoredText(%q) = %s, want %s", text, got, want)
		}
	}
}

func TestStoredTextRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		checkStoredText(t, rapid.String().Draw(t, "text"))
	})
}

func FuzzStoredText(f *testing.F) {
	f.Add("京都 \"x\"\n😀\x7f")
	f.Fuzz(func(t *testing.T, text string) {
		if utf8.ValidString(text) {
			checkStoredText(t, text)
		}
	})
}

// checkStoredText holds that the stored form is ASCII, and the inside of a JSON string that says the same.
func checkStoredText(t interface{ Fatalf(string, ...any) }, text string) {
	stored := difyapi.StoredText(text)
	for _, b := range []byte(stored) {
		if b < ' ' || b > '~' {
			t.Fatalf("StoredText(%q) = %q has the byte %#x", text, stored, b)
		}
	}
	var back string
	if err := json.Unmarshal([]byte(`"`+stored+`"`), &back); err != nil || back != text {
		t.Fatalf("StoredText(%q) = %s reads back as %q (%v)", text, stored, back, err)
	}
}
